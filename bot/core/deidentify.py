"""What of people's rows may leave for research, and how it is coarsened so that nobody is known by it.

Each table of an export is a dataclass below: its fields are the columns, and their annotations say what they mean. The
files and their codebook are both made from it, so neither can drift from the other. Names, numbers, e-mail addresses,
notes and staff are in no table.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

from bot.core.became import Became
from bot.core.escalation import Urgency
from bot.core.hiding import folded
from bot.core.kinds import Answer, FlagKind, Language, Outcome

OTHER = "other"  # stands for what fewer people share than may be told of
MOST_SHIFT_DAYS = 28
PERSON = TypeVar("PERSON", bound=Hashable)


class Dates(StrEnum):
    """How days are coarsened."""

    WEEK = "week"
    SHIFTED = "shifted"


class Extra(StrEnum):
    """Columns that are left out unless they are asked for."""

    COHORT = "cohort"
    ZONE = "zone"
    TEXTS = "texts"


class PartOfDay(StrEnum):
    """Six hours of the day on the person's own clock, from 0, 6, 12 and 18 on."""

    NIGHT = "night"
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class Type(StrEnum):
    """What a column holds: text, a whole number, a day as in ISO 8601, true or false."""

    TEXT = "text"
    WHOLE = "whole number"
    DAY = "day"
    TRUTH = "true or false"


TYPES = {str: Type.TEXT, int: Type.WHOLE, date: Type.DAY, bool: Type.TRUTH}


@dataclass(frozen=True)
class Means:
    """What a column says and how it was coarsened; `only_with` is the extra that it is left out without.

    In both, {smallest} stands for how many people must share something that is told.
    """

    says: str
    coarsened: str = ""
    only_with: Extra | None = None

    def told(self, smallest: int) -> tuple[str, str]:
        """Both, where so many must share something."""
        says, coarsened = (each.replace("{smallest}", str(smallest)) for each in (self.says, self.coarsened))
        return says, coarsened


@dataclass(frozen=True)
class Column:
    """One line of the codebook."""

    name: str
    type: Type
    may_be_empty: bool
    values: tuple[str, ...]
    means: Means


RANDOM_ID = Means("The participant, by a random id.", "No number of ours and nothing of the person is in it.")
A_DAY = "The Monday of its week in the programme's zone; or, where dates are shifted, the day less the person's shift."
FOLDED = '"other" where fewer than {smallest} people of this export have it.'
LONG_AGO = f"{A_DAY} Then empty outside of the weeks."
ENOUGH = "What is of a flow that fewer than {smallest} people had in these weeks is left out."
TOGETHER = '"other" where fewer than {smallest} people share it, alone or together with the columns beside it.'
WEEKS_IN = Means(
    "Whole weeks since the person was enrolled: from Monday to Monday; where dates are shifted, from their own day.",
    "The age of the row, in weeks.",
)
NUMBER = "The person's check-in by its number: 1 is the first they ever had."


@dataclass(frozen=True)
class Person:
    """Each participant who had a check-in or a flag in these weeks."""

    study_id: Annotated[str, RANDOM_ID]
    language: Annotated[Language | str, Means("The language texts are written in today.", TOGETHER)]
    cohort: Annotated[str | None, Means("The cohort today.", TOGETHER, Extra.COHORT)]
    zone: Annotated[str | None, Means("The time zone today.", TOGETHER, Extra.ZONE)]
    enrolled_on: Annotated[date | None, Means("The day of enrolment.", LONG_AGO)]
    agrees_to_texts: Annotated[bool, Means("Whether they agree to texts today.")]


@dataclass(frozen=True)
class CheckInRow:
    """Each check-in that began in these weeks, of the flows that enough people had then."""

    study_id: Annotated[str, RANDOM_ID]
    check_in: Annotated[int, Means(NUMBER)]
    weeks_in: Annotated[int, WEEKS_IN]
    began_on: Annotated[date, Means("The day on which it began.", A_DAY)]
    part_of_day: Annotated[PartOfDay | None, Means(
        "When its first text left, on the person's own clock. Empty: it never left.",
        "Six hours each; the weekday is left out, which together with the week would be the day.",
    )]  # fmt: skip
    flow: Annotated[str, Means("The conversation, by the name of its file.", ENOUGH)]
    flow_version: Annotated[str, Means("The wording of the flow, by a hash of its file.")]
    channel: Annotated[str | None, Means("The channel of its first text. Empty: none could be sent.", FOLDED)]
    became: Annotated[Became, Means("What became of it. A rate is answered of answered and unanswered.")]
    answer: Annotated[Answer | None, Means("When the first answer came. Empty: none came.")]
    waited_min: Annotated[int | None, Means(
        "Whole minutes from its first text to the first answer, or to the end without one. Empty: it may come yet.",
    )]  # fmt: skip
    outcome: Annotated[Outcome | None, Means("How it ended. Empty: it still runs.")]


