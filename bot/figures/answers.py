"""Who answers: by week and by whatever else check-ins differ in."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.core.became import Tally
from bot.core.figure import HIDDEN, ByGroup, ByHour, ByWeek, Cell, Figure, Table
from bot.core.hiding import Counts, folded
from bot.core.names import CHANNELS, LANGUAGES
from bot.core.rates import Share
from bot.figures.view import RATE, View, count_cell, many, rate_cells, said, share_of, span, told
from bot.models import CheckIn, Staff
from bot.reports import checkins
from bot.reports.checkins import Load
from bot.reports.scope import Scope

ASIDE = {
    "open": "Still open",
    "opted_out": "Opted out",
    "cut_short": "Cut short",
    "not_delivered": "Not delivered",
    "told": "Asked nothing",
}
PARTS = ("answered", "unanswered", *ASIDE)
COUNTS = ("Answered", "Counted", *RATE)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PARTS_OF_DAY = (("before noon", range(12)), ("from noon to 5 pm", range(12, 17)), ("later", range(17, 24)))
MOST_SAID = 3  # groups in a sentence: more are read in the table
CROSSED = " Weeks that would tell of too few people are hidden and have a cross as well."
Key = TypeVar("Key", bound=Hashable)
OTHERS = "Others, of few people each"
NOTHING = "no check-in whose answer can be counted"


@dataclass(frozen=True)
class Group:
    """Check-ins that are alike: their name in the table, in the picture, and what became of them. `caseload`: with how
    many people their caseworker is today.
    """

    name: Cell
    label: str
    tally: Tally
    caseload: Cell = None


@dataclass(frozen=True)
class _Shown:
    """What this reader may know of the groups. `aside` names what is counted apart.

    Where small counts are hidden it is one count: five small ones would be hidden, and as many rates to cover them.
    """

    groups: tuple[Group, ...]
    counts: Counts
    aside: tuple[str, ...]

    @classmethod
    def to(cls, view: View, groups: Iterable[Group]) -> "_Shown":
        found = tuple(groups)
        parts = [[getattr(each.tally, part) for part in PARTS] for each in found]
        if not view.smallest:
            return cls(found, view.shown(parts), tuple(ASIDE.values()))
        together = [[*cells[:2], sum(cells[2:])] for cells in parts]
        return cls(tuple(_without_few(each, view.smallest) for each in found), view.shown(together), ("Counted apart",))

    @property
    def shares(self) -> tuple[Share | None, ...]:
        return tuple(share_of(*cells[:2]) for cells in self.counts.cells)

    @property
    def total(self) -> Share | None:
        """Of all groups together."""
        return share_of(*self.counts.columns[:2]) if self.groups else Share(0, 0)

    @property
    def drawn(self) -> tuple[tuple[Group, Share], ...]:
        """The groups whose share is known and is one of anybody."""
        each = zip(self.groups, self.shares, strict=True)
        return tuple((group, share) for group, share in each if share is not None and share.of)

    def table(self, head: str) -> Table:
        """Every part of every group; the parts add up to those begun."""
        caseload = ("People today",) if any(each.caseload is not None for each in self.groups) else ()
        columns = (head, *caseload, *COUNTS, *self.aside, "Begun")
        return Table(columns, tuple(self._rows(bool(caseload))))

    def _rows(self, with_caseload: bool) -> Iterable[tuple[Cell, ...]]:
        each = zip(self.groups, self.shares, self.counts.cells, self.counts.rows, strict=True)
        for group, share, cells, begun in each:
            caseload = (group.caseload,) if with_caseload else ()
            counted = count_cell(share.of if share else None)
            aside = map(count_cell, (*cells[2:], begun))
            yield (group.name, *caseload, count_cell(cells[0]), counted, *rate_cells(share), *aside)

    @property
    def apart(self) -> str:
        """What stands in no percentage, in a sentence."""
        counts = zip(self.aside, self.counts.columns[2:] if self.groups else (), strict=False)
        found = [f"{told(count)} {name.lower()}".removesuffix(" counted apart") for name, count in counts if count != 0]
        return f" Counted apart: {', '.join(found)}." if found else ""


def _without_few(group: Group, smallest: int) -> Group:
    few = isinstance(group.caseload, int) and 0 < group.caseload < smallest
    return replace(group, caseload=HIDDEN) if few else group


def by_week(session: Session, scope: Scope, view: View) -> Figure:
    """The share that answered, by the week in which check-ins began."""
    tallies = checkins.by_week(session, scope)
    shown = _Shown.to(view, (Group(week, "", tally) for week, tally in tallies.items()))
    weeks = zip(tallies, shown.shares, strict=True)
    return Figure(
        "answered-by-week",
        "Answered, week by week",
        f"{span(scope)}: {_of_all(shown)}{shown.apart}{CROSSED if None in shown.shares else ''}",
        shown.table("Week of"),
        ByWeek(tuple((week, share or Share(0, 0)) for week, share in weeks)),
    )


def _of_all(shown: _Shown) -> str:
    total = shown.total
    if total and not total.of:
        return f"{NOTHING}."
    return f"answered, of the check-ins that count: {said(total)}."


@dataclass(frozen=True)
class _By:
    """Figures of answers by a column of check-ins: name and title, the head of the groups, and the column."""

    name: str
    title: str
    head: str
    column: InstrumentedAttribute[Any]


BY_FLOW = _By("answered-by-flow", "Answered, by flow", "Flow", CheckIn.flow_name)
BY_COHORT = _By("answered-by-cohort", "Answered, by cohort", "Cohort", CheckIn.cohort)
BY_LANGUAGE = _By("answered-by-language", "Answered, by language", "Language", CheckIn.language)
BY_CHANNEL = _By("answered-by-channel", "Answered, by channel", "Channel", CheckIn.channel)
BY_WORKER = _By("answered-by-caseworker", "Answered, by caseworker", "Caseworker", CheckIn.caseworker_id)


def by_flow(session: Session, scope: Scope, view: View) -> Figure:
    """The share that answered, by flow."""
    return _by_group(session, scope, view, BY_FLOW, _groups(checkins.by_flow(session, scope), view, view.title))


def by_cohort(session: Session, scope: Scope, view: View) -> Figure:
    """The share that answered, by cohort."""
    groups = _groups(checkins.by_cohort(session, scope), view, lambda name: name or "No cohort")
    return _by_group(session, scope, view, BY_COHORT, groups)


def by_language(session: Session, scope: Scope, view: View) -> Figure:
    """The share that answered, by the language of the check-in."""
    groups = _groups(checkins.by_language(session, scope), view, lambda name: LANGUAGES[name])
    return _by_group(session, scope, view, BY_LANGUAGE, groups)


def by_channel(session: Session, scope: Scope, view: View) -> Figure:
    """The share that answered, by what carried the text."""
    groups = _groups(checkins.by_channel(session, scope), view, lambda name: CHANNELS.get(name, name) or "Never sent")
    return _by_group(session, scope, view, BY_CHANNEL, groups)


def by_caseworker(session: Session, scope: Scope, view: View) -> Figure:
    """The share that answered, by who looked after the person, by name and with how many people each looks after.

    In the order of names: an order of shares would make a ranking of what caseload and chance decide.
    """
    loads = checkins.by_caseworker(session, scope)
    names = {staff.id: staff.name for staff in session.scalars(select(Staff).where(Staff.id.in_(list(loads))))}
    groups = {worker: _of_worker(names.get(worker or 0, "Nobody"), load) for worker, load in loads.items()}
    in_order = sorted(groups.items(), key=lambda each: each[1].label.casefold())
    caution = "This is no ranking: caseloads differ, and where intervals overlap the difference may be chance."
    return _by_group(session, scope, view, BY_WORKER, dict(in_order), caution)


def _of_worker(name: str, load: Load) -> Group:
    return Group(name, f"{name} ({many(load.caseload, 'person', 'people')})", load.tally, load.caseload)


def _groups(tallies: Mapping[Key, Tally], view: View, title: Callable[[Key], str]) -> dict[Key, Group]:
    """The largest first; by name where counts are hidden, as their order would tell of them. Where two have one title,
    what each is called within stands beside it.
    """
    titles = {key: title(key) for key in tallies}
    shared = {each for each, count in Counter(titles.values()).items() if count > 1}
    names = {key: f"{each} (“{key}”)" if key and each in shared else each for key, each in titles.items()}
    order = sorted(tallies, key=lambda key: (0 if view.smallest else -tallies[key].counted, names[key]))
    return {key: Group(names[key], names[key], tallies[key]) for key in order}


def _by_group(
    session: Session, scope: Scope, view: View, by: _By, groups: Mapping[Key, Group], caution: str = ""
) -> Figure:
    told_apart = list(groups.values())
    if view.smallest:
        told_apart = _of_enough(groups, checkins.people_by(session, scope, by.column), view.smallest)
    shown = _Shown.to(view, told_apart)
    chart = ByGroup(tuple((group.label, share) for group, share in shown.drawn))
    says = f"{span(scope)}, answered: {_each(shown)}{shown.apart}"
    return Figure(by.name, by.title, f"{says} {caution}".rstrip(), shown.table(by.head), chart)


def _of_enough(groups: Mapping[Key, Group], people: Mapping[Key, int], smallest: int) -> list[Group]:
    """Those of enough people each, and the others as one: many check-ins may be those of one person."""
    rare = folded(people, smallest)
    others = [group for key, group in groups.items() if key in rare]
    kept = [group for key, group in groups.items() if key not in rare]
    if not others:
        return kept
    return [*kept, Group(OTHERS, OTHERS, sum((each.tally for each in others), Tally()))]


def _each(shown: _Shown) -> str:
    """What a sentence says of the first groups."""
    if not shown.drawn:
        return f"{NOTHING if shown.total and not shown.total.of else said(None)}."
    first = shown.drawn[:MOST_SAID]
    rest = len(shown.drawn) - len(first)
    more = f"; and {rest} more" if rest else ""
    return "; ".join(f"{group.label} {share.words}" for group, share in first) + f"{more}."


def by_hour(session: Session, scope: Scope, view: View) -> Figure:
    """The share that answered, by the hour of the week at which the first text left, on the person's clock."""
    tallies = checkins.by_hour(session, scope)
    counts = view.shown([(each.answered, each.unanswered) for each in tallies.values()])
    shares = {hour: share_of(*cells) for hour, cells in zip(tallies, counts.cells, strict=True)}
    rows = tuple(
        (WEEKDAYS[hour // 24], f"{hour % 24:02}:00", count_cell(share.n if share else None),
         count_cell(share.of if share else None), *rate_cells(share))
        for hour, share in shares.items()
    )  # fmt: skip
    return Figure(
        "answered-by-hour",
        "Answered, by hour and weekday of sending",
        f"{span(scope)}: {_by_part_of_day(shares)}",
        Table(("Weekday", "Hour", *COUNTS), rows),
        ByHour(tuple((hour, share) for hour, share in shares.items() if share)),
    )


def _by_part_of_day(shares: Mapping[int, Share | None]) -> str:
    """Three parts of the day and no best hour: of 168 hours some look best by chance alone."""
    known = {hour: share for hour, share in shares.items() if share is not None}
    if not any(share.of for share in known.values()):
        return f"{NOTHING if len(known) == len(shares) else said(None)}."
    found = []
    for name, hours in PARTS_OF_DAY:
        each = [share for hour, share in known.items() if hour % 24 in hours]
        whole = Share(sum(share.n for share in each), sum(share.of for share in each))
        found += [f"{name}, {whole.words}"] if whole.of else []
    hidden = "" if len(known) == len(shares) else " Hours that would tell of too few people are left out."
    return f"answered, of texts that left {'; '.join(found)}.{hidden}"
