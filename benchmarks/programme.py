"""A believable programme of any size, made from a seed: `python -m benchmarks.programme URL --participants 20000`.

Everything in it is invented. What is said was said by the machine itself (benchmarks/talks.py), what figures count is
kept as Standby keeps it, and rows lie in the order in which weeks went by, as in a database that grew.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count
from zoneinfo import ZoneInfo

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from benchmarks.needs import Office
from benchmarks.people import ZONE, Crew, Person, due_after, enrol, hire, leave_as_they_stand, number, rhythm
from benchmarks.rows import EventRow, HandoverRow, PlanRow
from benchmarks.store import Book, in_haste, seal, seal_json, settle
from benchmarks.talking import OUT_OF_THE_BLUE, PAUSES, Due, Stage
from benchmarks.talks import Scripts, all_scripts
from bot.config import ROOT
from bot.core.escalation import Rules
from bot.core.hours import SENDING_HOURS, is_open, next_open
from bot.core.kinds import FlagKind
from bot.db import Database
from bot.flows import LiveShelf
from bot.migrations import migrate
from bot.models import Beat, FlowVersion, Participant, Service
from scheduler import JOBS

DATA_KEY = "bm90aGluZyByZWFsIGlzIHNlYWxlZCBieSB0aGlzISE="  # open to all: what it seals is invented
UNTIL = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
PARTICIPANTS, WEEKS, CASEWORKERS, SEED = 20_000, 104, 200, 1
THERE_AT_THE_START = 0.1
HANDOVERS = 0.0008  # of each check-in: a caseworker leaves, somebody else takes over
STRANGERS = 1 / 2500  # for each participant and week
PEOPLE_AT_ONCE = 10_000


@dataclass(frozen=True)
class Size:
    """How big a programme. `history`: only the last weeks of it are written down, all of them played alike."""

    participants: int = PARTICIPANTS
    weeks: int = WEEKS
    caseworkers: int = CASEWORKERS
    history: int | None = None
    seed: int = SEED
    until: datetime = UNTIL

    @property
    def since(self) -> datetime:
        """Midnight of a Monday in the programme's zone, so that every week is a whole one but the last."""
        local = self.until.astimezone(ZoneInfo(ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
        monday = local - timedelta(days=local.weekday()) - timedelta(weeks=self.weeks - 1)
        return monday.astimezone(UTC)


@dataclass
class Programme:
    """Plays the weeks. `due` is a heap of what lies ahead, by instant."""

    size: Size
    book: Book
    chance: random.Random
    crew: Crew
    stage: Stage
    people: dict[int, Person] = field(default_factory=dict)
    due: list[tuple[datetime, int, Due]] = field(default_factory=list)
    turns: "count[int]" = field(default_factory=count)
    ends_at: datetime = datetime.min.replace(tzinfo=UTC)

    def ahead(self, due: Due) -> None:
        heappush(self.due, (due.at, next(self.turns), due))

    def after_help(self, person: Person, at: datetime, flag_id: int, need: FlagKind) -> None:
        """Not before the next week: by then the flag is written, and rows may point at it."""
        self.ahead(Due(max(at, self.ends_at), person, "after_help", flag_id, need))

    def play(self) -> Iterator[int]:
        """Week after week, each written down in one transaction."""
        joining = iter(self.joining())
        coming = next(joining, None)
        kept = self.size.history or self.size.weeks
        for week in range(self.size.weeks):
            self.ends_at = min(self.size.since + timedelta(weeks=week + 1), self.size.until)
            while coming is not None and coming < self.ends_at:
                self._enrol(coming)
                coming = next(joining, None)
            self._play_until(self.ends_at)
            self._strangers(self.ends_at)
            if week < self.size.weeks - kept:
                self.book.forget_history()
            self._next_week(week)
            self.book.write()
            yield week

    def _next_week(self, week: int) -> None:
        first_kept = self.size.weeks - (self.size.history or self.size.weeks)
        self.stage.office.next_batch(next(self.stage.office.flag_ids) + 1 if week + 1 == first_kept else None)

    def joining(self) -> list[datetime]:
        """When people come in, in order: some at the start, the others over the weeks."""
        chance, length = self.chance, self.size.until - self.size.since
        first = int(self.size.participants * THERE_AT_THE_START)
        shares = [chance.random() * 0.01 for _ in range(first)]
        shares += [chance.random() * 0.995 for _ in range(self.size.participants - first)]
        return sorted((self.size.since + share * length).replace(microsecond=0) for share in shares)

    def _enrol(self, at: datetime) -> None:
        person = enrol(self.book, self.chance, len(self.people) + 1, self.crew, at)
        self.people[person.id] = person
        assert person.next_due is not None
        self.ahead(Due(person.next_due, person, "welcome"))

    def _play_until(self, ends_at: datetime) -> None:
        while self.due and self.due[0][0] < ends_at:
            _, _, due = heappop(self.due)
            if self._may_start(due):
                self._start(due)

    def _may_start(self, due: Due) -> bool:
        """Who cannot be asked now is asked when that is over; who opted out, is paused or out of reach, not at all."""
        person = due.person
        if due.flow == "start":
            self.stage.starts_again(person, due.at)
            return False
        if due.flow in ("weekly", "welcome") and not due.put_off:
            self._plan_the_next(due)
        if person.bad_until is not None and due.at >= person.bad_until:
            person.bad_until, person.reachable = None, True
        paused = person.paused_until is not None and person.paused_until > due.at
        if person.gone or paused or not person.reachable:
            return False
        danger_until = self.stage.office.danger_until(person) or due.at
        later = max(person.free_at, danger_until)
        if later > due.at:
            self._again(due, due_after(person, later))
            return False
        if not is_open(SENDING_HOURS, due.at, person.zone):
            self._again(due, next_open(SENDING_HOURS, due.at, person.zone))
            return False
        return True

    def _again(self, due: Due, at: datetime) -> None:
        """Not now; but what comes again next week anyway need not wait for itself."""
        if due.flow != "weekly" or at < (due.person.next_due or at):
            self.ahead(replace(due, at=at, put_off=True))

    def _plan_the_next(self, due: Due) -> None:
        person = due.person
        person.next_due = due_after(person, due.at, days=rhythm(person, due.at))
        self.ahead(Due(person.next_due, person, "weekly"))

    def _start(self, due: Due) -> None:
        chance, person = self.chance, due.person
        if chance.random() < HANDOVERS:
            self._hand_over(person, due.at - timedelta(hours=1))
        if chance.random() < PAUSES:
            person.paused_until = due.at + timedelta(days=chance.randrange(7, 29))
            self.book.add(EventRow(due.at, "paused", person.worker.id, person.id))
            return
        self.stage.play(due)
        if chance.random() < OUT_OF_THE_BLUE:
            self.stage.out_of_the_blue(person)

    def _hand_over(self, person: Person, at: datetime) -> None:
        before, person.worker = person.worker, self.chance.choice(self.crew.caseworkers)
        if person.worker is not before:
            by = self.chance.choice(self.crew.supervisors)
            self.book.add(HandoverRow(person.id, before.id, person.worker.id, by.id, at))
            self.book.add(EventRow(at, "handed_over", by.id, person.id))

    def _strangers(self, ends_at: datetime) -> None:
        starts_at = ends_at - timedelta(weeks=1)
        for _ in range(round(len(self.people) * STRANGERS + self.chance.random())):
            said = number(10**9 + next(self.turns))
            at = starts_at + timedelta(seconds=self.chance.randrange(7 * 86400))
            if at < self.size.until:
                self.stage.stranger(seal(said), self.book.database.fingerprint(said), at)

    def leave(self) -> None:
        """Write down what stands at the end: people as they are, and what they are due for."""
        nothing = seal_json({})
        for place, person in enumerate(self.people.values(), start=1):
            leave_as_they_stand(self.book, person)
            assert person.next_due is not None
            self.book.add(PlanRow(person.id, "weekly", person.next_due, rhythm(person, self.size.until), nothing))
            if place % PEOPLE_AT_ONCE == 0:
                self.book.write()
        for _, _, due in sorted(self.due, key=lambda each: each[:2]):
            if due.flow not in ("weekly", "welcome", "start"):
                given = seal_json({"need": str(due.need)}) if due.need else nothing
                flag_id = due.flag_id if (due.flag_id or 0) >= self.stage.office.first_flag else None
                self.book.add(PlanRow(due.person.id, due.flow, max(due.at, self.size.until), None, given, flag_id))
        self.book.write()


def make(database: Database, size: Size, with_history: bool = True) -> Iterator[tuple[str, dict[str, int]]]:
    """Fill an empty database; says after each step what it did and how many rows of each table there are so far.

    Without history, people come in and are due, and nothing has happened yet.
    """
    migrate(database.engine, ZONE)
    with database.reading() as session:
        if session.scalar(select(func.count()).select_from(Participant)):
            raise click.ClickException("There are participants in this database: only an empty one is filled.")
    with in_haste(database):
        programme = _set_up(database, size)
        for step in _history(programme) if with_history else _only_people(programme):
            yield step, programme.book.written
        programme.leave()
    settle(database)
    yield "done", programme.book.written


def _history(programme: Programme) -> Iterator[str]:
    for week in programme.play():
        yield f"week {week + 1}"


def _only_people(programme: Programme) -> Iterator[str]:
    """Everybody came in before, and is due within a week or, after their first weeks, four."""
    size = programme.size
    for place, at in enumerate(programme.joining(), start=1):
        person = enrol(programme.book, programme.chance, place, programme.crew, at)
        days = programme.chance.randrange(rhythm(person, size.until)) // 7 * 7
        person.next_due = due_after(person, size.until, days)
        programme.people[place] = person
        if place % PEOPLE_AT_ONCE == 0 or place == size.participants:
            programme.leave()
            programme.people.clear()
            yield f"{place} people"


@lru_cache(maxsize=1)
def _shelf() -> LiveShelf:
    return LiveShelf(ROOT / "flows")


def _set_up(database: Database, size: Size) -> Programme:
    shelf = _shelf()
    crew = hire(database, size.caseworkers, size.since)
    scripts = all_scripts(shelf)
    with database.writing() as session:
        services = _write_the_rest(session, scripts, size.until)
    chance, book, message_ids = random.Random(size.seed), Book(database), count(1)
    office = Office(
        book, chance, crew, Rules(shelf.policy, ZONE), size.until, services, scripts.alert, message_ids,
        lambda person, at, flag_id, need: programme.after_help(person, at, flag_id, need),
    )  # fmt: skip
    stage = Stage(book, chance, office, scripts, size.until, lambda due: programme.ahead(due), message_ids)
    programme = Programme(size, book, chance, crew, stage)
    return programme


def _write_the_rest(session: Session, scripts: Scripts, now: datetime) -> list[int]:
    """Flows, and a clock that runs; the ids of services."""
    session.add_all(FlowVersion(version=each.version, name=each.name, source=each.source) for each in scripts.flows)
    session.add_all(Beat(job=job.name, every_s=job.every_s, at=now) for job in JOBS)
    return list(session.scalars(select(Service.id)))


@click.command()
@click.argument("url")
@click.option("--participants", default=PARTICIPANTS, show_default=True)
@click.option("--weeks", default=WEEKS, show_default=True, help="How long the programme has been going.")
@click.option("--caseworkers", default=CASEWORKERS, show_default=True)
@click.option("--history", type=int, help="Write down only the last weeks; what is in them is the same.")
@click.option("--people-only", is_flag=True, help="Participants and what they are due for, no history.")
@click.option("--seed", default=SEED, show_default=True)
@click.option("--data-keys", envvar="STANDBY_DATA_KEYS", default=DATA_KEY, help="By default a key that is no secret.")
def main(
    url: str, participants: int, weeks: int, caseworkers: int, history: int | None, people_only: bool, seed: int,
    data_keys: str,
) -> None:  # fmt: skip
    """Fill the empty database at URL with an invented programme."""
    size = Size(participants, weeks, caseworkers, history, seed)
    began, written = time.monotonic(), dict[str, int]()
    for step, written in make(Database(url, data_keys), size, with_history=not people_only):
        rows, seconds = sum(written.values()), time.monotonic() - began
        click.echo(f"\r{step}: {rows:,} rows, {seconds:.0f} s ", nl=False, err=True)
    click.echo(err=True)
    for table, rows in written.items():
        click.echo(f"{table:<14} {rows:>12,}")
    rows, seconds = sum(written.values()), time.monotonic() - began
    click.echo(f"{'rows':<14} {rows:>12,}   {seconds:.1f} s, {seconds / max(rows, 1) * 100_000:.2f} s per 100,000")


if __name__ == "__main__":
    main()
