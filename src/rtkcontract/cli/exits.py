"""
How every verb ends: the one place where what happened becomes an exit code and at most one line on stderr.

1. 0 clean, 1 findings, 2 could not tell; 130 after Ctrl-C and 143 after SIGTERM. docs/exit-codes.md has the table.
2. A signal, and output that nobody takes any more, interrupt a verb: what it has found by then is shown and saved.
3. An error that nobody expected is one line, too; DEBUG_VARIABLE=1 shows its traceback.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, Any, Final, NoReturn

import click

from rtkcontract.errors import CannotTell
from rtkcontract.redaction.terminal import shown

DEBUG_VARIABLE: Final = "RTKCONTRACT_DEBUG"


SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def say(text: str, *, err: bool = False, raw: bool = False, styled: bool = False) -> None:
    """
    Print a text with a line break at its end: the one way to a screen.

    `raw` is for a document that a tool reads, whose format has no place for control characters; `styled` keeps colours.
    """
    stream = sys.stderr if err else sys.stdout
    if stream is None:
        return
    stream.write(text if raw else shown(text, styled=styled))
    if not text.endswith("\n"):
        stream.write("\n")
    stream.flush()


class Interrupted(KeyboardInterrupt):
    """
    A signal came. Of its own class: an interpreter that met KeyboardInterrupt itself inside `exec` kills itself at its
    end, whatever was made of it.
    """


class OutputLost(KeyboardInterrupt):
    """
    What is printed goes nowhere: the disk is full, or the reader has gone.
    """


class Output:
    """
    A stream that tells at its first failure, and takes and drops everything after it.
    """

    def __init__(self, stream: IO[str] | None, *, quiet: bool = False) -> None:
        self._stream = stream or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process
        self._open, self._quiet, self.lost = stream is not None, quiet, ""

    def __getattr__(self, name: str) -> Any:  # whatever a text stream has
        return getattr(self._stream, name)

    def _tried(self, act: Callable[[], object]) -> None:
        if self.lost:
            return
        try:
            if not self._open:
                raise OSError("it is closed")
            act()
        except (OSError, ValueError) as error:
            told = getattr(error, "strerror", None) or str(error)
            self.lost = "its reader has gone" if isinstance(error, BrokenPipeError) else told
            _discard(self._stream)
            if not self._quiet:
                raise OutputLost from None

    def write(self, text: str) -> int:
        if not isinstance(text, str):  # click finds out so what kind of stream it is
            raise TypeError("a text is written here")
        if text:
            self._tried(lambda: self._stream.write(text))
        return len(text)

    def writelines(self, lines: Sequence[str]) -> None:
        self.write("".join(lines))

    def flush(self) -> None:
        if self._open:
            self._tried(self._stream.flush)


def _discard(stream: IO[str]) -> None:
    """
    Lets what a stream still holds go nowhere, so that the interpreter does not fail over it as it ends.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class Verbs(click.Group):
    """
    A group whose verbs end as this module says.
    """

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        try:
            return super().make_context(*args, **extra)
        except OutputLost:  # click would begin a line for it
            raise click.Abort from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OutputLost:
            raise click.Abort from None
        except (click.exceptions.Exit, click.ClickException, click.Abort, CannotTell):
            raise
        except Exception as error:  # click would take a closed pipe for 1
            raise CannotTell(_unexpected(error)) from None

    def main(  # type: ignore[override]  # it does not return
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        words = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False

        def called() -> int:
            refuse_empty(words)
            code = super(Verbs, self).main(words, prog_name, **extra)
            return code if isinstance(code, int) else 0

        with _streams() as (out, err):
            code = _ended(called, out)
            with contextlib.suppress(KeyboardInterrupt):
                out.flush()
            err.flush()
            if out.lost and code not in (130, 143):
                say(f"rtkcontract: the output cannot be written: {out.lost}; nothing can be told", err=True)
                code = 2
        sys.exit(code)


def _ended(called: Callable[[], int], out: Output) -> int:
    """
    The exit code of a verb.
    """
    caught: list[int] = []
    try:
        with _signals(caught):
            code = called()
    except CannotTell as error:
        say(f"rtkcontract: {error}", err=True)
        code = 2
    except click.ClickException as error:
        error.show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        code = 2 if out.lost else 130
    return 128 + caught[0] if caught else code


@contextlib.contextmanager
def _signals(caught: list[int]) -> Iterator[None]:
    """
    While open, Ctrl-C and SIGTERM interrupt in the same way; a signal that is ignored stays so.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        raise Interrupted

    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                with contextlib.suppress(ValueError):  # not the main thread
                    signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            with contextlib.suppress(ValueError):
                signal.signal(number, handler)


@contextlib.contextmanager
def _streams() -> Iterator[tuple[Output, Output]]:
    """
    Both streams as Output, and no character that their encoding has not.
    """
    before = sys.stdout, sys.stderr
    for number in range(3):  # else the first file that is opened takes the place of a closed stream
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for stream in before:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    out, err = Output(sys.stdout), Output(sys.stderr, quiet=True)
    sys.stdout, sys.stderr = out, err
    try:
        yield out, err
    finally:
        sys.stdout, sys.stderr = before


def refuse_empty(words: Sequence[str]) -> None:
    """
    Raises CannotTell for an option with an empty value: a variable that is not set must not send a run elsewhere.
    """
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        name = word[:-1] if re.fullmatch(r"--[a-z-]+=", word) else before if not word and before[:1] == "-" else ""
        if name:
            raise CannotTell(f"{name} has an empty value; is a variable not set? Leave the option out, or give a value")


def _unexpected(error: Exception) -> str:
    """
    One line for an error that nobody expected, without its own words: they may quote what was sent.
    """
    if os.environ.get(DEBUG_VARIABLE):
        say("".join(traceback.format_exception(error)), err=True)
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "rtkcontract" in frame.filename]
    place = f" in {Path(ours[-1].filename).name}, line {ours[-1].lineno}" if ours else ""
    system = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    return (
        f"a fault of this toolkit: {type(error).__name__}{system}{place}; "
        f"{DEBUG_VARIABLE}=1 shows where it comes from, and may show what was sent"
    )
