"""The weekly letter to supervisors: what the week before brought, told without anybody's name or a small number.

It is no text, so it does not go by the outbox: no participant can get one, and nothing in it wants an answer. It is
sent once or not at all. That it goes to somebody is written down before it goes; where the process dies in between, or
the mail server hangs up over it, nobody can tell whether it left, and it is not sent again: the pages say the same.
Where the mail server did not take it, nothing left, and it is tried again until a day has passed.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Protocol

import structlog
from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from bot import pictures
from bot.carrier import OutcomeUnknown, Refused
from bot.carrier.mail import Inlay, Letter
from bot.core.figure import HIDDEN, Cell, Figure, Size, Table
from bot.core.hours import next_open, on_wall_clock, week_of
from bot.cover import rota_gaps
from bot.db import Database, insert_once
from bot.figures import answers, needs, people
from bot.figures.view import TOO_FEW, View
from bot.models import CheckIn, Role, Staff, SummarySent
from bot.people import note
from bot.reports.scope import A_WEEK, Scope
from bot.scene import Talk
from bot.summary_letter import Part, Summary, as_html, as_text

log = structlog.get_logger()

ANSWERS_WEEKS, NEEDS_WEEKS = 12, 8
NO_NEWS_AFTER = timedelta(days=1)
LEFT_OUT = " The picture leaves out what would tell of too few people."
READS_HIGH = (
    "Some check-ins of last week may be answered yet. Answers count at once and silence only when the time is up, so "
    "last week reads high."
)
WAITING = (people.danger_now, people.waiting_now)
COVERED = "At every hour of the coming week somebody who can be alerted is on call."


class Mail(Protocol):
    """What takes letters."""

    def post(self, letter: Letter) -> None:
        """Hand one letter over. Raises Refused or OutcomeUnknown, nothing else."""


def send_due(talk: Talk, mail: Mail | None, now: datetime) -> int:
    """Send the letter about last week to every supervisor who was not sent it, from the first working hour of the week
    on; how many left. Without mail settings none does.
    """
    post = talk.post
    monday = week_of(now, post.settings.zone)
    if mail is None or not _is_time(talk, monday, now):
        return 0
    with post.db.reading() as session:
        readers = _readers(session, monday)
        if not readers or not _has_begun(session, monday):
            return 0
        summary = summary_of(session, talk, monday - A_WEEK, now)
    letter = letter_of(summary, now)
    return sum(_send(post.db, mail, summary.monday, reader, letter, now) for reader in readers)


def _is_time(talk: Talk, monday: date, now: datetime) -> bool:
    rules = talk.post.rules
    opening = next_open(rules.hours, on_wall_clock(monday, time(0), rules.zone), rules.zone)
    return opening <= now < opening + NO_NEWS_AFTER


def _readers(session: Session, monday: date) -> list[Staff]:
    """The supervisors who were not sent it."""
    sent = exists().where(SummarySent.week == monday - A_WEEK, SummarySent.staff_id == Staff.id)
    wanted = select(Staff).where(Staff.active, Staff.role == Role.SUPERVISOR, ~sent)
    return list(session.scalars(wanted.order_by(Staff.id)))


def _has_begun(session: Session, monday: date) -> bool:
    """Whether there is anything to tell: a programme that has asked nobody yet has had no week."""
    return bool(session.scalar(select(exists().where(CheckIn.week < monday))))


def letter_of(summary: Summary, now: datetime) -> Letter:
    """The letter, with its pictures, to nobody yet."""
    inlays = tuple(Inlay(name, png) for name, png in _drawn(summary.figures).items())
    html = as_html(summary, {each.name: f"cid:{each.name}" for each in inlays})
    return Letter("", summary.title, as_text(summary), html, inlays, "", now)


def preview(summary: Summary) -> str:
    """The letter as a page that holds its pictures."""
    drawn = _drawn(summary.figures).items()
    return as_html(summary, {name: f"data:image/png;base64,{b64encode(png).decode()}" for name, png in drawn})


def _drawn(figures: Iterable[Figure]) -> Mapping[str, bytes]:
    """Each picture by its figure's name. One that cannot be drawn is left out: its sentence still stands."""
    found = {}
    for figure in figures:
        try:
            found[figure.name] = pictures.png(figure, Size.PHONE)
        except pictures.PictureError as error:
            log.warning("letter_without_a_picture", why=str(error))
    return found


