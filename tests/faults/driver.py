"""Drives a run: moves time, lets the town live, has our processes work, and lets the weather strike."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from tests.faults.books import Books
from tests.faults.carrier import Place
from tests.faults.clock import Clock
from tests.faults.crew import Crew
from tests.faults.diary import Diary
from tests.faults.life import Life, Tail
from tests.faults.strikes import NOT_YET, Strike, Strikes
from tests.faults.town import START_AT, Resident
from tests.faults.weather import Trouble, forecast

CLOSEST, FARTHEST = timedelta(seconds=5), timedelta(minutes=10)
AUDITED_EVERY = timedelta(minutes=2)  # as far apart at most while danger stands open, so that the auditor is on time
OVERDUE_STEP = timedelta(seconds=20)
FETCHED_WITHIN = timedelta(seconds=65)  # a text that no webhook brought is asked for every minute
RESOLUTIONS = ("helped", "not_reached", "not_a_need", "helped")
CALM_AFTER = timedelta(hours=8)  # after the last trouble, until all is settled


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
        self.end_at = START_AT + timedelta(weeks=self.weeks)
        self.books = Books(self.database_url)
        self.life = Life(self.people, self.weeks, self.seed)
        self.tail = Tail(self.place.journal)
        self.chance = random.Random(f"{self.seed} driver")
        self.wakes: list[datetime] = []
        self.round_takes_s = 0.1

    def run(self) -> None:
        """The weeks with all their troubles, then a calm in which everything has time to settle."""
        start, lasts_s = monotonic(), 60 * self.minutes
        self.crew = Crew(self.place, self.database_url, self.data_keys)
        self.strikes = Strikes(self.crew, self.clock, self.books, self.diary, self._troubles(), self.chance)
        try:
            while self.clock.true() < self.end_at and monotonic() - start < lasts_s:
                self.strikes.hurry((monotonic() - start) / lasts_s, self.clock.true())
                self._step()
            self._settle()
        finally:
            self.crew.end()
            self.books.close()

    def _troubles(self) -> list[Trouble]:
        moments = [each.at for each in self.life.agenda] + [each.first_due_at for each in self.people]
        return forecast([at for at in moments if at < self.end_at], self.kills, self.weeks, self.seed)

    def _settle(self) -> None:
        for strikes in self.strikes.calm():
            self._round(self.clock.true(), strikes)
            self.crew.start_again(NOT_YET)
            self.clock.set(self.clock.true() + CLOSEST)
        self.life.quiet = True
        self.life.agenda.clear()
        settled_at = self.clock.true() + CALM_AFTER
        while self.clock.true() < settled_at:
            self._step()

    def _step(self) -> None:
        now = self.clock.true()
        strikes = self.strikes.due(now)
        if self.strikes.ended_at == now:  # what no webhook could bring meanwhile is asked for in the next minute
            self.wakes.append(now + FETCHED_WITHIN)
        for saying in self.life.due(now):
            self.crew.ask_carrier("text", saying.number, saying.body)
            self.wakes += [now + CLOSEST, now + FETCHED_WITHIN]
        self._round(now, strikes)
        self._listen(now)
        self._close_flags(now)
        self.clock.set(self._next(now))

    def _round(self, now: datetime, strikes: list[Strike]) -> None:
        """The carrier posts and the clocks tick side by side; then the webs finish what they put aside.

        Only then time moves on: a call that is under way for hours is nothing that happens.
        """
        start = monotonic()
        moments = [(self.chance.random() * 1.3 * self.round_takes_s, strike) for strike in strikes]
        self.crew.carrier.ask("post")
        for hand in self.crew.alive("clock"):
            hand.ask("tick")
        heard = self.crew.gather(moments)
        self.diary.note_round(now, any(deed == "tick" and isinstance(said, int) for _, deed, said in heard))
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
            if clocks and row["taken_at"] + patience <= now + self.strikes.off:
                self.chance.choice(clocks).ask("close", row["id"], RESOLUTIONS[row["id"] % len(RESOLUTIONS)])
                self.crew.gather()

    def _next(self, now: datetime) -> datetime:
        """The next instant at which anything is due, by the town, by the database, by the weather."""
        self.wakes = [at for at in self.wakes if at > now]
        due = self.books.next_due_at()
        due = due - self.strikes.off if due else NOT_YET
        moments = [
            self.life.next_at() or NOT_YET,
            due if due > now else now + OVERDUE_STEP,
            self.strikes.next_at(),
            *self.wakes,
            *(hand.back_at for hand in self.crew.hands if hand.back_at is not None),
        ]
        farthest = AUDITED_EVERY if self.books.has_danger() else FARTHEST
        return min(max(min(moments), now + CLOSEST), now + farthest)