@dataclass(frozen=True)
class ReplyRow:
    """Each answer in these check-ins to a question with listed answers. What was answered in own words is left out."""

    study_id: Annotated[str, RANDOM_ID]
    check_in: Annotated[int, Means(NUMBER)]
    flow: Annotated[str, Means("The flow that asked.")]
    flow_version: Annotated[str, Means("Its wording, as in check_ins.")]
    question: Annotated[str, Means("The question, by the name under which its answer is kept.")]
    answer: Annotated[str, Means("The key of the answer chosen, as in questions.")]


@dataclass(frozen=True)
class QuestionRow:
    """What the questions and answers of replies say; written by the programme, not by participants."""

    flow: Annotated[str, Means("The flow that asks.")]
    flow_version: Annotated[str, Means("Its wording.")]
    question: Annotated[str, Means("The name under which its answer is kept.")]
    asks: Annotated[str | None, Means("What it asks in English; {worker} stands for the caseworker's first name.")]
    answer: Annotated[str, Means("The key of one answer.")]
    meaning: Annotated[str | None, Means("The first of the words that mean this answer.")]


@dataclass(frozen=True)
class WordingRow:
    """Which of several wordings of a question these people get, where its flow compares some; chance decides."""

    study_id: Annotated[str, RANDOM_ID]
    flow: Annotated[str, Means("The flow that asks.", ENOUGH)]
    flow_version: Annotated[str, Means("The text of the flow in which they were first asked.")]
    state: Annotated[str, Means("The step of the flow that is worded in several ways.")]
    wording: Annotated[str, Means("The name of the wording.")]
    assigned_on: Annotated[date | None, Means("When it was decided.", LONG_AGO)]
    answer: Annotated[Answer | None, Means("When the first reply after its first text came. Empty: none came.")]


@dataclass(frozen=True)
class FlagRow:
    """Each need or other reason for attention raised in these weeks. A need that is open already is not raised anew."""

    study_id: Annotated[str, RANDOM_ID]
    check_in: Annotated[int | None, Means(f"During which check-in. {NUMBER} Empty: none that is in check_ins.")]
    weeks_in: Annotated[int, WEEKS_IN]
    raised_on: Annotated[date, Means("The day on which it was raised.", A_DAY)]
    kind: Annotated[FlagKind, Means("The need, or why else a person was wanted.")]
    urgency: Annotated[Urgency, Means("How soon it wanted a person.")]
    state: Annotated[str, Means("Where it stands today: open, acknowledged or resolved.")]
    taken_after_min: Annotated[int | None, Means(
        "Whole minutes until a person first took it. Empty: nobody has, or it was closed without.",
    )]  # fmt: skip
    resolved_after_min: Annotated[int | None, Means("Whole minutes until it was resolved. Empty: it is not.")]
    resolution: Annotated[str | None, Means(
        "What became of it: helped, referred, not_reached or not_a_need. Empty: it is not resolved.",
    )]  # fmt: skip


@dataclass(frozen=True)
class TextRow:
    """Each text that came from these people in these weeks, masked."""

    study_id: Annotated[str, RANDOM_ID]
    check_in: Annotated[int | None, Means(f"During which check-in. {NUMBER} Empty: none that is in check_ins.")]
    weeks_in: Annotated[int, WEEKS_IN]
    said_on: Annotated[date, Means("The day on which it came.", A_DAY)]
    text: Annotated[str, Means(
        "Their words.",
        "Masked are names of all participants and staff, numbers of seven digits or more, e-mail addresses and links. "
        "Not masked are nicknames, names of others, streets and the story itself. A ' stands before what a spreadsheet "
        "would run.",
    )]  # fmt: skip


Row = Person | CheckInRow | ReplyRow | QuestionRow | WordingRow | FlagRow | TextRow
TABLES: Mapping[str, type[Row]] = {
    "participants": Person,
    "check_ins": CheckInRow,
    "replies": ReplyRow,
    "questions": QuestionRow,
    "wordings": WordingRow,
    "flags": FlagRow,
    "texts": TextRow,
}


