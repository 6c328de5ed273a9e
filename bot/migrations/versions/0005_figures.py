"""Figures: what reports count is kept where it is made"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import context, op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

BATCH = 5000
NARROWED_BY = ('flow_name', 'cohort', 'team', 'caseworker_id')
FIGURES_BY = ('cohort', 'caseworker_id', 'channel', 'language', 'local_hour', 'waited_min')
STATE = ('first_status', 'answer', 'outcome')
OPENS = ('flag_urgent_again', 'flag_reopened', 'flag_opened_again')
CLOSES = ('flag_taken', 'flag_resolved')
INSTANT = sa.DateTime(timezone=True)
check_ins = sa.table('check_ins', *(sa.column(name) for name in ('id', 'participant_id', 'channel', 'cohort', 'team', 'language', 'caseworker_id', 'first_status', 'local_hour', 'answer', 'waited_min')),
    *(sa.column(name, INSTANT) for name in ('started_at', 'ended_at', 'asked_at', 'answered_at')), sa.column('week', sa.Date()))
flags = sa.table('flags', *(sa.column(name) for name in ('id', 'participant_id', 'urgency', 'cohort', 'team', 'caseworker_id', 'check_in_id')),
    *(sa.column(name, INSTANT) for name in ('raised_at', 'taken_at', 'resolved_at', 'first_taken_at')), sa.column('week', sa.Date()), sa.column('check_in_week', sa.Date()))
messages = sa.table('messages', *(sa.column(name) for name in ('id', 'check_in_id', 'direction', 'status', 'channel')), sa.column('sent_at', INSTANT))
participants = sa.table('participants', *(sa.column(name) for name in ('id', 'zone', 'language', 'cohort', 'caseworker_id')))
staff = sa.table('staff', sa.column('id'), sa.column('team'))
addresses = sa.table('addresses', sa.column('id'), sa.column('participant_id'), sa.column('channel'))
handovers = sa.table('handovers', sa.column('id'), sa.column('participant_id'), sa.column('from_id'), sa.column('at', INSTANT))
events = sa.table('events', sa.column('id'), sa.column('flag_id'), sa.column('what'), sa.column('at', INSTANT))
dangers = sa.table('dangers', sa.column('flag_id'), sa.column('since', INSTANT), sa.column('taken_at', INSTANT))


def upgrade() -> None:
    _make_tables()
    _add_columns()
    _fill_check_ins()
    _fill_flags()
    _fill_dangers()
    _drop_stopgaps()
    _make_indexes()


def _make_tables() -> None:
    op.create_table('assignments',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('participant_id', sa.Integer(), nullable=False),
    sa.Column('flow_name', sa.String(length=60), nullable=False),
    sa.Column('state', sa.String(length=60), nullable=False),
    sa.Column('variant', sa.String(length=60), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('flow_version', sa.String(length=16), nullable=False),
    sa.Column('check_in_id', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=True),
    sa.Column('answer', sa.String(length=20), nullable=True),
    sa.ForeignKeyConstraint(['check_in_id'], ['check_ins.id'], ),
    sa.ForeignKeyConstraint(['flow_version'], ['flow_versions.version'], ),
    sa.ForeignKeyConstraint(['message_id'], ['messages.id'], ),
    sa.ForeignKeyConstraint(['participant_id'], ['participants.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('one_wording_a_state', 'assignments', ['participant_id', 'flow_name', 'state'], unique=True)
    op.create_index('wordings_in_order', 'assignments', ['flow_name', 'state', 'variant', 'id', 'flow_version'], unique=False)
    op.create_table('exports',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('parameters', sa.JSON(), nullable=False),
    sa.Column('checksum', sa.String(length=64), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_exports_at', 'exports', ['at'], unique=False)
    op.create_table('summaries_sent',
    sa.Column('week', sa.Date(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], ),
    sa.PrimaryKeyConstraint('week', 'staff_id')
    )
    op.create_table('dangers',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('flag_id', sa.Integer(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['flag_id'], ['flags.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_dangers_flag_id', 'dangers', ['flag_id'], unique=False)
    op.create_index('ix_dangers_since', 'dangers', ['since'], unique=False)


def _counted() -> list[sa.Column[Any]]:
    """What a row has to have is empty until it is filled below."""
    return [
        sa.Column('week', sa.Date(), nullable=False, server_default='1970-01-05'),
        sa.Column('cohort', sa.String(length=60), nullable=False, server_default=''),
        sa.Column('team', sa.String(length=60), nullable=False, server_default=''),
        sa.Column('caseworker_id', sa.Integer(), nullable=True),
    ]


def _add_columns() -> None:
    with op.batch_alter_table('check_ins', schema=None) as batch_op:
        for column in _counted():
            batch_op.add_column(column)
        batch_op.add_column(sa.Column('channel', sa.String(length=20), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('language', sa.String(length=20), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('first_status', sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('local_hour', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('answer', sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column('waited_min', sa.Integer(), nullable=True))
    with op.batch_alter_table('flags', schema=None) as batch_op:
        for column in _counted():
            batch_op.add_column(column)
        batch_op.add_column(sa.Column('first_taken_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('check_in_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('check_in_week', sa.Date(), nullable=True))


def _fill_check_ins() -> None:
    """Their first text says where it stands, when it left and how; the rest is what is known of the person today."""
    def first(column: str) -> sa.ScalarSelect[Any]:
        its_own = (messages.c.check_in_id == check_ins.c.id) & (messages.c.direction == 'out')
        return sa.select(messages.c[column]).where(its_own).order_by(messages.c.id).limit(1).scalar_subquery()

    usual = sa.select(addresses.c.channel).where(addresses.c.participant_id == check_ins.c.participant_id)
    of_person = participants.c.id == check_ins.c.participant_id
    op.execute(sa.update(check_ins).values(
        first_status=first('status'),
        asked_at=first('sent_at'),
        channel=sa.func.coalesce(first('channel'), usual.order_by(addresses.c.id).limit(1).scalar_subquery(), ''),
        language=sa.select(participants.c.language).where(of_person).scalar_subquery(),
        answer=sa.case((check_ins.c.answered_at.is_not(None), 'in_time')),
        **_of_that_time(check_ins, check_ins.c.started_at),
    ))
    _set_team(check_ins)
    for rows in _batches(check_ins, 'started_at', 'asked_at', 'answered_at', 'ended_at'):
        _set_all(check_ins, ('week', 'local_hour', 'waited_min'), [
            (row.id, _monday(row.started_at), _hour_of_week(row.asked_at, row.zone), _waited_min(row)) for row in rows
        ])


def _fill_flags() -> None:
    runs = (check_ins.c.participant_id == flags.c.participant_id) & (check_ins.c.started_at <= flags.c.raised_at)
    runs &= check_ins.c.ended_at.is_(None) | (check_ins.c.ended_at >= flags.c.raised_at)
    during = sa.select(check_ins.c.id).where(runs).order_by(check_ins.c.started_at.desc()).limit(1)
    taken = sa.select(sa.func.min(events.c.at)).where(events.c.flag_id == flags.c.id)
    taken = taken.where(events.c.what.in_(('flag_taken', 'flag_resolved')))
    op.execute(sa.update(flags).values(
        first_taken_at=sa.func.coalesce(taken.scalar_subquery(), flags.c.taken_at, flags.c.resolved_at),
        check_in_id=during.scalar_subquery(),
        **_of_that_time(flags, flags.c.raised_at),
    ))
    week = sa.select(check_ins.c.week).where(check_ins.c.id == flags.c.check_in_id).scalar_subquery()
    op.execute(sa.update(flags).values(check_in_week=week))
    _set_team(flags)
    for rows in _batches(flags, 'raised_at'):
        _set_all(flags, ('week',), [(row.id, _monday(row.raised_at)) for row in rows])


def _of_that_time(table: sa.TableClause, at: sa.ColumnClause[Any]) -> dict[str, sa.ColumnElement[Any]]:
    """Whose the person was then: whom the next handover took them from, else who looks after them today."""
    later = sa.select(handovers.c.from_id).where(handovers.c.participant_id == table.c.participant_id, handovers.c.at > at)
    was_handed_over = sa.exists().where(handovers.c.participant_id == table.c.participant_id, handovers.c.at > at)
    before = later.order_by(handovers.c.at, handovers.c.id).limit(1).scalar_subquery()
    of_person = participants.c.id == table.c.participant_id
    today = sa.select(participants.c.caseworker_id).where(of_person).scalar_subquery()
    cohort = sa.select(participants.c.cohort).where(of_person).scalar_subquery()
    return {
        'caseworker_id': sa.case((was_handed_over, before), else_=today),
        'cohort': sa.func.coalesce(cohort, ''),
    }


def _set_team(table: sa.TableClause) -> None:
    team = sa.select(staff.c.team).where(staff.c.id == table.c.caseworker_id).scalar_subquery()
    op.execute(sa.update(table).values(team=sa.func.coalesce(team, '')))


def _batches(table: sa.TableClause, *instants: str) -> Iterator[list[Any]]:
    """Every row with its instants and the person's zone, some thousands at a time."""
    wanted = sa.select(table.c.id, participants.c.zone, *(table.c[name] for name in instants)).select_from(
        table.outerjoin(participants, participants.c.id == table.c.participant_id)
    )
    last = 0
    while rows := list(op.get_bind().execute(wanted.where(table.c.id > last).order_by(table.c.id).limit(BATCH))):
        yield rows
        last = rows[-1].id


