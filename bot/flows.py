"""Reading the directory of flows: what is usable, and what is wrong with the rest."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import structlog

from bot.config import ROOT
from bot.core import needs
from bot.core.always import Always, parse_always
from bot.core.escalation import Policy
from bot.core.flow import Flow, FlowError, parse
from bot.core.flow_check import check, check_always
from bot.core.kinds import Found
from bot.core.needs.phrases import Table, faults, read_table
from bot.core.quick_answers import QuickAnswer, check_quick_answers, parse_quick_answers
from bot.policy import POLICY, PolicyError, load_policy

log = structlog.get_logger()

ALWAYS = "always.toml"
WORDS = "words.toml"
QUICK = "quick_answers.toml"
SHIPPED = ROOT / "flows" / POLICY
FILE = re.compile(r"[\w.-]+\.toml")
NO_FLOWS = (ALWAYS, WORDS, POLICY, QUICK)


class Shelf(Protocol):
    """What conversations are made of, as it stands now."""

    @property
    def flows(self) -> Mapping[str, Flow]:
        """Every usable flow by name."""

    @property
    def always(self) -> Always:
        """The texts of no flow."""

    @property
    def words(self) -> Table:
        """The programme's own words for needs."""

    @property
    def policy(self) -> Policy:
        """Whom alerts reach, how and when."""

    @property
    def quick_answers(self) -> tuple[QuickAnswer, ...]:
        """What staff answer with one press."""

    @property
    def problems(self) -> tuple[str, ...]:
        """A line for each thing that is wrong."""

    def as_it_stands(self) -> "FlowShelf":
        """The same, for whoever asks much at once: to see whether a file was changed takes a while each time."""


@dataclass(frozen=True)
class FlowShelf:
    """Every usable flow by name, the texts of no flow, local words, the policy on alerts, quick answers, and a line for
    each thing that is wrong.
    """

    flows: Mapping[str, Flow]
    always: Always
    policy: Policy
    problems: tuple[str, ...] = ()
    words: Table = Table()
    quick_answers: tuple[QuickAnswer, ...] = ()

    def as_it_stands(self) -> "FlowShelf":
        return self


def load_flows(directory: Path, before: FlowShelf | None = None) -> FlowShelf:
    """Read every flow of a directory. A broken flow is left out, with its problems, and stops no other.

    Of broken local words those `before` stay in use, or none; of a broken policy the one before, or the one that ships
    with Standby. Raises FlowError where always.toml is missing or wrong: without the safety text nothing may be sent.
    """
    always = _always(directory / ALWAYS)
    words, wrong_words = load_words(directory / WORDS, before.words if before else Table())
    policy, wrong_policy = _policy(directory / POLICY, before)
    quick, wrong_quick = load_quick_answers(directory / QUICK, before.quick_answers if before else ())
    others = (path for path in sorted(directory.glob("*.toml")) if path.name not in NO_FLOWS)
    read = {path.stem: _read(path) for path in others}
    flows = {name: flow for name, flow in read.items() if isinstance(flow, Flow)}
    problems = {name: [flow] for name, flow in read.items() if isinstance(flow, str)}
    problems |= {name: [str(each) for each in check(flow, set(read), always)] for name, flow in flows.items()}
    return FlowShelf(
        flows=MappingProxyType({name: flow for name, flow in flows.items() if not problems[name]}),
        always=always,
        words=words,
        policy=policy,
        quick_answers=quick,
        problems=(*wrong_words, *wrong_policy, *wrong_quick, *chain(*(problems[name] for name in sorted(problems)))),
    )


