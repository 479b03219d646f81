"""Keeps keys in memory from reaching a disk: no core files, nothing left in the environment.

What is not promised: whoever is administrator of a running machine reads its memory.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_DUMPABLE = 4  # linux/prctl.h
NO_ERROR_BOX = 0x0001 | 0x0002  # SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX


def harden() -> None:
    """Let no crash of this process leave a file with its memory.

    Linux: no core file, and none for a program that collects them; neither debuggers nor other
    processes of the same user read its memory. macOS: no core file. Windows: no error report for
    a crash. Child processes have the limit, too; on Linux they call this themselves for the rest.
    """
    if sys.platform == "win32":
        ctypes.windll.kernel32.SetErrorMode(NO_ERROR_BOX)
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard != 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def take_variable(name: str) -> str | None:
    """Return an environment variable and remove it, so that child processes do not have it.

    The text that the system keeps of a process's first environment is overwritten as well.
    """
    names = [found for found in os.environ if found.upper() == name]
    value = None
    for found in names:
        value = os.environ[found]
        _overwrite(found)
        del os.environ[found]
    return value


def _overwrite(name: str) -> None:
    """Put crosses over the value in the C library's environment; Windows keeps no such text."""
    if sys.platform == "win32":
        return
    getenv = ctypes.CDLL(None).getenv
    getenv.argtypes, getenv.restype = [ctypes.c_char_p], ctypes.c_void_p
    place = getenv(os.fsencode(name))
    if place:
        ctypes.memset(place, ord("x"), len(ctypes.string_at(place)))