def _set_all(table: sa.TableClause, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    change = sa.update(table).where(table.c.id == sa.bindparam('row_id'))
    change = change.values({name: sa.bindparam(f'new_{name}', type_=table.c[name].type) for name in names})
    keys = ('row_id', *(f'new_{name}' for name in names))
    op.get_bind().execute(change, [dict(zip(keys, row, strict=True)) for row in rows])


def _monday(at: datetime) -> date:
    """The Monday of its week in the programme's zone."""
    day = _in_zone(at, context.config.attributes['zone']).date()
    return day - timedelta(days=day.weekday())


def _hour_of_week(at: datetime | None, zone: str) -> int | None:
    local = _in_zone(at, zone) if at else None
    return local.weekday() * 24 + local.hour if local else None


def _waited_min(row: Any) -> int | None:
    until = row.answered_at or row.ended_at
    return max(0, int((until - row.asked_at).total_seconds() // 60)) if until and row.asked_at else None


def _in_zone(at: datetime, zone: str) -> datetime:
    """SQLite keeps UTC without saying so."""
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo('UTC'))).astimezone(ZoneInfo(zone))


def _fill_dangers() -> None:
    """Each time that a *now* flag came to stand open, and the first taking or closing after it."""
    urgent = sa.select(flags.c.id, flags.c.raised_at).where(flags.c.urgency == 'now')
    known = sa.select(events.c.flag_id, events.c.what, events.c.at).order_by(events.c.flag_id, events.c.id)
    told: dict[int, list[tuple[str, datetime]]] = {}
    for row in op.get_bind().execute(known.where(events.c.what.in_((*OPENS, *CLOSES)))):
        told.setdefault(row.flag_id, []).append((row.what, row.at))
    found = []
    for flag in op.get_bind().execute(urgent.order_by(flags.c.id)):
        stood = _stood_open(flag.raised_at, told.get(flag.id, []))
        found += [{'flag_id': flag.id, 'since': since, 'taken_at': taken_at} for since, taken_at in stood]
    if found:
        op.bulk_insert(dangers, found)


def _stood_open(raised_at: datetime, told: list[tuple[str, datetime]]) -> list[list[Any]]:
    """From when until when it waited for a person. Where the first that is told of it is that it became urgent, it was
    raised as something that could wait.
    """
    began_later = bool(told) and told[0][0] == 'flag_urgent_again'
    stood: list[list[Any]] = [] if began_later else [[raised_at, None]]
    for what, at in told:
        is_open = bool(stood) and stood[-1][1] is None
        if what in OPENS and not is_open:
            stood.append([at, None])
        elif what in CLOSES and is_open:
            stood[-1][1] = at
    return stood


def _drop_stopgaps() -> None:
    with op.batch_alter_table('check_ins', schema=None) as batch_op:
        for name in ('week', 'cohort', 'team', 'channel', 'language'):
            batch_op.alter_column(name, server_default=None)
        batch_op.create_foreign_key('check_in_of_a_caseworker', 'staff', ['caseworker_id'], ['id'])
    with op.batch_alter_table('flags', schema=None) as batch_op:
        for name in ('week', 'cohort', 'team'):
            batch_op.alter_column(name, server_default=None)
        batch_op.create_foreign_key('flag_of_a_caseworker', 'staff', ['caseworker_id'], ['id'])
        batch_op.create_foreign_key('flag_raised_in', 'check_ins', ['check_in_id'], ['id'])


def _make_indexes() -> None:
    for name in FIGURES_BY:
        op.create_index(f'figures_by_{name}', 'check_ins', ['week', 'flow_name', name, *STATE], unique=False)
    for name in NARROWED_BY[1:]:
        columns = list(dict.fromkeys((name, 'week', *NARROWED_BY, *FIGURES_BY, *STATE)))
        op.create_index(f'figures_of_{name}', 'check_ins', columns, unique=False)
    _make_partial_index('figures_of_running', 'check_ins', ['week', 'asked_at'], 'ended_at IS NULL')
    op.create_index('flags_by_week', 'flags', ['week', 'kind', 'cohort', 'team', 'caseworker_id', 'check_in_id'], unique=False)
    op.create_index('flags_of_check_ins', 'flags', ['check_in_week', 'kind', 'check_in_id', 'state', 'first_taken_at'], unique=False)
    _make_partial_index('dangers_waiting', 'dangers', ['since'], 'taken_at IS NULL')
    _make_partial_index('opt_outs_by_time', 'events', ['at'], "what = 'opted_out'")
    _make_partial_index('participants_waiting', 'participants', ['waits_since'], 'waits_since IS NOT NULL')


def _make_partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    names = [*(f'by_{name}' for name in FIGURES_BY), *(f'of_{name}' for name in NARROWED_BY[1:]), 'of_running']
    for name in names:
        op.drop_index(f'figures_{name}', 'check_ins')
    for name, table in (('flags_by_week', 'flags'), ('flags_of_check_ins', 'flags'), ('opt_outs_by_time', 'events'), ('participants_waiting', 'participants')):
        op.drop_index(name, table)
    with op.batch_alter_table('flags', schema=None) as batch_op:
        batch_op.drop_constraint('flag_raised_in', type_='foreignkey')
        batch_op.drop_constraint('flag_of_a_caseworker', type_='foreignkey')
        for name in ('check_in_week', 'check_in_id', 'first_taken_at', 'caseworker_id', 'team', 'cohort', 'week'):
            batch_op.drop_column(name)
    with op.batch_alter_table('check_ins', schema=None) as batch_op:
        batch_op.drop_constraint('check_in_of_a_caseworker', type_='foreignkey')
        for name in ('waited_min', 'answer', 'local_hour', 'asked_at', 'first_status', 'language', 'channel', 'caseworker_id', 'team', 'cohort', 'week'):
            batch_op.drop_column(name)
    for name in ('dangers', 'summaries_sent', 'exports', 'assignments'):
        op.drop_table(name)
