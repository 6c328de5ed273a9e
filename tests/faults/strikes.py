"""Makes what the weather holds happen to our processes, to their database, disk and clock, and to the carrier."""

import os
import random
import resource
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.carrier.faults import Fault
from tests.faults.books import Books
from tests.faults.clock import Clock
from tests.faults.crew import Crew, Hand
from tests.faults.diary import Blow, Diary, Wrong
from tests.faults.weather import Trouble

GONE = 3  # how a child says that the process was not there any more
FILES_END_AT = 1  # byte; on a full disk nothing is written beyond
PUT_BACK = timedelta(minutes=30)
AT_ONCE = timedelta(0)
NOT_YET = datetime.max.replace(tzinfo=UTC)

Strike = Callable[[], None]


class Strikes:
    """The troubles still to come, and those that are not over yet. `off` is how far our clock is wrong now."""

    def __init__(
        self, crew: Crew, clock: Clock, books: Books, diary: Diary, troubles: list[Trouble], chance: random.Random
    ) -> None:
        self.off = AT_ONCE
        self.ended_at = NOT_YET  # the last that lasted for a while
        self._crew, self._clock, self._books, self._diary, self._chance = crew, clock, books, diary, chance
        self._troubles, self._all = troubles, len(troubles)
        self._ends: list[tuple[datetime, Strike]] = []
        self._dooms: dict[int, Trouble] = {}
        self._away: dict[int, timedelta] = {}
        self._down_until = clock.true()
        self._disk_is_full = False
        crew.on_death = self._died

    def hurry(self, share: float, now: datetime) -> None:
        """Bring the next trouble forward while less than this share of them has come: where real time ends a run before
        its weeks are over, everything goes wrong all the same, and while there is work.
        """
        if self._troubles and len(self._troubles) > self._all * (1 - share):
            self._troubles[0] = replace(self._troubles[0], at=min(now, self._troubles[0].at))

    def next_at(self) -> datetime:
        """When the next trouble begins or ends."""
        return min([*(each.at for each in self._troubles[:1]), *(at for at, _ in self._ends)], default=NOT_YET)

    def due(self, now: datetime) -> list[Strike]:
        """Begin and end what is due; what is to happen in the middle of the coming round."""
        self._end_what_is_over(now)
        self._crew.start_again(now)
        if self._disk_is_full and self._books.is_sqlite:
            self._limit_files(FILES_END_AT)
        strikes: list[Strike] = []
        while self._troubles and self._troubles[0].at <= now:
            strikes += self._begin(self._troubles.pop(0), now)
        return strikes

    def calm(self) -> list[list[Strike]]:
        """Nothing goes wrong any more. Kills still to come, and those that wait for their point, come in these rounds,
        so that all were made.
        """
        self._end_what_is_over(NOT_YET)
        self._crew.ask_carrier("mend")
        self._crew.start_again(NOT_YET)
        left = [replace(each, lasts=AT_ONCE) for each in self._troubles if each.kind in (Blow.KILL, Blow.DOOM)]
        self._troubles.clear()
        doomed = [each.kill for each in self._crew.alive() if id(each) in self._dooms]
        return [[strike] for strike in doomed] + [[lambda each=each: self._kill_one(each)] for each in left]

    def _begin(self, trouble: Trouble, now: datetime) -> list[Strike]:
        match trouble.kind:
            case Fault() as fault:
                self._crew.ask_carrier("fault", fault, 1)
            case Blow.KILL:
                return [lambda: self._kill_one(trouble)]
            case Blow.DOOM:
                self._doom(trouble)
            case Blow.OUTAGE:
                return [lambda: self._kill_all(trouble)]
            case Blow.DROP:
                return [] if self._books.is_sqlite else [self._drop_connections]
            case Blow.DISK:
                return [lambda: self._fill_disk(trouble)]
            case Blow.JUMP:
                self._put_off(trouble.by)
                self._ends.append((now + trouble.lasts, lambda: self._put_off(AT_ONCE)))
        return []

    # processes

    def _kill_one(self, trouble: Trouble) -> None:
        hands = [each for each in self._crew.alive(trouble.role) if id(each) not in self._away]
        if not hands:
            self._put_back(trouble)
            return
        hand, now = self._chance.choice(hands), self._clock.true()
        self._away[id(hand)] = trouble.lasts
        self._diary.note(Blow.KILL, now, now + trouble.lasts)
        hand.kill()

    def _doom(self, trouble: Trouble) -> None:
        """This process dies as soon as it passes the point for so many times, be it now or some rounds later."""
        hands = [each for each in self._crew.alive(trouble.role) if id(each) not in self._dooms]
        if not hands:
            self._put_back(trouble)
            return
        hand = self._chance.choice(hands)
        self._dooms[id(hand)] = trouble
        hand.ask("die", trouble.point, trouble.passes)

    def _kill_all(self, trouble: Trouble) -> None:
        """Every process of ours, and nobody starts them again for a while."""
        now = self._clock.true()
        self._down_until = now + trouble.lasts
        for hand in self._crew.alive():
            self._diary.note(Blow.OUTAGE, now, self._down_until)
            hand.kill()

    def _put_back(self, trouble: Trouble) -> None:
        """It comes later: there is nobody now whom it could befall."""
        self._troubles.append(replace(trouble, at=self._clock.true() + PUT_BACK))
        self._troubles.sort(key=lambda each: each.at)

    def _died(self, hand: Hand) -> None:
        """Whoever starts processes sees the death, now or after a while."""
        now = self._clock.true()
        doom, away = self._dooms.pop(id(hand), None), self._away.pop(id(hand), None)
        if away is None and self._down_until <= now:
            assert doom is not None, f"a {hand.role} died by itself; its log says why"
            away = doom.lasts
            self._diary.note(Blow.DOOM, now, now + away)
        elif doom is not None:
            self._put_back(doom)  # something else was quicker
        hand.back_at = max(self._down_until, now + (away or AT_ONCE))

    # what they stand on

    def _drop_connections(self) -> None:
        self._books.drop_connections()
        self._diary.note(Blow.DROP, self._clock.true())

    def _fill_disk(self, trouble: Trouble) -> None:
        """Whoever writes the database can write no file any more: our processes where it is SQLite, which answers with
        an error; PostgreSQL's own, which panics over its log, ends all connections and recovers.
        """
        now = self._clock.true()
        self._disk_is_full = True
        self._limit_files(FILES_END_AT)
        self._diary.note(Blow.DISK, now, now + trouble.lasts)
        self._ends.append((now + trouble.lasts, self._empty_disk))

    def _empty_disk(self) -> None:
        self._disk_is_full = False
        self._limit_files(resource.RLIM_INFINITY)

    def _limit_files(self, size: int) -> None:
        ours = [hand.process.pid for hand in self._crew.alive()]
        for pid in ours if self._books.is_sqlite else self._books.servers():
            with suppress(FileNotFoundError, ProcessLookupError):  # it is gone already
                _as_owner_of(pid, lambda pid=pid: _limit(pid, size))

    def _put_off(self, by: timedelta) -> None:
        now, self.off = self._clock.true(), by
        self._clock.put_off(by)
        self._diary.wrong.append(Wrong(now, by))
        self._diary.note(Blow.JUMP, now)

    def _end_what_is_over(self, now: datetime) -> None:
        over = [end for end in self._ends if end[0] <= now]
        self.ended_at = now if over else self.ended_at
        self._ends = [end for end in self._ends if end[0] > now]
        for _, end in over:
            end()


def _limit(pid: int, size: int) -> None:
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def _as_owner_of(pid: int, deed: Callable[[], None]) -> None:
    """Do it in a child that is the same user as this process: PostgreSQL refuses to be root's, and even root may not
    limit another user's processes everywhere.
    """
    owner = os.stat(f"/proc/{pid}")
    if owner.st_uid == os.getuid():
        deed()
        return
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(owner.st_gid)
            os.setuid(owner.st_uid)
            deed()
            code = 0
        except ProcessLookupError:
            code = GONE
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, GONE), f"process {pid} cannot be limited"
