"""What native code does at its worst, done on purpose: for tests of whoever supervises an engine."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from typing import Literal

Fault = Literal["none", "die", "hang", "eat", "raise"]

_BLOCK = 64 << 20


def commit(fault: Fault) -> None:
    """Do it: die by a signal, hang in C while holding the interpreter, take memory without end, or raise what nobody expects."""
    if fault == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault == "hang":
        ctypes.PyDLL(None).sleep(10_000)  # PyDLL, unlike CDLL, does not let go of the interpreter
    elif fault == "eat":
        eaten = []
        while True:
            eaten.append(bytearray(os.urandom(1024)) * (_BLOCK // 1024))
            time.sleep(0.01)
    elif fault == "raise":
        raise ArithmeticError("a fault that a test asked for")