def tables(extras: frozenset[Extra]) -> dict[str, tuple[Column, ...]]:
    """The tables of an export with these extras, by name, and the columns of each."""
    wanted = {name: table for name, table in TABLES.items() if table is not TextRow or Extra.TEXTS in extras}
    return {name: tuple(_columns(table, extras)) for name, table in wanted.items()}


def _columns(table: type[Row], extras: frozenset[Extra]) -> Iterator[Column]:
    hints = get_type_hints(table, include_extras=True)
    for each in fields(table):
        kind, means = get_args(hints[each.name])
        if means.only_with is None or means.only_with in extras:
            yield _column(each.name, kind, means)


def _column(name: str, kind: Any, means: Means) -> Column:
    kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    held = [each for each in kinds if each is not type(None)]
    values = tuple(member.value for each in held if issubclass(each, StrEnum) for member in each)
    others = (OTHER,) if values and str in held else ()
    type_ = next(TYPES[base] for base in held[0].__mro__ if base in TYPES)
    return Column(name, type_, type(None) in kinds, (*values, *others), means)


def generalised(
    people: Mapping[PERSON, tuple[str, ...]], smallest: int
) -> dict[PERSON, tuple[str, ...]]:
    """The values of each person, "other" in place of what would make them stand out.

    In the result at least `smallest` people share each combination of values, or all are "other" in everything
    (k-anonymity: Sweeney 2002, IJUFKS 10:557-570). The first column is kept longest.
    """
    found = dict(zip(people, _folded_columns(list(people.values()), smallest), strict=True))
    width = len(next(iter(found.values()), ()))
    for place in reversed(range(width)):
        rare = _rare(found.values(), smallest)
        found = {each: _hiding(values, place) if values in rare else values for each, values in found.items()}
    everything = (OTHER,) * width
    while rare := _rare(found.values(), smallest):  # what is left of them is hidden together with the next smallest
        counts = Counter(each for each in found.values() if each != everything)
        rare |= {min(counts, key=lambda each: (counts[each], each))} if counts else set()
        if rare == {everything}:
            break
        found = {each: everything if values in rare else values for each, values in found.items()}
    return found


def _rare(combinations: Iterable[tuple[str, ...]], smallest: int) -> set[tuple[str, ...]]:
    return {each for each, count in Counter(combinations).items() if count < smallest}


def _hiding(values: tuple[str, ...], place: int) -> tuple[str, ...]:
    return (*values[:place], OTHER, *values[place + 1 :])


def _folded_columns(rows: list[tuple[str, ...]], smallest: int) -> list[tuple[str, ...]]:
    """Each column by itself: a rare language costs nobody their cohort."""
    columns = [(column, folded(Counter(column), smallest)) for column in zip(*rows, strict=True)]
    kept = [[OTHER if value in rare else value for value in column] for column, rare in columns]
    return list(zip(*kept, strict=True)) if kept else rows


def part_of_day(local_hour: int | None) -> PartOfDay | None:
    """The part of the day of an hour of the week."""
    return None if local_hour is None else tuple(PartOfDay)[local_hour % 24 // 6]


def coarse(day: date, dates: Dates, shift_days: int) -> date:
    """The Monday before, or the day less the person's shift."""
    return day - timedelta(days=day.weekday() if dates is Dates.WEEK else shift_days)


def window(first: date, last: date, dates: Dates) -> tuple[date, date]:
    """The first and the last coarse day that may stand in an export of the weeks from one Monday to another.

    With shifted dates all people's rows begin and end on the same days, whatever their shift: else somebody who was
    there all the time would tell it by their first row (shift and truncate: Hripcsak et al. 2016, JAMIA 23:1040-1045).
    So each loses MOST_SHIFT_DAYS days of rows in all.
    """
    end = last + timedelta(days=6)
    return first, end - timedelta(days=MOST_SHIFT_DAYS) if dates is Dates.SHIFTED else end


def cells(row: Row, columns: tuple[Column, ...]) -> tuple[Any, ...]:
    """What of a row stands in these columns."""
    return tuple(getattr(row, column.name) for column in columns)


def codebook(of: Mapping[str, tuple[Column, ...]], smallest: int) -> list[tuple[str, ...]]:
    """The codebook of these tables: a line of headings, then one for each column."""
    head = ("table", "column", "type", "may be empty", "meaning", "values", "coarsened")
    return [head, *(_line(name, column, smallest) for name, columns in of.items() for column in columns)]


def _line(table: str, column: Column, smallest: int) -> tuple[str, ...]:
    empty = "yes" if column.may_be_empty else "no"
    says, coarsened = column.means.told(smallest)
    return (table, column.name, column.type, empty, says, ", ".join(column.values), coarsened)
