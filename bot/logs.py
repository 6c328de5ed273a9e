"""Logging: one line a happening, ids only. Words, names and numbers of people never go in.

An exception's own message may quote what a person texted, and a carrier's or a driver's often quotes a number. So
errors are told by type and place; the message follows only where it is known to speak of the machine alone.
"""

import logging
import os
import sys
import threading
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from traceback import FrameSummary, extract_tb
from types import TracebackType
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError

from bot.config import ConfigError
from bot.core.flow import FlowError

CHAIN_ENDS_AFTER = 8
OURS = Path(__file__).resolve().parent.parent

log = structlog.get_logger()


def set_up(level: int = logging.INFO) -> None:
    """Send logs from this level to standard error, one line each; errors by type and place, without their words.

    `level` is one of the logging module's. Libraries are heard from WARNING on.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _tell_exception,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], drop_missing=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    sys.excepthook, threading.excepthook = _tell_uncaught, _tell_uncaught_in_thread


def told(error: BaseException) -> str:
    """An exception and what led to it, by type and by the lines it came through, in one line without its words."""
    return " from ".join(_one(each) for each in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(CHAIN_ENDS_AFTER):
        if error is None:
            return
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _one(error: BaseException) -> str:
    frames = extract_tb(error.__traceback__)
    places = [_place(frame) for frame in frames[:-1] if _is_ours(frame)] + [_place(frame) for frame in frames[-1:]]
    parts = [type(error).__name__, _harmless_words(error), f"at {' > '.join(places)}" if places else ""]
    return " ".join(part for part in parts if part)


def _is_ours(frame: FrameSummary) -> bool:
    return frame.filename.startswith(str(OURS)) and "site-packages" not in frame.filename


def _place(frame: FrameSummary) -> str:
    name = Path(frame.filename).relative_to(OURS) if _is_ours(frame) else Path(frame.filename).name
    return f"{name}:{frame.lineno} {frame.name}"


def _harmless_words(error: BaseException) -> str:
    """What speaks of files, connections and settings, which whoever runs it needs, and never of people."""
    match error:
        case ConfigError() | FlowError():
            return f"({' '.join(str(error).split())})"
        case OperationalError():
            return f"({' '.join(str(error.orig).split())})"
        case OSError(errno=int(number)):
            return f"({os.strerror(number)})"
    return ""


def _tell_exception(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    wanted = event.pop("exc_info", None)
    if wanted is True:
        wanted = sys.exc_info()[1]
    if isinstance(wanted, tuple):
        wanted = wanted[1]
    if isinstance(wanted, BaseException):
        event["exception"] = told(wanted)
    return event


class _OneLine(logging.Formatter):
    """What libraries log, their exceptions told as ours are."""

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        return " ".join([*record.getMessage().split(), *([told(error)] if error else [])])


def _tell_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        log.critical("ended_by", exc_info=error)


def _tell_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    log.critical("thread_ended_by", exc_info=args.exc_value)
