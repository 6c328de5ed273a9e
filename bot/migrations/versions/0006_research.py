"""Research: study ids that are kept, and exports taken on the machine itself"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('study_ids',
    sa.Column('participant_id', sa.Integer(), nullable=False),
    sa.Column('study_id', sa.Text(), nullable=False),
    sa.Column('shift_days', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['participant_id'], ['participants.id'], ),
    sa.PrimaryKeyConstraint('participant_id')
    )
    with op.batch_alter_table('exports', schema=None) as batch_op:
        batch_op.alter_column('staff_id', existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    op.execute(sa.text('DELETE FROM exports WHERE staff_id IS NULL'))
    with op.batch_alter_table('exports', schema=None) as batch_op:
        batch_op.alter_column('staff_id', existing_type=sa.Integer(), nullable=False)
    op.drop_table('study_ids')
