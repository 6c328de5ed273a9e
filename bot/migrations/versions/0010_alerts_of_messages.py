"""Alerts are found by their message: the clock looks at those of failed texts every ten seconds"""

from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_alerts_message_id', 'alerts', ['message_id'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_alerts_message_id', table_name='alerts')
