"""`antin rebuild` in a process of its own that dies when it says for the n-th time how far it has come.

python -m tests.crashes.rebuild_child N before|after CONFIG
"""

from __future__ import annotations

import itertools
import os
import signal
import sys

from api import cli
from archive.catalogue import rebuild_rows

real, turns = rebuild_rows.change, itertools.count(1)


def change(conn, **values) -> None:
    last = next(turns) == int(sys.argv[1])
    if last and sys.argv[2] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    real(conn, **values)
    if last:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    rebuild_rows.change = change
    cli.main(["rebuild", "--config", sys.argv[3]])
