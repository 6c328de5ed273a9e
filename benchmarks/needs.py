"""What becomes of a need in the programme: flags, who is alerted when, who takes them, what comes of it."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import count
from math import log
from zoneinfo import ZoneInfo

from benchmarks.people import ZONE, Crew, Person, Worker
from benchmarks.rows import (
    AlertFlagRow,
    AlertRow,
    DangerRow,
    DeliveryRow,
    EventRow,
    FlagRow,
    MarkRow,
    MessageRow,
    VerdictRow,
)
from benchmarks.store import Book
from bot.core.delivery import Status
from bot.core.escalation import Rules, Urgency, first_look
from bot.core.hours import next_open, week_of
from bot.core.kinds import Attention, FlagKind, Hit, Need, Purpose
from bot.core.sending import PRIORITY
from bot.models import Direction, FlagState, Resolution, VerdictKind
from bot.verdicts import MARKED_BY_STAFF

OPENINGS = tuple(timedelta(minutes=each) for each in (0, 3, 6, 12, 22, 32, 42, 52))  # when a *now* flag rings
OUTCOME_WITHIN = timedelta(hours=2, minutes=15)  # who took a *now* flag and wrote nothing by then: it opens again
AFTER_HELP = timedelta(days=5)
OUTCOMES = (Resolution.HELPED, Resolution.REFERRED, Resolution.NOT_REACHED, Resolution.NOT_A_NEED)
OF_NEEDS, OF_OTHERS = (0.46, 0.22, 0.12, 0.20), (0.70, 0.0, 0.25, 0.05)


@dataclass(frozen=True)
class Concern:
    """What is wanted, and the message and words that say so."""

    kind: FlagKind
    urgent: bool = False
    message_id: int | None = None
    hits: tuple[Hit, ...] = ()
    by_staff: str = ""

    @property
    def urgency(self) -> Urgency:
        if self.urgent:
            return Urgency.NOW
        return Urgency.SILENCE if self.kind is Attention.QUIET else Urgency.TODAY


@dataclass(frozen=True)
class During:
    """The check-in during which a flag was raised: its id, and the Monday of its week."""

    id: int
    week: date


@dataclass
class Office:
    """Where flags come in. `until` is when the programme stands still: what would be later has not happened.

    `after_help` is told of whom to ask, when, about which flag, whether help came.
    """

    book: Book
    chance: random.Random
    crew: Crew
    rules: Rules
    until: datetime
    services: Sequence[int]
    alert_body: str
    message_ids: "count[int]"
    after_help: Callable[[Person, datetime, int, FlagKind], None]
    flag_ids: "count[int]" = field(default_factory=lambda: count(1))
    alert_ids: "count[int]" = field(default_factory=lambda: count(1))
    reopening: dict[int, FlagRow] = field(default_factory=dict)
    first_flag: int = 1
    _together: dict[tuple[int, datetime], int] = field(default_factory=dict)

    def next_batch(self, written_from: int | None = None) -> None:
        """What was alerted about is written: the next alerts are new ones."""
        self._together.clear()
        if written_from is not None:
            self.first_flag = written_from

    def is_open(self, person: Person, kind: FlagKind, at: datetime) -> bool:
        """Whether such a flag of theirs is not resolved at this instant."""
        known = person.open_until.get(kind)
        return known is not None and known[1] > at

    def danger_until(self, person: Person) -> datetime | None:
        """When the last danger is over."""
        known = person.open_until.get("now")
        return known[1] if known else None

    def raise_flag(self, person: Person, concern: Concern, at: datetime, during: During | None) -> int:
        """A flag, or one more mark on the one that is open already; its id."""
        if self.is_open(person, concern.kind, at):
            flag_id = person.open_until[concern.kind][0]
        else:
            flag_id = self._new(person, concern, at, during)
        self._mark(flag_id, concern)
        return flag_id

    def _mark(self, flag_id: int, concern: Concern) -> None:
        if concern.message_id is None or flag_id < self.first_flag:
            return
        for hit in concern.hits:
            self.book.add(MarkRow(flag_id, concern.message_id, hit.start, hit.end, hit.rule[:120]))
        if not concern.hits:
            self.book.add(MarkRow(flag_id, concern.message_id, 0, 0, concern.by_staff))

    def _new(self, person: Person, concern: Concern, at: datetime, during: During | None) -> int:
        flag_id = next(self.flag_ids)
        life = self._live(concern, at, self._is_night(at, person.zone))
        flag = self._row(flag_id, person, concern, at, during, life)
        self.book.add(flag)
        self._record(flag, concern, life)
        person.open_until[concern.kind] = flag_id, life.resolved_at
        if concern.urgent:
            person.open_until["now"] = flag_id, life.resolved_at
        if flag.state is not FlagState.RESOLVED:
            person.waits_since = person.waits_since or at
        self._follow_up(person, flag, concern, life)
        return flag_id

    def _is_night(self, at: datetime, zone: str) -> bool:
        return not 7 <= at.astimezone(ZoneInfo(zone)).hour < 22

    def _live(self, concern: Concern, at: datetime, night: bool) -> "_Life":
        """When a flag is alerted about, taken, perhaps opened again, and resolved."""
        chance = self.chance
        if concern.urgency is Urgency.NOW:
            openings = [(at, at + _about(chance, timedelta(minutes=9 if night else 4), 1.1, timedelta(hours=6)))]
            resolved_at = openings[0][1] + _about(chance, timedelta(minutes=45), 1.0, timedelta(days=2))
            if resolved_at - openings[0][1] > OUTCOME_WITHIN:
                again = openings[0][1] + OUTCOME_WITHIN
                openings.append((again, again + _about(chance, timedelta(minutes=3), 0.9, timedelta(hours=2))))
                resolved_at = openings[1][1] + _about(chance, timedelta(minutes=40), 0.8, timedelta(hours=2))
            return _Life(tuple(openings), resolved_at)
        looked_at = first_look(concern.urgency, at, self.rules)
        slow = timedelta(hours=20 if concern.urgency is Urgency.SILENCE else 2)
        took = looked_at + _about(chance, slow, 1.3, timedelta(days=21))
        took = next_open(self.rules.hours, took, ZONE) + timedelta(minutes=chance.randrange(50))
        resolved_at = took + _about(chance, timedelta(hours=18), 1.1, timedelta(days=3))
        return _Life(((looked_at, took),), resolved_at)

    def _row(
        self, flag_id: int, person: Person, concern: Concern, at: datetime, during: During | None, life: "_Life"
    ) -> FlagRow:
        taken_at, state = life.taken_by(self.until), life.state(self.until)
        first = life.openings[0][1]
        resolution = self._outcome(concern.kind) if state is FlagState.RESOLVED else None
        taker = self._taker(person, concern).id
        return FlagRow(
            id=flag_id,
            participant_id=person.id,
            address_hash=None,
            kind=str(concern.kind),
            urgency=concern.urgency,
            state=state,
            raised_at=at,
            taken_at=taken_at,
            taken_by=taker if taken_at else None,
            first_taken_at=first if first <= self.until else None,
            resolved_at=life.resolved_at if state is FlagState.RESOLVED else None,
            resolved_by=taker if state is FlagState.RESOLVED else None,
            resolution=resolution,
            service_id=self.chance.choice(self.services) if resolution is Resolution.REFERRED else None,
            check_in_id=during.id if during else None,
            check_in_week=during.week if during else None,
            rung=1,
            look_at=None if state is FlagState.RESOLVED else self.until + timedelta(minutes=7),
            week=week_of(at, ZONE),
            cohort=person.cohort,
            team=person.worker.team,
            caseworker_id=person.worker.id,
        )

    def _outcome(self, kind: FlagKind) -> Resolution:
        return self.chance.choices(OUTCOMES, OF_NEEDS if isinstance(kind, Need) else OF_OTHERS)[0]

    def _taker(self, person: Person, concern: Concern) -> Worker:
        own = self.chance.random() < (0.6 if concern.urgent else 0.95)
        return person.worker if own else self.chance.choice(self.crew.on_call)

    def _record(self, flag: FlagRow, concern: Concern, life: "_Life") -> None:
        """Events, danger and alerts of the flag, as far as they have come."""
        self._note(flag, flag.raised_at, "flag_raised", None, flag.kind)
        for place, (opened_at, taken_at) in enumerate(life.openings):
            if opened_at > self.until and place:
                break
            if place:
                self._note(flag, opened_at, "flag_opened_again")
            if concern.urgent:
                self.book.add(DangerRow(flag.id, opened_at, taken_at if taken_at <= self.until else None))
            self._ring(flag, concern, opened_at, taken_at)
            if taken_at <= self.until:
                self._note(flag, taken_at, "flag_taken", flag.taken_by or self.crew.on_call[0].id)
        if flag.resolved_at:
            self._note(flag, flag.resolved_at, "flag_resolved", flag.resolved_by, str(flag.resolution))

    def _note(self, flag: FlagRow, at: datetime, what: str, staff_id: int | None = None, detail: str = "") -> None:
        self.book.add(EventRow(at, what, staff_id, flag.participant_id, flag.id, detail))

    def _ring(self, flag: FlagRow, concern: Concern, opened_at: datetime, taken_at: datetime) -> None:
        """Alerts climb until somebody takes the flag; what can wait is one text a morning for each caseworker."""
        own = [each for each in self.crew.caseworkers if each.id == flag.caseworker_id]
        if not concern.urgent:
            for staff in own:
                self._alert(staff, flag, opened_at, together=True)
            return
        rungs = [(*own, *self.crew.on_call)] * 2 + [tuple(self.crew.backup)]
        rungs += [tuple(self.crew.supervisors)] * (len(OPENINGS) - len(rungs))
        for after, rung in zip(OPENINGS, rungs, strict=True):
            for staff in dict.fromkeys(rung) if opened_at + after < taken_at else ():
                self._alert(staff, flag, opened_at + after, together=False)

    def _alert(self, staff: Worker, flag: FlagRow, at: datetime, together: bool) -> None:
        if at > self.until:
            return
        known = self._together.get((staff.id, at)) if together else None
        if known is None:
            known = self._new_alert(staff, at)
        self._together[(staff.id, at)] = known
        self.book.add(AlertFlagRow(known, flag.id))
        self._note(flag, at, "alerted", staff.id, "text")

    def _new_alert(self, staff: Worker, at: datetime) -> int:
        alert_id, message_id = next(self.alert_ids), next(self.message_ids)
        self.book.add(
            MessageRow(
                message_id, Direction.OUT, "sms", staff.phone, staff.phone_hash, self.alert_body,
                f"SM{message_id:032x}", at, staff_id=staff.id, attempts=1, token=f"{message_id:032x}",
                purpose=Purpose.ALERT, priority=PRIORITY[Purpose.ALERT], status=Status.DELIVERED, send_after=at,
                handed_over_at=at, sent_at=at,
            )
        )  # fmt: skip
        self.book.add(DeliveryRow(message_id, "delivered", None, at + timedelta(seconds=4)))
        self.book.add(AlertRow(alert_id, staff.id, message_id, f"{alert_id % 10**6:06d}", f"{alert_id:012x}", at))
        return alert_id

    def _follow_up(self, person: Person, flag: FlagRow, concern: Concern, life: "_Life") -> None:
        if flag.resolution is Resolution.NOT_A_NEED and concern.message_id and concern.hits:
            self._verdict(flag, VerdictKind.NOT_A_NEED, concern.message_id)
        helped = flag.resolution in (Resolution.HELPED, Resolution.REFERRED) and isinstance(concern.kind, Need)
        if helped:
            self.after_help(person, life.resolved_at + AFTER_HELP, flag.id, concern.kind)
            self.reopening[flag.id] = flag

    def _verdict(self, flag: FlagRow, kind: VerdictKind, message_id: int) -> None:
        at, staff_id = flag.resolved_at or flag.raised_at, flag.resolved_by or flag.caseworker_id or 1
        self.book.add(VerdictRow(message_id, flag.kind, kind, False, staff_id, at))
        self._note(flag, at, "verdict_given", staff_id, f"{flag.kind}: {kind}")

    def missed(self, person: Person, message_id: int, at: datetime, during: During | None) -> None:
        """Staff read a need that the system did not find."""
        kind = self.chance.choice(tuple(Need))
        if at > self.until or kind is Need.SAFETY or self.is_open(person, kind, at):
            return
        staff_id = person.worker.id
        self.book.add(VerdictRow(message_id, str(kind), VerdictKind.MISSED, False, staff_id, at))
        self.book.add(EventRow(at, "verdict_given", staff_id, person.id, None, f"{kind}: {VerdictKind.MISSED}"))
        self.raise_flag(person, Concern(kind, message_id=message_id, by_staff=MARKED_BY_STAFF), at, during)

    def help_came(self, flag_id: int) -> None:
        """Asked, they said so: the flag stays resolved."""
        self.reopening.pop(flag_id, None)

    def help_did_not_come(self, person: Person, flag_id: int, at: datetime) -> None:
        """The flag is open again, unless the same need was raised anew meanwhile."""
        flag = self.reopening.pop(flag_id, None)
        if flag is None or self.is_open(person, _kind(flag), at):
            return
        concern = Concern(_kind(flag), flag.urgency is Urgency.NOW)
        life = self._live(concern, at, False)
        life = replace(life, openings=life.openings[:1])
        opened = self._row(flag_id, person, concern, flag.raised_at, None, life)  # where it was raised stays written
        person.open_until[flag.kind] = flag_id, life.resolved_at
        if flag_id >= self.first_flag:
            self._record_reopened(opened, at, life)

    def _record_reopened(self, flag: FlagRow, at: datetime, life: "_Life") -> None:
        self.book.change(flag)
        self._note(flag, at, "flag_reopened")
        if flag.urgency is Urgency.NOW:
            self.book.add(DangerRow(flag.id, at, life.taken_by(self.until)))
        if flag.taken_at:
            self._note(flag, flag.taken_at, "flag_taken", flag.taken_by)
        if flag.resolved_at:
            self._note(flag, flag.resolved_at, "flag_resolved", flag.resolved_by, str(flag.resolution))

    def stranger_texts(self, at: datetime, address_hash: str, message_id: int) -> None:
        """A number that nobody is known at: somebody looks at it the same day."""
        flag_id = next(self.flag_ids)
        life = self._live(Concern(Attention.UNKNOWN), at, False)
        state, taken_at = life.state(self.until), life.taken_by(self.until)
        staff_id = self.chance.choice(self.crew.supervisors).id
        flag = FlagRow(
            flag_id, None, address_hash, str(Attention.UNKNOWN), Urgency.TODAY, state, at, taken_at,
            staff_id if taken_at else None, taken_at, life.resolved_at if state is FlagState.RESOLVED else None,
            staff_id if state is FlagState.RESOLVED else None,
            Resolution.NOT_A_NEED if state is FlagState.RESOLVED else None, None, None, None, 1,
            None if state is FlagState.RESOLVED else self.until + timedelta(minutes=7), week_of(at, ZONE), "", "", None,
        )  # fmt: skip
        self.book.add(flag)
        self.book.add(MarkRow(flag_id, message_id, 0, 0, ""))
        self._record(flag, Concern(Attention.UNKNOWN), life)


@dataclass(frozen=True)
class _Life:
    """When a flag stood open and was taken, and when it was resolved."""

    openings: tuple[tuple[datetime, datetime], ...]
    resolved_at: datetime

    def state(self, now: datetime) -> FlagState:
        if self.resolved_at <= now:
            return FlagState.RESOLVED
        return FlagState.ACKNOWLEDGED if self.taken_by(now) else FlagState.OPEN

    def taken_by(self, now: datetime) -> datetime | None:
        """When it was taken, as it stands now; None where it stands open."""
        begun = [taken_at for opened_at, taken_at in self.openings if opened_at <= now]
        return begun[-1] if begun and begun[-1] <= now else None


def _kind(flag: FlagRow) -> FlagKind:
    return Need(flag.kind) if flag.kind in set(Need) else Attention(flag.kind)


def _about(chance: random.Random, middle: timedelta, spread: float, at_most: timedelta) -> timedelta:
    """Around this long, with a long tail: a lognormal with this median."""
    seconds = chance.lognormvariate(log(middle.total_seconds()), spread)
    return timedelta(seconds=round(min(max(seconds, 20), at_most.total_seconds())))
