"""
Writing files so that a killed process leaves the old file or the new one, never a part.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from rtkcontract.errors import CannotTell


def writable(folder: Path) -> None:
    """
    Raises CannotTell unless files can be written into a folder, which is made where it is not there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=f".{os.getpid()}-", suffix=".part", dir=folder):
            pass
    except OSError as error:
        raise CannotTell(f"{folder} cannot be written to: {error.strerror}; name another folder") from None


def write_whole(path: Path, content: bytes) -> None:
    """
    The old file or the new one, never a part: a temporary file beside it, then a rename. Raises CannotTell.

    A device or a pipe, such as /dev/stdout, takes the content as it is.
    """
    temporary, path = "", Path(os.path.realpath(path))
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(content)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{os.getpid()}-", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        os.replace(temporary, path)  # noqa: PTH105 - the rename is the point
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108 - "" where no file was made
        raise CannotTell(f"{path} cannot be written: {error.strerror}; what was there is unchanged") from None


def sweep(folder: Path, pattern: str = "**/.*-*.part") -> int:
    """
    Removes what killed recordings left below a folder, and says how many; a living process keeps its own.
    """
    swept = 0
    for path in folder.glob(pattern):
        process = path.name[1:].partition("-")[0]
        if process.isdigit() and not _alive(int(process)):
            with contextlib.suppress(OSError):
                path.unlink()
                swept += 1
    return swept


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