class LiveShelf:
    """The shelf of a directory, read anew when a file in it changes: staff edit, nobody has to restart anything.

    Raises FlowError at the start as load_flows does. Later an unusable always.toml leaves the last good shelf in use,
    with the fault among its problems.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._seen = _stamps(directory)
        self._shelf = _noted(load_flows(directory))

    @property
    def flows(self) -> Mapping[str, Flow]:
        return self.as_it_stands().flows

    @property
    def always(self) -> Always:
        return self.as_it_stands().always

    @property
    def words(self) -> Table:
        return self.as_it_stands().words

    @property
    def policy(self) -> Policy:
        return self.as_it_stands().policy

    @property
    def quick_answers(self) -> tuple[QuickAnswer, ...]:
        return self.as_it_stands().quick_answers

    @property
    def problems(self) -> tuple[str, ...]:
        return self.as_it_stands().problems

    def as_it_stands(self) -> FlowShelf:
        stamps = _stamps(self._directory)
        if stamps != self._seen:
            self._seen = stamps
            self._shelf = self._read_anew()
        return self._shelf

    def _read_anew(self) -> FlowShelf:
        try:
            return _noted(load_flows(self._directory, self._shelf))
        except FlowError as error:
            return _noted(replace(self._shelf, problems=(str(error),)))


def broken_files(shelf: Shelf) -> list[str]:
    """The names of files with mistakes: flows of which no check-in starts, and others that stay as they were before."""
    return sorted({name for problem in shelf.problems for name in FILE.findall(problem)[:1]})


def read_with(shelf: Shelf, text: str) -> Found:
    """Read a message with what ships with Standby and with the programme's own words, as they stand now."""
    detector = needs.shipped()
    return replace(detector, tables=(*detector.tables, shelf.words)).find(text)


def _stamps(directory: Path) -> frozenset[tuple[str, int, int]]:
    """What changes when a file of the directory is written, added or taken away."""
    states = [(path.name, path.stat()) for path in directory.glob("*.toml")]
    return frozenset((name, state.st_mtime_ns, state.st_size) for name, state in states)


def _noted(shelf: FlowShelf) -> FlowShelf:
    for problem in shelf.problems:
        log.error("flow_problem", problem=problem)
    return shelf


def _read(path: Path) -> Flow | str:
    """The flow of one file, or why it cannot be read."""
    try:
        return parse(path.stem, path.read_text(encoding="utf-8"))
    except (FlowError, OSError) as error:
        return str(error)
    except UnicodeDecodeError:
        return f"{path.name}: not a UTF-8 text; save it again as UTF-8"


def load_words(path: Path, before: Table) -> tuple[Table, tuple[str, ...]]:
    """The programme's own words, or those from `before` where something is wrong, and what. No file, no words."""
    try:
        table = read_table(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Table(), ()
    except UnicodeDecodeError:
        return before, (f"{path.name}: not a UTF-8 text; save it again as UTF-8{_until_mended(before)}",)
    except (OSError, ValueError, TypeError) as error:
        return before, (f"{path.name}: {error}{_until_mended(before)}",)
    wrong = tuple(f"{path.name}: {fault}{_until_mended(before)}" for fault in faults(table))
    return (before, wrong) if wrong else (table, ())


def _until_mended(before: Table) -> str:
    kept = "the words stay as they were before" if before.rules else "none of these words count"
    return f"; until this is mended {kept}"


def load_quick_answers(
    path: Path, before: tuple[QuickAnswer, ...]
) -> tuple[tuple[QuickAnswer, ...], tuple[str, ...]]:
    """The answers of this file, or those from `before` where something is wrong, and what. No file, no answers."""
    try:
        answers = parse_quick_answers(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return (), ()
    except (FlowError, OSError, UnicodeDecodeError) as error:
        return before, (str(error) if isinstance(error, FlowError) else f"{path.name}: cannot be read: {error}",)
    wrong = tuple(map(str, check_quick_answers(answers)))
    return (before, wrong) if wrong else (answers, ())


def _policy(path: Path, before: FlowShelf | None) -> tuple[Policy, tuple[str, ...]]:
    """The policy of this file, and what is wrong with it: then the last good one stays, as somebody must be alerted."""
    try:
        return load_policy(path), ()
    except PolicyError as error:
        kept, which = (before.policy, "as it was before") if before else (load_policy(SHIPPED), "as it ships")
        return kept, tuple(f"{line}; until this is mended the policy stays {which}" for line in str(error).splitlines())


def _always(path: Path) -> Always:
    try:
        always = parse_always(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FlowError(f"{path.name}: cannot be read: {error}") from error
    if problems := check_always(always):
        raise FlowError("\n".join(map(str, problems)))
    return always