def _send(db: Database, mail: Mail, week: date, reader: Staff, letter: Letter, now: datetime) -> int:
    """Write down that it goes, then hand it over."""
    with db.writing() as session:
        if not insert_once(session, SummarySent(week=week, staff_id=reader.id)):
            return 0  # another clock is at it
    try:
        mail.post(replace(letter, to=reader.email, token=f"{week:%Y%m%d}-{reader.id}"))
    except Refused:
        log.warning("summary_not_taken", staff=reader.id)
        with db.writing() as session:
            ours = (SummarySent.week == week) & (SummarySent.staff_id == reader.id)
            session.execute(delete(SummarySent).where(ours))
        return 0
    except OutcomeUnknown:
        log.warning("summary_outcome_unknown", staff=reader.id)
    with db.writing() as session:
        note(session, "summary_sent", now, reader.id, detail=f"week of {week}")
    return 1


def summary_of(session: Session, talk: Talk, monday: date, now: datetime) -> Summary:
    """What the letter about the week of this Monday says, with what stands open now."""
    post, zone = talk.post, talk.post.settings.zone
    view = View(now, talk.shelf.flows, post.rules.policy, post.settings.smallest_cell, names=False)
    week = Scope(monday, monday, zone)
    weeks = Scope(monday - (ANSWERS_WEEKS - 1) * A_WEEK, monday, zone)
    parts = (
        _answered(answers.by_week(session, weeks, view), _may_be_answered_yet(session, monday)),
        _needs(needs.by_week(session, Scope(monday - (NEEDS_WEEKS - 1) * A_WEEK, monday, zone), view)),
        _told(people.danger(session, week, view)),
        Part("Who waits now", tuple(make(session, week, view).says for make in WAITING)),
        _told(people.lost(session, week, view)),
        Part("On call in the coming week", rota_gaps(session, post.settings, post.rules, now, A_WEEK) or (COVERED,)),
    )
    return Summary(post.settings.programme, monday, parts, f"{post.settings.public_url}/rates", view.smallest)


def _may_be_answered_yet(session: Session, monday: date) -> bool:
    return bool(session.scalar(select(exists().where(CheckIn.week == monday, CheckIn.ended_at.is_(None)))))


def _told(figure: Figure) -> Part:
    return Part(figure.title, (_says(figure),))


def _says(figure: Figure) -> str:
    """Its sentence, without what that says of its picture: the letter may be read without any."""
    return figure.says.replace(LEFT_OUT, "").replace(answers.CROSSED, "")


def _answered(figure: Figure, may_rise: bool) -> Part:
    """The last week and the one before, each with its interval; the others are in the picture.

    A check-in of Sunday has its answer or may get it yet, but no silence so far: the last week reads high.
    """
    place = {name: figure.table.columns.index(name) for name in ("Counted", "%", "from %", "to %")}
    before, last = ([row[each] for each in place.values()] for row in figure.table.rows[-2:])
    rates = f"Last week {_rate(*last)}; the week before, {_rate(*before)}."
    caution = (READS_HIGH,) if may_rise else ()
    return Part(figure.title, (rates, *caution, _says(figure)), picture=figure)


def _rate(counted: Cell, percent: Cell, low: Cell, high: Cell) -> str:
    if isinstance(percent, int | float) and isinstance(low, int | float) and isinstance(high, int | float):
        return f"{percent:.0f} % answered ({low:.0f} to {high:.0f}, n = {counted})"
    said = {TOO_FEW: "too few check-ins counted to say", HIDDEN: "the share is hidden"}
    return said.get(str(percent), "no check-in counted")


def _needs(figure: Figure) -> Part:
    """The last week and the one before by kind; the weeks before are in the picture."""
    before, last = figure.table.rows[-2:]
    each = zip(figure.table.columns[1:], before[1:], last[1:], strict=True)
    rows = tuple((name, *map(_count, counts)) for name, *counts in each)
    weeks = (f"Week of {row[0]:%b} {row[0].day}" for row in (before, last) if isinstance(row[0], date))
    return Part(figure.title, (_says(figure),), Table(("Kind", *weeks), rows) if len(rows) > 1 else None, figure)


def _count(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
