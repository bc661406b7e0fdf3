"""`python -m tests.faults.other_clock SECONDS COMMAND…`: the command, on a machine whose clock is so far ahead."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import time_machine

from cli.main import main

if __name__ == "__main__":
    ahead = timedelta(seconds=float(sys.argv.pop(1)))
    with time_machine.travel(datetime.now(UTC) + ahead, tick=True):
        main()
