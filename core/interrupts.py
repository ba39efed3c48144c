"""Ctrl-C while the command's modules are imported, which takes a second or two: it ends without a traceback.

Imported as anything else, the package leaves signals to who imports it.
"""

import os
import signal
import sys
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

#: The status of a command that Ctrl-C stopped, as a shell has it: 128 and the signal.
STOPPED = 130


def _stop(*_: Any) -> None:
    os._exit(STOPPED)  # nothing has been written, and no thread is waited for


def stop_at_once() -> None:
    """From here on, Ctrl-C ends the process at once, if it is the command's."""
    program = sys.argv[0] if getattr(sys, "argv", None) else ""
    # what ``python -m`` runs is called so until its package is imported
    ours = program == "-m" and ("-m", __package__) in pairwise(sys.orig_argv)
    if (ours or Path(program).stem == "init-lab") and _is(signal.default_int_handler):
        with suppress(ValueError):  # of another thread than the main one
            signal.signal(signal.SIGINT, _stop)


def raise_again() -> None:
    """From here on, Ctrl-C raises KeyboardInterrupt again."""
    if _is(_stop):
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _is(handler: object) -> bool:
    return signal.getsignal(signal.SIGINT) is handler
