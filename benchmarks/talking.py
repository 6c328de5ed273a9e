"""Check-ins of the programme: what is asked, what comes back, and how it ends."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import count
from math import exp, log
from zoneinfo import ZoneInfo

from benchmarks.needs import Concern, During, Office
from benchmarks.people import ZONE, Person, Worker
from benchmarks.rows import CheckInRow, ConsentRow, DeliveryRow, EventRow, MessageRow, OptOutRow, ReplyRow
from benchmarks.store import Book
from benchmarks.talks import Line, Script, Scripts, Step
from bot.carrier import TEXT
from bot.core.delivery import Status, in_plain_words
from bot.core.flow import Flow
from bot.core.hours import hour_of_week, minutes_between, on_wall_clock, week_of
from bot.core.kinds import Answer, Attention, FlagKind, Intent, Lane, Need, Outcome, Purpose
from bot.core.sending import PRIORITY
from bot.hearing import AT_CARRIER
from bot.models import Direction

QUIET_AFTER = RECONNECT_AFTER = 3  # check-ins in a row that nobody answered
TURN = timedelta(minutes=5)  # from a question to its answer, once somebody is there
STOPS, WRONG_NUMBERS, CUT_IN, STAFF_WRITE, PAUSES = 0.0035, 0.0006, 0.008, 0.006, 0.002
COMES_BACK, BAD_NUMBER, OUT_OF_REACH, CLOCK_WAS_LATE = 0.05, 0.0025, 0.012, 0.004
OUT_OF_THE_BLUE, MISSED = 0.03, 0.0015
MOODS, HOW_OFTEN = ("fine", "need", "odd", "danger"), (0.76, 0.19, 0.035, 0.015)
NO_REACH = ((30003, 5), (30005, 1), (30006, 1), (30007, 1))
DROPS_OUT = 0.18  # after each answer of a conversation


@dataclass(frozen=True)
class Due:
    """A check-in that is due: its flow, and the flag it asks about. `put_off`: it was due before already."""

    at: datetime
    person: Person
    flow: str
    flag_id: int | None = None
    need: FlagKind | None = None
    put_off: bool = False


@dataclass
class _Run:
    """One check-in while it is played. Nothing of it happens from `horizon` on; then it ends with `cut`."""

    id: int
    due: Due
    flow: Flow
    started_at: datetime
    asked_at: datetime
    horizon: datetime
    cut: Outcome | None
    position: str | None
    first_status: Status | None = None
    first_sent_at: datetime | None = None
    nudge_at: datetime | None = None
    answered_at: datetime | None = None
    answer: Answer | None = None
    silent_after: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    texts: int = 0

    def during(self, at: datetime) -> During | None:
        """This check-in, if it runs at this instant or ends with it."""
        lasts = self.ended_at is None or self.ended_at >= at
        return During(self.id, week_of(self.started_at, ZONE)) if lasts else None

    def end(self, at: datetime, outcome: Outcome) -> None:
        self.ended_at, self.outcome = at, outcome
        self.position = self.nudge_at = self.silent_after = None


@dataclass
class Stage:
    """Where check-ins are played. `ahead` is told of what is due later; `until` is where the programme stands still."""

    book: Book
    chance: random.Random
    office: Office
    scripts: Scripts
    until: datetime
    ahead: Callable[[Due], None]
    message_ids: "count[int]"
    check_in_ids: "count[int]" = field(default_factory=lambda: count(1))
    _later: list[Callable[[], None]] = field(default_factory=list)
    _last_id: int = 0

    def play(self, due: Due) -> None:
        """One check-in from its first text to its end, or as far as it has come."""
        person, script = due.person, self._script(due)
        run = self._begin(due, script.flow, script.position)
        away = self._what_comes_between(run)
        code = self._error(person, run.asked_at)
        for line in script.opening:
            self._ask(run, line, run.asked_at, code)
        if code is not None and run.asked_at < run.horizon:
            self._could_not_be_reached(run, code)
        self._reply_or_not(run, script, code, away)
        self._finish(run)

    def _script(self, due: Due) -> Script:
        chance, person = self.chance, due.person
        mood = "fine"
        if due.flow == "weekly":
            mood = chance.choices(MOODS, HOW_OFTEN)[0]
            mood = "need" if mood == "danger" and self.office.is_open(person, Need.SAFETY, due.at) else mood
        if due.flow == "after_help":
            mood = f"{due.need} {'came' if chance.random() < 0.8 else 'did not'}"
        return chance.choice(self.scripts.of[due.flow, person.language, mood])

    def _begin(self, due: Due, flow: Flow, position: str) -> _Run:
        chance = self.chance
        started_at = min(due.at + timedelta(seconds=chance.randrange(5, 2400)), self.until - timedelta(minutes=1))
        asked_at = started_at + timedelta(seconds=chance.randrange(1, 240))
        if chance.random() < 0.03:  # the line was long that evening: it waits for the morning
            asked_at = self._in_the_morning(started_at, due.person.zone)
        return _Run(next(self.check_in_ids), due, flow, started_at, asked_at, self.until, None, position)

    def _in_the_morning(self, at: datetime, zone: str) -> datetime:
        day = at.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
        return on_wall_clock(day, time(9), zone) + timedelta(seconds=self.chance.randrange(900))

    def _what_comes_between(self, run: _Run) -> datetime | None:
        """STOP, a date that cuts in, or a person who writes, at some instant of the next days; that instant."""
        chance, person, roll = self.chance, run.due.person, self.chance.random()
        at = run.asked_at + timedelta(minutes=chance.randrange(4, 60 * 40))
        reasons = ((STOPS, self._stops), (WRONG_NUMBERS, self._wrong_number), (CUT_IN, self._cuts_in))
        for share, deed in (*reasons, (STAFF_WRITE, self._staff_write)):
            roll -= share
            if roll < 0:
                deed(run, person, at)
                return at
        return None

    def _stops(self, run: _Run, person: Person, at: datetime) -> None:
        self._leaves(run, person, at, Attention.STOPPED, self.scripts.stop, AT_CARRIER)

    def _wrong_number(self, run: _Run, person: Person, at: datetime) -> None:
        words = self.scripts.wrong_number[person.language]
        self._leaves(run, person, at, Attention.WRONG_NUMBER, words, "wrong_number")

    def _leaves(self, run: _Run, person: Person, at: datetime, why: Attention, words: str, how: str) -> None:
        if at >= self.until:
            return
        stopped = why is Attention.STOPPED
        intent = Intent.STOP if stopped else Intent.WRONG_NUMBER
        run.horizon, run.cut, person.gone = at, Outcome.STOPPED, True
        self._later.append(lambda: self._left(run, person, at, why, words, how, intent))

    def _left(
        self, run: _Run, person: Person, at: datetime, why: Attention, words: str, how: str, intent: Intent
    ) -> None:
        said = "STOP" if why is Attention.STOPPED else None
        message_id = self._hear(person, words, at, Lane.TODAY, intent, carrier_says=said)
        self.office.raise_flag(person, Concern(why, message_id=message_id), at, run.during(at))
        self.book.add(EventRow(at, "opted_out", participant_id=person.id, detail=how))
        person.consents = [
            each if each.revoked_at else each._replace(revoked_at=at, revoked_how=how) for each in person.consents
        ]
        back_at = at + timedelta(days=self.chance.randrange(10, 150))
        comes_back = said is not None and self.chance.random() < COMES_BACK and back_at < self.until
        person.opt_outs.append(OptOutRow(person.hash, at, back_at if comes_back else None, how))
        if comes_back:
            self.ahead(Due(back_at, person, "start"))

    def starts_again(self, person: Person, at: datetime) -> None:
        """They texted START: consent anew."""
        self._hear(person, self.scripts.start, at, Lane.CLOSED, Intent.REPLY, carrier_says="START")
        witness = person.consents[0].recorded_by
        person.consents.append(ConsentRow(person.id, person.channel, person.hash, at.date(), "keyword", witness, at))
        self.book.add(EventRow(at, "opted_in", participant_id=person.id))
        person.gone = False

    def _cuts_in(self, run: _Run, person: Person, at: datetime) -> None:
        local = at.astimezone(ZoneInfo(person.zone))
        if 9 <= local.hour < 19 and at < self.until and run.due.flow != "appointment_soon":
            run.horizon, run.cut = at, Outcome.REPLACED
            self._later.append(lambda: self.ahead(Due(at, person, "appointment_soon")))

    def _staff_write(self, run: _Run, person: Person, at: datetime) -> None:
        if at < self.until:
            run.horizon, run.cut = at, Outcome.HANDED_OVER
            self._later.append(lambda: self._written(person, at))

    def _written(self, person: Person, at: datetime) -> None:
        line = Line(self.scripts.written, Purpose.WRITTEN, 1)
        self._say(person, line, at, None, None, written_by=person.worker)
        self.book.add(EventRow(at, "text_written", person.worker.id, person.id))
        answer_at = at + timedelta(minutes=self.chance.randrange(3, 300))
        if answer_at < self.until and self.chance.random() < 0.6:
            step = self.chance.choice(self.scripts.blue[person.language])
            self._hear(person, step.body, answer_at, Lane.TODAY, step.intent)

    def _error(self, person: Person, at: datetime) -> int | None:
        """Why the first text does not arrive; None where it does. A bad number stays bad until somebody asks."""
        chance = self.chance
        if chance.random() < BAD_NUMBER:
            person.bad_until = at + timedelta(days=round(chance.expovariate(1 / 60)) + 3)
            person.reachable = False
            return 30005
        codes, weights = zip(*NO_REACH, strict=True)
        return int(chance.choices(codes, weights)[0]) if chance.random() < OUT_OF_REACH else None

    def _ask(self, run: _Run, line: Line, at: datetime, code: int | None = None) -> None:
        """A text of the check-in, if it comes to that. Where the first one stands, the check-in keeps."""
        if at >= run.horizon and run.texts:
            return
        status = self._say(run.due.person, line, run.started_at if not run.texts else at, run.id, code, at)
        if not run.texts:
            waits = at >= run.horizon
            run.first_status, run.first_sent_at = status, None if waits else at
        run.texts += 1

    def _could_not_be_reached(self, run: _Run, code: int) -> None:
        at = run.asked_at + timedelta(minutes=2)
        if at < run.horizon:
            concern = Concern(Attention.UNREACHABLE, message_id=self._last_id)
            self.office.raise_flag(run.due.person, concern, at, run.during(at))

    def _reply_or_not(self, run: _Run, script: Script, code: int | None, away: datetime | None) -> None:
        chance, person = self.chance, run.due.person
        within, window = script.flow.answer_within, script.flow.nudge_after
        may_hear = code is None or (person.reachable and chance.random() < 0.4)
        answers = chance.random() < self._eagerness(run) and may_hear
        first_at = run.asked_at + self._delay(within)
        late = answers and chance.random() < CLOCK_WAS_LATE
        if late:
            first_at = run.asked_at + within + timedelta(minutes=chance.randrange(1, 240))
        if code is not None:
            first_at = max(first_at, run.asked_at + (window or timedelta(0)) + timedelta(minutes=3))
        run.silent_after = run.asked_at + within
        self._nudge(run, script, first_at if answers else None, code)
        if answers and first_at < run.horizon:
            self._talk(run, script, first_at, late)
        elif run.silent_after + timedelta(minutes=1) < run.horizon:
            self._nobody_answered(run, code)

    def _eagerness(self, run: _Run) -> float:
        """How likely they answer: less the longer they are in the programme."""
        weeks = (run.started_at - run.due.person.enrolled_at) / timedelta(weeks=1)
        return min(0.97, run.due.person.eager * (0.44 + 0.28 * exp(-weeks / 14)))

    def _delay(self, within: timedelta) -> timedelta:
        seconds = self.chance.lognormvariate(log(2700), 1.7)
        return timedelta(seconds=min(round(seconds) + 15, round(within.total_seconds()) - 60))

    def _nudge(self, run: _Run, script: Script, answer_at: datetime | None, code: int | None) -> None:
        after, person = script.flow.nudge_after, run.due.person
        if after is None or script.nudge is None:
            return
        nudge_at = run.asked_at + after
        wanted = answer_at is None or answer_at > nudge_at
        if wanted and nudge_at < run.horizon and person.reachable:
            self._ask(run, script.nudge, nudge_at, code if self.chance.random() < 0.5 else None)
        run.nudge_at = nudge_at if nudge_at >= run.horizon else None

    def _nobody_answered(self, run: _Run, code: int | None) -> None:
        person = run.due.person
        assert run.silent_after is not None
        at = run.silent_after + timedelta(seconds=self.chance.randrange(60))
        if code is not None and not person.reachable:
            run.end(at, Outcome.BROKEN)
            return
        run.end(at, Outcome.SILENT)
        person.silences += 1
        if person.silences == QUIET_AFTER or run.due.flow == "reconnect":
            self.office.raise_flag(person, Concern(Attention.QUIET), at, run.during(at))
        if person.silences == RECONNECT_AFTER:
            self.ahead(Due(at + timedelta(days=1), person, "reconnect"))

    def _talk(self, run: _Run, script: Script, at: datetime, late: bool) -> None:
        """Answer after answer, until they have other things to do."""
        person, within = run.due.person, run.flow.answer_within
        run.answered_at, run.answer = at, Answer.LATE if late else Answer.IN_TIME
        run.nudge_at, person.silences = None, 0
        for step in script.steps:
            if at >= run.horizon:
                return
            self._take(run, step, at)
            if run.outcome is not None:
                return
            run.position, run.silent_after = step.position, at + within
            if self.chance.random() < DROPS_OUT:
                break
            at += timedelta(seconds=round(self.chance.expovariate(1 / TURN.total_seconds())) + 20)
        assert run.silent_after is not None
        if run.silent_after + timedelta(minutes=1) < run.horizon:
            run.end(run.silent_after + timedelta(seconds=self.chance.randrange(60)), Outcome.SILENT)

    def _take(self, run: _Run, step: Step, at: datetime) -> None:
        person = run.due.person
        message_id = self._hear(person, step.body, at, step.lane, step.intent)
        for line in step.lines:
            self._say(person, line, at, run.id, None, at + timedelta(seconds=2), answers_at=at)
        for name, value in step.kept:
            self.book.add(ReplyRow(run.id, name, value, at, message_id))
        for flag in step.flags:
            self.office.raise_flag(person, Concern(flag.kind, flag.urgent, message_id, flag.hits), at, run.during(at))
        for flow, after in step.plans:
            self.ahead(Due(at + after, person, flow))
        if step.urgent:
            person.safety_said_at = at
        if run.due.flag_id is not None:
            self._say_of_help(run, person, run.due.flag_id, step, at)
        if step.outcome is not None:
            run.end(at, step.outcome)
        if step.lane is Lane.CLOSED and self.chance.random() < MISSED:
            self._later.append(lambda: self._missed(run, person, message_id, at))

    def _missed(self, run: _Run, person: Person, message_id: int, at: datetime) -> None:
        """Staff who read it the same day see a need that was not found."""
        at += timedelta(minutes=self.chance.randrange(20, 1200))
        self.office.missed(person, message_id, at, run.during(at))
        person.free_at = max(person.free_at, at)

    def _say_of_help(self, run: _Run, person: Person, flag_id: int, step: Step, at: datetime) -> None:
        if any(flag.kind == run.due.need for flag in step.flags):
            self.office.help_did_not_come(person, flag_id, at)
        else:
            self.office.help_came(flag_id)

    def _finish(self, run: _Run) -> None:
        if run.ended_at is None and run.cut is not None:
            run.end(run.horizon, run.cut)
        run.due.person.free_at = (run.ended_at or self.until) + timedelta(hours=1)
        later, self._later = self._later, []
        for deed in later:
            deed()
        person, asked_at = run.due.person, run.first_sent_at
        flag_id, heard_or_over_at = run.due.flag_id, run.answered_at or run.ended_at
        self.book.add(
            CheckInRow(
                run.id, person.id, run.flow.name, run.flow.version,
                flag_id if flag_id and flag_id >= self.office.first_flag else None, run.position, run.started_at,
                run.answered_at, run.nudge_at, run.silent_after, run.ended_at, run.outcome, person.channel,
                person.language, run.first_status, asked_at,
                hour_of_week(asked_at, person.zone) if asked_at else None, run.answer,
                minutes_between(asked_at, heard_or_over_at) if heard_or_over_at else None,
                week_of(run.started_at, ZONE), person.cohort, person.worker.team, person.worker.id,
            )
        )  # fmt: skip

    def out_of_the_blue(self, person: Person) -> None:
        """Some write when nobody asked."""
        at = person.free_at + timedelta(minutes=self.chance.randrange(60 * 30))
        if at >= self.until or person.gone:
            return
        step = self.chance.choice(self.scripts.blue[person.language])
        message_id = self._hear(person, step.body, at, step.lane, step.intent)
        for line in step.lines:
            self._say(person, line, at, None, None, at + timedelta(seconds=2), answers_at=at)
        for flag in step.flags:
            self.office.raise_flag(person, Concern(flag.kind, flag.urgent, message_id, flag.hits), at, None)
        person.free_at = at + timedelta(hours=1)

    def stranger(self, number: str, number_hash: str, at: datetime) -> None:
        """A text from a number that nobody is known at."""
        step = self.chance.choice(self.scripts.blue[self.chance.choice(tuple(self.scripts.blue))])
        message_id = next(self.message_ids)
        self.book.add(
            MessageRow(
                message_id, Direction.IN, TEXT, number, number_hash, step.body, f"SM{message_id:032x}", at,
                handled_at=at, lane=Lane.TODAY, intent=step.intent,
            )
        )  # fmt: skip
        self.office.stranger_texts(at, number_hash, message_id)

    def _hear(
        self, person: Person, body: str, at: datetime, lane: Lane, intent: Intent, carrier_says: str | None = None
    ) -> int:
        message_id = next(self.message_ids)
        self.book.add(
            MessageRow(
                message_id, Direction.IN, person.channel, person.number, person.hash, body, f"SM{message_id:032x}", at,
                person.id, handled_at=at, lane=lane, intent=intent, carrier_says=carrier_says,
            )
        )  # fmt: skip
        return message_id

    def _say(
        self,
        person: Person,
        line: Line,
        at: datetime,
        check_in_id: int | None,
        code: int | None,
        sent_at: datetime | None = None,
        answers_at: datetime | None = None,
        written_by: Worker | None = None,
    ) -> Status:
        """One text to the participant, written down as it stands now."""
        message_id = self._last_id = next(self.message_ids)
        sent_at = sent_at or at
        status = self._status(person, sent_at, code)
        left = status is not Status.QUEUED
        self.book.add(
            MessageRow(
                message_id, Direction.OUT, person.channel, person.number, person.hash, line.body,
                f"SM{message_id:032x}" if left else None, at, person.id, None, check_in_id,
                int(left), f"{message_id:032x}", line.purpose, PRIORITY[line.purpose], line.segments, status,
                sent_at, answers_at, False,
                written_by.id if written_by else None, sent_at if left else None, sent_at if left else None,
                code, in_plain_words(code) if code else None,
            )
        )  # fmt: skip
        if left:
            self._callbacks(message_id, status, code, sent_at)
        return status

    def _status(self, person: Person, sent_at: datetime, code: int | None) -> Status:
        if sent_at >= self.until:
            return Status.QUEUED
        if code is not None:
            return Status.UNDELIVERED
        if not person.final:
            return Status.SENT
        return Status.READ if person.channel != TEXT and self.chance.random() < 0.8 else Status.DELIVERED

    def _callbacks(self, message_id: int, status: Status, code: int | None, sent_at: datetime) -> None:
        self.book.add(DeliveryRow(message_id, "sent", None, sent_at + timedelta(seconds=1)))
        if status is not Status.SENT:
            self.book.add(DeliveryRow(message_id, str(status), code, sent_at + timedelta(seconds=6)))
