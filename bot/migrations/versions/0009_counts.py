"""Counts: of weeks that are over for good, and indexes of what the clock looks for"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

FAILED = sa.text("status IN ('refused', 'failed', 'undelivered', 'unknown')")
WITHOUT_END = sa.text("status IN ('taken', 'sent')")


def upgrade() -> None:
    op.create_table('week_counts',
    sa.Column('by', sa.String(length=20), nullable=False),
    sa.Column('week', sa.Date(), nullable=False),
    sa.Column('flow_name', sa.String(length=60), nullable=False),
    sa.Column('parts', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('by', 'week', 'flow_name')
    )
    op.create_index('counts_of_week', 'week_counts', ['week'], unique=False)
    op.create_index('failed_lately', 'messages', [sa.text('coalesce(handed_over_at, at)')], unique=False, sqlite_where=FAILED, postgresql_where=FAILED)
    op.create_index('without_end', 'messages', ['sent_at'], unique=False, sqlite_where=WITHOUT_END, postgresql_where=WITHOUT_END)


def downgrade() -> None:
    op.drop_index('without_end', table_name='messages')
    op.drop_index('failed_lately', table_name='messages')
    op.drop_table('week_counts')
