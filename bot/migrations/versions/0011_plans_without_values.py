"""A plan without values keeps none: to decrypt an empty set takes longer than to read the rest of the plan"""

import sqlalchemy as sa
from alembic import op

from bot.db import SealedJson

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('plans') as batch_op:
        batch_op.alter_column('given', existing_type=sa.Text(), nullable=True)


def downgrade() -> None:
    plans = sa.table('plans', sa.column('given', SealedJson()))
    op.execute(plans.update().where(plans.c.given.is_(None)).values(given={}))
    with op.batch_alter_table('plans') as batch_op:
        batch_op.alter_column('given', existing_type=sa.Text(), nullable=False)
