"""Pressure: how the carrier has been to a sender"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('senders', sa.Column('troubles', sa.Integer(), server_default='0', nullable=False))
    op.add_column('senders', sa.Column('held_until', sa.DateTime(timezone=True), nullable=True))
    op.add_column('senders', sa.Column('trouble_since', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('senders', schema=None) as batch_op:
        for name in ('troubles', 'held_until', 'trouble_since'):
            batch_op.drop_column(name)
