"""Counts: of weeks that are over for good, and indexes of what the clock looks for"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

FIGURES_BY = ('cohort', 'caseworker_id', 'channel', 'language', 'local_hour', 'waited_min')
STATE = ('first_status', 'answer', 'outcome')
OF_WEEK = ['week', 'flow_name', 'cohort', 'team', 'caseworker_id', *FIGURES_BY[2:], *STATE, 'id']
FAILED = sa.text("status IN ('refused', 'failed', 'undelivered', 'unknown')")
UNDERWAY = sa.text("status IN ('waiting', 'handing_over')")
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
    for name in FIGURES_BY:
        op.drop_index(f'figures_by_{name}', table_name='check_ins')
    op.create_index('figures_of_week', 'check_ins', OF_WEEK, unique=False)
    op.drop_index('to_send', table_name='messages')
    op.create_index('to_send', 'messages', ['priority', 'send_after', 'id'], unique=False, sqlite_where=UNDERWAY, postgresql_where=UNDERWAY)
    op.create_index('in_line', 'messages', ['other_hash', 'id'], unique=False, sqlite_where=UNDERWAY, postgresql_where=UNDERWAY)
    op.execute(f'UPDATE messages SET handed_over_at = at WHERE {FAILED} AND handed_over_at IS NULL')
    op.create_index('failed_lately', 'messages', ['handed_over_at'], unique=False, sqlite_where=FAILED, postgresql_where=FAILED)
    op.create_index('ix_alerts_at', 'alerts', ['at'], unique=False)
    op.create_index('ix_flags_participant_id', 'flags', ['participant_id'], unique=False)
    op.create_index('without_end', 'messages', ['sent_at'], unique=False, sqlite_where=WITHOUT_END, postgresql_where=WITHOUT_END)


def downgrade() -> None:
    op.drop_index('without_end', table_name='messages')
    op.drop_index('ix_flags_participant_id', table_name='flags')
    op.drop_index('ix_alerts_at', table_name='alerts')
    op.drop_index('failed_lately', table_name='messages')
    op.drop_index('in_line', table_name='messages')
    op.drop_index('to_send', table_name='messages')
    op.create_index('to_send', 'messages', ['priority', 'send_after'], unique=False, sqlite_where=UNDERWAY, postgresql_where=UNDERWAY)
    op.drop_index('figures_of_week', table_name='check_ins')
    for name in FIGURES_BY:
        op.create_index(f'figures_by_{name}', 'check_ins', ['week', 'flow_name', name, *STATE], unique=False)
    op.drop_table('week_counts')
