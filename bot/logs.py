"""Logging: one line a happening, ids only. Words, names and numbers of people never go in."""

import logging

import structlog


def set_up(level: int = logging.INFO) -> None:
    """Send logs from this level to standard error, one line each, errors with their traceback, never with local values.

    `level` is one of the logging module's.
    """
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], drop_missing=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(),
    )
