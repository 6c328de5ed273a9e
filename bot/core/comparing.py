"""One wording against the usual one: what may be said of it, and from when on.

The number of people is planned before anybody is asked. Until it is reached nothing is shown of who answered, and then
only the planned people count, for good. Who looks before, or goes on until something shows, finds differences that are
none: with five looks at what are two equal texts, one time in seven (Armitage, McPherson & Rowe 1969, "Repeated
Significance Tests on Accumulating Data", Journal of the Royal Statistical Society A 132:235-244).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from bot.core.became import COUNTED, Became, Tally, tally
from bot.core.figure import HIDDEN, Cell, Compared, Differences, Figure, Table
from bot.core.hiding import suppressed
from bot.core.rates import Difference, Share, difference
from bot.core.wordings import Aim

ASIDE = {
    Became.OPTED_OUT: "Opted out",
    Became.CUT_SHORT: "Cut short",
    Became.NOT_DELIVERED: "Not delivered",
    Became.TOLD: "Asked nothing",
}


@dataclass(frozen=True)
class Arm:
    """Those who were assigned one wording.

    Everybody counts in the wording that they were assigned (intention to treat). `found` is what became of the first
    check-in of each, in the order in which they were assigned, at least up to the last of the `planned` people of whom
    the share is taken; whoever comes after counts no more. `people` are all.
    """

    wording: str
    text: str
    found: Sequence[Became]
    people: int
    planned: int

    @cached_property
    def looked_at(self) -> Sequence[Became]:
        """Up to the last of the planned people whose check-in counts; all while there are fewer."""
        counted = 0
        for place, each in enumerate(self.found, 1):
            counted += each in COUNTED
            if counted == self.planned:
                return self.found[:place]
        return self.found

    @property
    def tally(self) -> Tally:
        return tally((each, 1) for each in self.looked_at)

    @property
    def counted(self) -> int:
        return self.tally.counted

    @property
    def is_complete(self) -> bool:
        """Whether as many as planned count, and nobody before the last of them may yet come to."""
        return self.counted == self.planned and Became.OPEN not in self.looked_at

    @property
    def share(self) -> Share:
        return Share(self.tally.answered, self.counted)


@dataclass(frozen=True)
class Comparison:
    """One wording of a state against the usual one.

    `aim` is the plan from when the first person was assigned: no later one counts. `rivals`: how many wordings are held
    against the usual one there. `has_ended`: the flow has the wording no more. `was_reworded`: texts were changed while
    people were asked; `was_replanned`: the plan was.
    """

    flow: str
    title: str
    state: str
    aim: Aim
    usual: Arm
    other: Arm
    rivals: int = 1
    has_ended: bool = False
    was_reworded: bool = False
    was_replanned: bool = False

    @property
    def difference(self) -> Difference | None:
        """The share that answered the wording, less that of the usual one; None before the planned number is reached
        in each.
        """
        if not (self.usual.is_complete and self.other.is_complete):
            return None
        return difference(self.other.share, self.usual.share)

    def says(self, smallest: int = 0) -> str:
        """What it shows now, in plain sentences, and how many people were planned; as in `figure`."""
        found = self.difference
        said = [self._so_far(smallest) if found is None else self._shown(found, smallest)]
        said.append(f"Planned: {self.aim.words}.")
        if found is not None and self.rivals > 1:
            said.append(
                f"{self.rivals} wordings are held against the usual one here; that one of them seems to differ where "
                f"none does happens up to {5 * self.rivals} times in 100."
            )
        if self.was_reworded:
            said.append("The texts were changed on the way: not everybody read the same words.")
        if self.was_replanned:
            said.append("The plan was changed on the way; the first one counts.")
        return " ".join(said)

    def _so_far(self, smallest: int) -> str:
        people = min(self.usual.counted, self.other.counted)
        so_many = f"{people if people >= smallest else f'under {smallest}'} of {self.aim.people} people"
        if self.has_ended:
            return f"Ended too early: {so_many}. So few cannot tell the wordings apart, so no difference is shown."
        waits = ", and some who were asked may yet answer" if people == self.aim.people else ""
        misleads = "Looking at the difference before that misleads, so it is not shown."
        return f"Too early: {so_many}{waits}. {misleads}"

    def _shown(self, found: Difference, smallest: int) -> str:
        low, high = found.low, found.high
        if _tell_of_few((self.usual, self.other), smallest):
            return f"The difference is not shown here, as it would tell of fewer than {smallest} people."
        if found.shows_nothing:
            return (
                f"No difference was shown: between {_points(low, '+')} and {_points(high, '+')} points. It may be "
                "anywhere in between."
            )
        more = f"{_points(found.value)} points more ({_points(low)} to {_points(high)})"
        less = f"{_points(-found.value)} points less ({_points(-high)} to {_points(-low)})"
        return f"“{self.other.wording}” was answered by {more if found.value > 0 else less}."

    def figure(self, smallest: int = 0) -> Figure:
        """The same as a figure. Counts that tell of fewer than `smallest` people are hidden, and so is what would tell
        them.
        """
        arms, found = (self.usual, self.other), self.difference
        compared = [] if found is None or _tell_of_few(arms, smallest) else [found]
        n = min(arm.counted for arm in arms)
        dots = tuple(Compared(self.other.wording, each, n, self.aim.people) for each in compared)
        return Figure(
            name=_address(self.flow, self.state, self.other.wording),
            title=f"{self.title}: “{self.other.wording}” against the usual wording of “{self.state}”",
            says=self.says(smallest),
            table=_people(arms, smallest) if found is None else _parts(arms, smallest),
            chart=Differences(dots) if dots else None,
        )


def _people(arms: Sequence[Arm], smallest: int) -> Table:
    """How many were assigned each wording so far, and nothing of what they did."""
    shown = suppressed([[arm.people] for arm in arms], smallest).rows
    rows = [(arm.wording, arm.text, _cell(count)) for arm, count in zip(arms, shown, strict=True)]
    return Table(("Wording", "Text", "People"), tuple(rows))


def _parts(arms: Sequence[Arm], smallest: int) -> Table:
    """What became of the people looked at. The parts add up to them.

    Of those who count it is known how many there are, as planned: so where one of their counts has to be hidden, all
    of them are.
    """
    aside = [each for each in ASIDE if any(each in arm.looked_at for arm in arms)]
    counts = suppressed([[getattr(arm.tally, kind) for kind in aside] for arm in arms], smallest)
    rows = []
    for arm, others, cells in zip(arms, counts.rows, counts.cells, strict=True):
        answers: tuple[Cell, ...] = (arm.tally.answered, arm.tally.unanswered, arm.share.words)
        if _tell_of_few(arms, smallest):
            answers = (HIDDEN, HIDDEN, HIDDEN)
        people = _cell(None if others is None else arm.counted + others)
        rows.append((arm.wording, arm.text, people, *answers, *map(_cell, cells)))
    columns = ("Wording", "Text", "People looked at", "Answered", "Not answered", "Answered of those who count")
    return Table((*columns, *(ASIDE[kind] for kind in aside)), tuple(rows))


def _tell_of_few(arms: Sequence[Arm], smallest: int) -> bool:
    """Whether the difference is made of a count of fewer people than may be told."""
    return any(0 < count < smallest for arm in arms for count in (arm.tally.answered, arm.tally.unanswered))


def _cell(count: int | None) -> Cell:
    return HIDDEN if count is None else count


def _points(share: float, sign: str = "") -> str:
    """Whole points; what would be 0 and is not keeps a decimal."""
    points = 100 * share
    if points and not round(points):
        return f"{points:{sign}.1f}" if round(points, 1) else "0"
    return f"{points:{sign}.0f}" if points else "0"


def _address(*names: str) -> str:
    """What people can read of the names, and six digits of them as they are: two may read alike."""
    exact = sha256("\0".join(names).encode()).hexdigest()[:6]
    return "-".join(("wording", *map(_slug, names), exact))


def _slug(name: str) -> str:
    return "-".join("".join(each if each.isascii() and each.isalnum() else " " for each in name.lower()).split()) or "x"
