"""What starting many check-ins at once spent its time on

Plans that are due at one moment are found in order: all had to be sorted for each batch of them. A new one without
values keeps none: to decrypt an empty set took longer than to read the rest (old ones keep theirs). Indexes of texts and check-ins keep together what
begins together: by address, texts of one batch lay all over, and each page of an index is written whole.
"""

import sqlalchemy as sa
from alembic import op

from bot.columns import sealer  # for an empty set, encrypted: only the keys can make one

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


INDEXES = (
    ('plans_due', 'plans'), ('by_address', 'messages'), ('in_line', 'messages'), ('figures_of_week', 'check_ins')
)  # fmt: skip
UNDERWAY = "status IN ('waiting', 'handing_over')"
FIGURES = ('cohort', 'team', 'caseworker_id', 'channel', 'language', 'local_hour', 'waited_min', 'first_status', 'answer',
           'outcome')


def upgrade() -> None:
    for name, table in INDEXES:
        op.drop_index(name, table_name=table)
    with op.batch_alter_table('plans') as batch_op:
        batch_op.alter_column('given', existing_type=sa.Text(), nullable=True)
    _index('plans_due', 'plans', ['next_check_in_at', 'id'], 'next_check_in_at IS NOT NULL')
    _index('by_address', 'messages', ['other_hash', 'at'], 'participant_id IS NULL')
    _index('in_line', 'messages', ['participant_id', 'id'], f'participant_id IS NOT NULL AND {UNDERWAY}')
    _index('others_in_line', 'messages', ['other_hash', 'id'], f'participant_id IS NULL AND {UNDERWAY}')
    _index('to_handle_in_order', 'messages', ['other_hash', 'id'], "direction = 'in' AND handled_at IS NULL")
    op.create_index('figures_of_week', 'check_ins', ['week', 'flow_name', 'id', *FIGURES])


def downgrade() -> None:
    plans = sa.table('plans', sa.column('given', sa.Text()))
    op.execute(plans.update().where(plans.c.given.is_(None)).values(given=str(sealer()('{}'))))
    for name, table in (*INDEXES, ('others_in_line', 'messages'), ('to_handle_in_order', 'messages')):
        op.drop_index(name, table_name=table)
    with op.batch_alter_table('plans') as batch_op:
        batch_op.alter_column('given', existing_type=sa.Text(), nullable=False)
    _index('plans_due', 'plans', ['next_check_in_at'], 'next_check_in_at IS NOT NULL')
    op.create_index('by_address', 'messages', ['other_hash', 'at'])
    _index('in_line', 'messages', ['other_hash', 'id'], UNDERWAY)
    op.create_index('figures_of_week', 'check_ins', ['week', 'flow_name', *FIGURES, 'id'])


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
