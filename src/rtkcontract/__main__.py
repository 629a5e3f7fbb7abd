"""
The program `rtkcontract`, also as `python -m rtkcontract`.
"""

from __future__ import annotations

import os
import signal


def run() -> None:
    """
    Call the command line. A signal that comes while it is still imported ends the process without a traceback.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: os._exit(128 + number))
    from rtkcontract.cli.main import main

    main(prog_name="rtkcontract")


if __name__ == "__main__":
    run()
