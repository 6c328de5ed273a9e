"""Drives a run: moves time, lets the town live, and does everything to our processes that the weather holds."""

import random
import resource
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic

from bot.carrier.faults import Fault
from tests.faults.books import Books
from tests.faults.carrier import Place
from tests.faults.clock import Clock
from tests.faults.crew import Crew, Hand
from tests.faults.diary import Blow, Diary, Wrong
from tests.faults.life import Life, Tail
from tests.faults.town import START_AT, Resident
from tests.faults.weather import Trouble, forecast

CLOSEST, FARTHEST = timedelta(seconds=5), timedelta(minutes=10)
AUDITED_EVERY = timedelta(minutes=2)  # as far apart at most while danger stands open, so that the auditor is on time
OVERDUE_STEP = timedelta(seconds=20)
FETCHED_WITHIN = timedelta(seconds=65)  # a text that no webhook brought is asked for every minute
FILES_END_AT = 1  # byte; on a full disk nothing is written beyond
RESOLUTIONS = ("helped", "not_reached", "not_a_need", "helped")
PUT_BACK = timedelta(minutes=30)
CALM_AFTER = timedelta(hours=8)  # after the last trouble, until all is settled
NOT_YET = datetime.max.replace(tzinfo=START_AT.tzinfo)


@dataclass
class Driver:
    """One run. `minutes` of real time are its end, whatever is left of the weeks then."""

    place: Place
    database_url: str
    data_keys: str
    people: list[Resident]
    kills: int
    weeks: float
    seed: int
    minutes: float
    diary: Diary = field(default_factory=Diary)

    def __post_init__(self) -> None:
        self.clock = Clock(self.place.clock)
        self.clock.set(START_AT)
        self.books = Books(self.database_url)
        self.life = Life(self.people, self.weeks, self.seed)
        self.tail = Tail(self.place.journal)
        self.chance = random.Random(f"{self.seed} driver")
        self.off = timedelta(0)
        self.wakes: list[datetime] = []
        self.round_takes_s = 0.1
        self.dooms: dict[int, Trouble] = {}
        self.ends: list[tuple[datetime, Callable[[], None]]] = []
        moments = [each.at for each in self.life.agenda] + [each.first_due_at for each in self.people]
        moments = [at for at in moments if at < START_AT + timedelta(weeks=self.weeks)]
        self.troubles = forecast(moments, self.kills, self.weeks, self.seed)
        self.away: dict[int, timedelta] = {}
        self.down_until = START_AT
        self.disk_is_full = False

    def run(self) -> None:
        """The weeks with all their troubles, then a calm in which everything has time to settle."""
        stops_at = monotonic() + 60 * self.minutes
        self.crew = Crew(self.place, self.database_url, self.data_keys, self._died)
        try:
            end = START_AT + timedelta(weeks=self.weeks)
            while self.clock.true() < end and monotonic() < stops_at:
                self._step()
            self._calm()
            self.life.quiet = True
            self.life.agenda.clear()
            end = self.clock.true() + CALM_AFTER
            while self.clock.true() < end:
                self._step()
        finally:
            self.crew.end()
            self.books.close()

    def _step(self) -> None:
        now = self.clock.true()
        self._end_what_is_over(now)
        self._start_again(now)
        for saying in self.life.due(now):
            self.crew.ask_carrier("text", saying.number, saying.body)
            self.wakes += [now + CLOSEST, now + FETCHED_WITHIN]
        self._round(now, self._strike(now))
        self._listen(now)
        self._close_flags(now)
        self.clock.set(self._next(now))

    def _start_again(self, now: datetime) -> None:
        self.crew.start_again(now)
        if self.disk_is_full:
            self._limit_files(FILES_END_AT)

    # one round of work

    def _round(self, now: datetime, blows: list[Callable[[], None]]) -> None:
        """The carrier posts and the clocks tick side by side; then the webs finish what they put aside."""
        start = monotonic()
        moments = [(self.chance.random() * 1.3 * self.round_takes_s, blow) for blow in blows]
        self.crew.carrier.ask("post")
        for hand in self.crew.alive("clock"):
            hand.ask("tick")
        heard = self.crew.gather(moments)
        self.diary.note_round(now, any(deed == "tick" and isinstance(said, dict) for _, deed, said in heard))
        for hand in self.crew.alive("web"):
            hand.ask("rest")
        self.crew.gather()
        self.crew.bury_the_dead()
        self.round_takes_s = 0.8 * self.round_takes_s + 0.2 * (monotonic() - start)

    def _listen(self, now: datetime) -> None:
        lines = self.tail.lines()
        for line in lines:
            self.life.hears(line, now)
        if any(line.get("message", {}).get("status") == "queued" for line in lines):
            self.wakes.append(now + CLOSEST)

    def _close_flags(self, now: datetime) -> None:
        """Whoever took a flag writes down what became of it, between half an hour and two hours later."""
        for row in self.books.taken_flags():
            patience = timedelta(minutes=30 + row["id"] * 37 % 95)
            clocks = self.crew.alive("clock")
            if clocks and row["taken_at"] + patience <= now + self.off:
                self.chance.choice(clocks).ask("close", row["id"], RESOLUTIONS[row["id"] % len(RESOLUTIONS)])
                self.crew.gather()

    def _next(self, now: datetime) -> datetime:
        """The next instant at which anything is due, by the town, by the database, by the weather."""
        self.wakes = [at for at in self.wakes if at > now]
        due = self.books.next_due_at()
        due = due - self.off if due else NOT_YET
        moments = [
            self.life.next_at() or NOT_YET,
            due if due > now else now + OVERDUE_STEP,
            self.troubles[0].at if self.troubles else NOT_YET,
            *self.wakes,
            *(at for at, _ in self.ends),
            *(hand.back_at for hand in self.crew.hands if hand.back_at is not None),
        ]
        farthest = AUDITED_EVERY if self.books.has_danger() else FARTHEST
        return min(max(min(moments), now + CLOSEST), now + farthest)

    # troubles

    def _strike(self, now: datetime) -> list[Callable[[], None]]:
        """What goes wrong from now on; and what is to happen in the middle of the coming round."""
        blows: list[Callable[[], None]] = []
        while self.troubles and self.troubles[0].at <= now:
            trouble = self.troubles.pop(0)
            match trouble.kind:
                case Fault() as fault:
                    self.crew.ask_carrier("fault", fault, 1)
                case Blow.KILL:
                    blows.append(lambda trouble=trouble: self._kill_one(trouble))
                case Blow.DOOM:
                    self._doom(trouble)
                case Blow.OUTAGE:
                    blows.append(lambda trouble=trouble: self._kill_all(trouble))
                case Blow.DROP:
                    blows.append(self._drop_connections)
                case Blow.DISK:
                    self._fill_disk(trouble, now)
                case Blow.JUMP:
                    self._jump(trouble, now)
        return blows

    def _kill_one(self, trouble: Trouble) -> None:
        hands = [each for each in self.crew.alive(trouble.role) if id(each) not in self.away]
        if not hands:
            self._put_back(trouble)
            return
        hand = self.chance.choice(hands)
        self.away[id(hand)] = trouble.lasts
        self.diary.note(Blow.KILL, self.clock.true(), self.clock.true() + trouble.lasts)
        hand.kill()

    def _put_back(self, trouble: Trouble) -> None:
        """It comes later: there is nobody now whom it could befall."""
        self.troubles.append(replace(trouble, at=self.clock.true() + PUT_BACK))
        self.troubles.sort(key=lambda each: each.at)

    def _doom(self, trouble: Trouble) -> None:
        """This process dies as soon as it passes the point for so many times, be it now or some rounds later."""
        hands = [each for each in self.crew.alive(trouble.role) if id(each) not in self.dooms]
        if not hands:
            self._put_back(trouble)
            return
        hand = self.chance.choice(hands)
        self.dooms[id(hand)] = trouble
        hand.ask("die", trouble.point, trouble.passes)

    def _kill_all(self, trouble: Trouble) -> None:
        """Every process of ours, and nobody starts them again for a while."""
        now = self.clock.true()
        self.down_until = now + trouble.lasts
        for hand in self.crew.alive():
            self.diary.note(Blow.OUTAGE, now, self.down_until)
            hand.kill()

    def _died(self, hand: Hand) -> None:
        """Whoever starts processes sees the death, now or after a while."""
        now = self.clock.true()
        trouble = self.dooms.pop(id(hand), None)
        away = self.away.pop(id(hand), None)
        if away is None and self.down_until <= now:
            assert trouble is not None, f"a {hand.role} died by itself; see {self.place.log}"
            away = trouble.lasts
            self.diary.note(Blow.DOOM, now, now + away)
        elif trouble is not None:
            self._put_back(trouble)  # something else was quicker
        hand.back_at = max(self.down_until, now + (away or timedelta(0)))

    def _drop_connections(self) -> None:
        self.books.drop_connections()
        self.diary.note(Blow.DROP, self.clock.true())

    def _fill_disk(self, trouble: Trouble, now: datetime) -> None:
        """No file of our processes can be written any more, the database's neither where that is SQLite."""
        self._limit_files(FILES_END_AT)
        self.diary.note(Blow.DISK, now, now + trouble.lasts)
        self.disk_is_full = True
        self.ends.append((now + trouble.lasts, self._empty_disk))

    def _empty_disk(self) -> None:
        self.disk_is_full = False
        self._limit_files(resource.RLIM_INFINITY)

    def _limit_files(self, size: int) -> None:
        for hand in self.crew.alive() if self.books.is_sqlite else ():
            _, hard = resource.prlimit(hand.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(hand.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def _jump(self, trouble: Trouble, now: datetime) -> None:
        self._put_off(trouble.by, now)
        self.ends.append((now + trouble.lasts, lambda: self._put_off(timedelta(0), self.clock.true())))

    def _put_off(self, by: timedelta, now: datetime) -> None:
        self.off = by
        self.clock.put_off(by)
        self.diary.wrong.append(Wrong(now, by))
        self.diary.note(Blow.JUMP, now)

    def _end_what_is_over(self, now: datetime) -> None:
        over = [end for end in self.ends if end[0] <= now]
        self.ends = [end for end in self.ends if end[0] > now]
        for _, end in over:
            end()

    def _calm(self) -> None:
        """Nothing goes wrong any more. Kills that are still to come, or that wait for their point, come now."""
        self._end_what_is_over(NOT_YET)
        self.crew.ask_carrier("mend")
        left = [each for each in self.troubles if each.kind in (Blow.KILL, Blow.DOOM)]
        self.troubles.clear()
        self.crew.start_again(NOT_YET)
        while left or self.dooms:
            doomed = [each for each in self.crew.alive() if id(each) in self.dooms]
            blows = [each.kill for each in doomed]
            if not doomed:
                trouble = replace(left.pop(), lasts=timedelta(0))
                blows = [lambda trouble=trouble: self._kill_one(trouble)]
            self._round(self.clock.true(), blows)
            self.crew.start_again(NOT_YET)
            self.clock.set(self.clock.true() + CLOSEST)
