"""
Work in a second process: the same answer as in this one, whatever becomes of the other.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

HELPER = """
import os, sys, time
from rtkcontract.engine.beside import beside
from rtkcontract.errors import CannotTell

def own():
    return os.getpid() == OWN

OWN = os.getpid()
"""


def run(program: str, *, timeout_s: float = 60) -> str:
    """
    What a program without threads prints; pytest itself may have some.
    """
    done = subprocess.run(
        [sys.executable, "-c", HELPER + textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.strip()


needs_two = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="a second process needs Linux and a second core"
)


@needs_two
def test_it_is_done_in_another_process() -> None:
    assert "False 42" == run("found = beside(lambda progress: (own(), 6 * 7))(None); print(*found)")


@needs_two
def test_it_goes_on_meanwhile() -> None:
    assert "waited 0, answered" == run("""
        reading, writing = os.pipe()
        answer = beside(lambda progress: os.read(reading, 1))
        print("waited 0", end=", ")
        os.write(writing, b"x")
        assert answer(None) == b"x"
        print("answered")
    """)


@needs_two
def test_progress_comes_through() -> None:
    assert "True" == run("""
        def work(progress):
            for done in range(4):
                time.sleep(0.15)
                progress(done, 4)
        heard = []
        beside(work)(lambda done, total: heard.append((done, total)))
        print(bool(heard) and set(heard) <= {(0, 4), (1, 4), (2, 4), (3, 4)})
    """)


@needs_two
def test_an_answer_that_is_lost_is_worked_out_here() -> None:
    assert "True True" == run("""
        import signal
        def killed(progress):
            if not own():
                os.kill(os.getpid(), signal.SIGKILL)
            return own()
        def silent(progress):
            if not own():
                os._exit(3)
            return own()
        print(beside(killed)(None), beside(silent)(None))
    """)


def test_what_goes_wrong_there_is_raised_here() -> None:
    assert "the schema is cut off" == run("""
        def broken(progress):
            raise CannotTell("the schema is cut off")
        answer = beside(broken)
        try:
            answer(None)
        except CannotTell as error:
            print(error)
    """)


@needs_two
def test_it_holds_no_stream_of_a_process_that_has_ended() -> None:
    program = HELPER + "beside(lambda progress: time.sleep(60))\nprint(OWN)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            told, _ = process.communicate(timeout=30)  # to its end: whoever else holds it would keep us here
        finally:
            os.killpg(process.pid, signal.SIGKILL)
    assert int(told) == process.pid


@needs_two
def test_it_ends_when_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    told = tmp_path / "process"
    assert "" == run(f"""
        def endless(progress):
            with open({str(told)!r}, "w") as file:
                file.write(str(os.getpid()))
            while True:
                progress(1, 2)
                time.sleep(0.05)
        beside(endless)
        while not os.path.exists({str(told)!r}) or not os.path.getsize({str(told)!r}):
            time.sleep(0.01)
    """)
    other = int(told.read_text())
    for _ in range(300):
        if not _alive(other):
            return
        time.sleep(0.1)
    os.kill(other, signal.SIGKILL)
    pytest.fail("the second process goes on and on")


def _alive(process: int) -> bool:
    """
    Whether a process runs; one that has ended may still be listed.
    """
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_it_can_be_asked_for_again() -> None:
    assert "[1] [1]" == run("""
        answer = beside(lambda progress: [1])
        print(answer(None), answer(lambda done, total: None))
    """)


def test_with_a_thread_running_nothing_is_forked() -> None:
    assert "True" == run("""
        import threading
        ended = threading.Event()
        threading.Thread(target=ended.wait).start()
        answer = beside(lambda progress: own())
        print(answer(None))
        ended.set()
    """)


@pytest.mark.parametrize("count", [0, 1, 7, 100])
def test_many_items_are_shared_out_and_come_back_in_order(count: int) -> None:
    done = run(f"""
        from rtkcontract.engine.beside import shared
        def squares(share, progress):
            for done in range(len(share)):
                progress(done + 1, len(share))
            return [(one * one, own()) for one in share]
        heard = []
        found = shared(squares, range({count}), 10)(lambda done, total: heard.append((done, total)))
        assert [square for square, _ in found] == [one * one for one in range({count})]
        assert all(0 < done <= total for done, total in heard)
        print(len({{here for _, here in found}}))
    """)

    several = sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1 and count >= 20
    assert done == ("2" if several else "1" if count else "0")
