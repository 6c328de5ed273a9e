"""Reading the directory of flows: what is usable, and what is wrong with the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bot.core.always import Always, parse_always
from bot.core.flow import Flow, FlowError, parse
from bot.core.flow_check import check, check_always

ALWAYS = "always.toml"


@dataclass(frozen=True)
class FlowShelf:
    """Every usable flow by name, the texts of no flow, and a line for each thing that is wrong."""

    flows: Mapping[str, Flow]
    always: Always
    problems: tuple[str, ...] = ()


def load_flows(directory: Path) -> FlowShelf:
    """Read every flow of a directory. A broken flow is left out, with its problems, and stops no other.

    Raises FlowError where always.toml is missing or wrong: without the safety text nothing may be sent.
    """
    always = _always(directory / ALWAYS)
    read = {path.stem: _read(path) for path in sorted(directory.glob("*.toml")) if path.name != ALWAYS}
    flows = {name: flow for name, flow in read.items() if isinstance(flow, Flow)}
    problems = {name: [flow] for name, flow in read.items() if isinstance(flow, str)}
    problems |= {name: [str(each) for each in check(flow, set(read), always)] for name, flow in flows.items()}
    return FlowShelf(
        flows=MappingProxyType({name: flow for name, flow in flows.items() if not problems[name]}),
        always=always,
        problems=tuple(each for name in sorted(problems) for each in problems[name]),
    )


def _read(path: Path) -> Flow | str:
    """The flow of one file, or why it cannot be read."""
    try:
        return parse(path.stem, path.read_text(encoding="utf-8"))
    except (FlowError, OSError) as error:
        return str(error)
    except UnicodeDecodeError:
        return f"{path.name}: not a UTF-8 text; save it again as UTF-8"


def _always(path: Path) -> Always:
    try:
        always = parse_always(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FlowError(f"{path.name}: cannot be read: {error}") from error
    if problems := check_always(always):
        raise FlowError("\n".join(map(str, problems)))
    return always
