"""
Work done in a second process while this one goes on.

It is the same work with the same answer: where no second process can be had, or it ends without an answer, the work is
done when its answer is asked for.
"""

from __future__ import annotations

import functools
import gc
import itertools
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeAlias, TypeVar

from rtkcontract.model import Progress

S = TypeVar("S")


T = TypeVar("T")


Work: TypeAlias = Callable[[Progress | None], T]


@dataclass(frozen=True, slots=True, eq=False)
class Begun(Generic[T]):
    """
    Work that has begun, and the options that it was begun for.
    """

    options: Mapping[str, str | None]
    answer: Work[T]


def beside(work: Work[T]) -> Work[T]:
    """
    Begins the work; what comes back waits for its answer, which has to be one that can be pickled.
    """
    if not _can_fork():
        return work
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except OSError:  # there are too many processes already
        os.close(reading)
        os.close(writing)
        return work
    if not child:
        os.close(reading)
        _answer(work, writing)
    os.close(writing)
    answers: list[T] = []

    def answer(progress: Progress | None) -> T:
        if not answers:
            answers.append(_received(reading, work, progress))
            with suppress(ChildProcessError):
                os.waitpid(child, 0)
        return answers[0]

    return answer


def shared(work: Callable[[Sequence[S], Progress | None], list[T]], items: Sequence[S], least: int) -> Work[list[T]]:
    """
    Begins the work on many items, with a process a core and at least `least` items each; what comes back does the first
    share itself, and has the answers in the order of the items.
    """
    count = max(1, min(len(os.sched_getaffinity(0)), len(items) // least)) if _can_fork() else 1
    cuts = [len(items) * number // count for number in range(count + 1)]
    own, *others = [items[start:end] for start, end in itertools.pairwise(cuts)]
    begun = [beside(functools.partial(work, share)) for share in others]

    def answer(progress: Progress | None) -> list[T]:
        # The others are taken to be as far as this one is.
        alike = progress and (lambda done, total: progress(done * count, total * count))
        return [*work(own, alike), *itertools.chain.from_iterable(share(None) for share in begun)]

    return answer


def _received(reading: int, work: Work[T], progress: Progress | None) -> T:
    try:
        with os.fdopen(reading, "rb") as pipe:
            while (told := pickle.load(pipe))[0] == "progress":  # noqa: S301  # our own process wrote it
                if progress is not None:
                    progress(*told[1])
    except (EOFError, pickle.UnpicklingError):  # it failed, or was killed: done here, its error is told
        return work(progress)
    answer: T = told[1]
    return answer


def _can_fork() -> bool:
    """
    Whether there is a second core, and nothing that a fork could catch in the middle: a thread, or macOS' frameworks.
    """
    return sys.platform == "linux" and threading.active_count() == 1 and len(os.sched_getaffinity(0)) > 1


def _answer(work: Work[T], writing: int) -> NoReturn:
    """
    Does the work in the second process, and ends it.
    """
    told_at, first = time.monotonic(), os.getppid()

    def progress(done: int, total: int) -> None:
        nonlocal told_at
        if time.monotonic() > told_at + 0.1:
            told_at = time.monotonic()
            if os.getppid() != first:  # nobody waits for this any more
                os._exit(0)
            pickle.dump(("progress", (done, total)), pipe)
            pipe.flush()

    gc.disable()  # what it makes is gone with it
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):  # whoever reads what the first process prints need not wait for this one
            os.dup2(nowhere, stream)
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(("answer", work(progress)), pipe)
    finally:
        os._exit(0)
