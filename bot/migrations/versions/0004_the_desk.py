"""The desk: who waits and who talks, notes, handovers, openings, the directory, texts to many"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('services',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('needs', sa.JSON(), nullable=False),
    sa.Column('contact', sa.String(length=300), nullable=False),
    sa.Column('area', sa.String(length=200), nullable=False),
    sa.Column('hours', sa.String(length=300), nullable=False),
    sa.Column('languages', sa.String(length=200), nullable=False),
    sa.Column('source_id', sa.String(length=100), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('source_id')
    )
    op.create_table('mass_texts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=32), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('bodies', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('stopped_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('key')
    )
    _of_a_participant('handovers',
    sa.Column('from_id', sa.Integer(), nullable=True),
    sa.Column('to_id', sa.Integer(), nullable=True),
    sa.Column('by_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    *(sa.ForeignKeyConstraint([column], ['staff.id'], ) for column in ('from_id', 'to_id', 'by_id'))
    )
    _of_a_participant('notes',
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], )
    )
    _of_a_participant('openings',
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], )
    )
    with op.batch_alter_table('participants', schema=None) as batch_op:
        batch_op.add_column(sa.Column('waits_since', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('talk_until', sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table('replies', schema=None) as batch_op:
        batch_op.add_column(sa.Column('message_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key('reply_in_a_message', 'messages', ['message_id'], ['id'])
        batch_op.create_index(batch_op.f('ix_replies_message_id'), ['message_id'], unique=False)
    with op.batch_alter_table('messages', schema=None) as batch_op:
        batch_op.add_column(sa.Column('not_before', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('anyway', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('mass_text_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key('message_of_a_mass_text', 'mass_texts', ['mass_text_id'], ['id'])
        batch_op.create_index(batch_op.f('ix_messages_mass_text_id'), ['mass_text_id'], unique=False)
    with op.batch_alter_table('flags', schema=None) as batch_op:
        batch_op.add_column(sa.Column('service_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key('flag_referred_to', 'services', ['service_id'], ['id'])


def _of_a_participant(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(name,
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('participant_id', sa.Integer(), nullable=False),
    *columns,
    sa.ForeignKeyConstraint(['participant_id'], ['participants.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table(name, schema=None) as batch_op:
        batch_op.create_index(batch_op.f(f'ix_{name}_participant_id'), ['participant_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('flags', schema=None) as batch_op:
        batch_op.drop_constraint('flag_referred_to', type_='foreignkey')
        batch_op.drop_column('service_id')
    with op.batch_alter_table('messages', schema=None) as batch_op:
        batch_op.drop_constraint('message_of_a_mass_text', type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_messages_mass_text_id'))
        batch_op.drop_column('mass_text_id')
        batch_op.drop_column('anyway')
        batch_op.drop_column('not_before')
    with op.batch_alter_table('replies', schema=None) as batch_op:
        batch_op.drop_constraint('reply_in_a_message', type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_replies_message_id'))
        batch_op.drop_column('message_id')
    with op.batch_alter_table('participants', schema=None) as batch_op:
        batch_op.drop_column('talk_until')
        batch_op.drop_column('waits_since')
    for name in ('openings', 'notes', 'handovers', 'mass_texts', 'services'):
        op.drop_table(name)
