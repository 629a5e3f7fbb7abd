"""
Keeps secrets out of logs and test output; the only module that changes what other libraries write.

1. httpx logs whole addresses at INFO, vcrpy whole answers: both stay at WARNING, whatever level a user asks for.
2. Every other log record is redacted when it is made, so every handler, file and report gets the redacted one.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

QUIET: Final = ("httpx", "httpcore", "vcr", "urllib3", "hpack", "asyncio")


def quiet_loggers() -> None:
    """
    Pins the loggers of QUIET and all below them to WARNING.
    """
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
        # A level of its own would let a child speak again.
        for child, logger in list(logging.root.manager.loggerDict.items()):
            if child.startswith(name + ".") and isinstance(logger, logging.Logger):
                logger.setLevel(logging.WARNING)


@contextlib.contextmanager
def redacted_logs(redact: Callable[[str], str]) -> Iterator[None]:
    """
    While open, log records hold redacted text alone: message, arguments, traceback and stack.
    """
    quiet_loggers()
    make = logging.getLogRecordFactory()
    plain = logging.Formatter()

    def made(*args: Any, **kwargs: Any) -> logging.LogRecord:  # as the logging module calls it
        record = make(*args, **kwargs)
        try:
            text = record.getMessage()
        except Exception:  # broken arguments must not take the run down, nor be shown
            text = f"a log message of {record.name} that cannot be put together"
        record.msg, record.args = redact(text), ()
        if record.exc_info and record.exc_info[0]:
            # A formatter that finds this text does not look at the exception again.
            record.exc_text = redact(plain.formatException(record.exc_info))
            record.exc_info = None
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return record

    logging.setLogRecordFactory(made)
    try:
        yield
    finally:
        logging.setLogRecordFactory(make)


def redact_report(report: Any, redact: Callable[[str], str]) -> None:  # a pytest report; pytest is not known here
    """
    Redacts what a pytest report shows: the failure with its locals, captured output, user properties.

    To be called from `pytest_runtest_logreport` or `pytest_runtest_makereport`, before any other plugin reads it.
    """
    longrepr = getattr(report, "longrepr", None)
    if isinstance(longrepr, tuple):
        path, line, reason = longrepr
        report.longrepr = (path, line, redact(str(reason)))
    elif longrepr is not None:
        report.longrepr = redact(str(longrepr))
    report.sections = [(title, redact(text)) for title, text in getattr(report, "sections", ())]
    report.user_properties = [
        (name, _redacted(value, redact)) for name, value in getattr(report, "user_properties", ())
    ]


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:  # whatever a test put into its properties
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {name: _redacted(item, redact) for name, item in value.items()}
    return value
