"""On call: a weekly rota in place of a tick, absences, phones that were verified, and broken promises"""

from datetime import time

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    shifts = op.create_table('weekly_shifts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('layer', sa.String(length=20), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('weekday', sa.Integer(), nullable=False),
    sa.Column('starts', sa.Time(), nullable=False),
    sa.Column('ends', sa.Time(), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('covers',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('layer', sa.String(length=20), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('covers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_covers_until'), ['until'], unique=False)
    op.create_table('absences',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('stand_in_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], ),
    sa.ForeignKeyConstraint(['stand_in_id'], ['staff.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('absences', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_absences_until'), ['until'], unique=False)
    op.create_table('broken_promises',
    sa.Column('promise', sa.String(length=20), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('promise')
    )
    _put_who_was_on_call_on_the_rota(shifts)
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.add_column(sa.Column('team', sa.String(length=60), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('phone_code', sa.String(length=8), nullable=True))
        batch_op.add_column(sa.Column('phone_verified_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_column('on_call')
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.alter_column('team', server_default=None)
    # phones that had alerts so far go on having them
    op.execute("UPDATE staff SET phone_verified_at = CURRENT_TIMESTAMP WHERE phone IS NOT NULL")
    with op.batch_alter_table('flags', schema=None) as batch_op:
        batch_op.add_column(sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True))


def _put_who_was_on_call_on_the_rota(shifts: sa.Table) -> None:
    """Who was ticked as on call was so day and night."""
    ticked = op.get_bind().execute(sa.text("SELECT id FROM staff WHERE on_call")).scalars().all()
    rows = [
        {"layer": "first", "staff_id": staff_id, "weekday": day, "starts": time(0), "ends": time(0)}
        for staff_id in ticked
        for day in range(7)
    ]
    if rows:
        op.bulk_insert(shifts, rows)


def downgrade() -> None:
    with op.batch_alter_table('flags', schema=None) as batch_op:
        batch_op.drop_column('asked_at')
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.add_column(sa.Column('on_call', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.drop_column('phone_verified_at')
        batch_op.drop_column('phone_code')
        batch_op.drop_column('team')
    op.execute("UPDATE staff SET on_call = true WHERE id IN (SELECT staff_id FROM weekly_shifts)")
    op.drop_table('broken_promises')
    op.drop_table('absences')
    op.drop_table('covers')
    op.drop_table('weekly_shifts')
