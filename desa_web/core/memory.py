"""Memory that a short effort took and that the C library would keep: handed back to the system.

A server of 60 MB must not stay at its largest because an index was made once. Only glibc needs to
be told; elsewhere nothing happens.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

# glibc's malloc.h
_M_ARENA_MAX = -8


def share_one_arena() -> None:
    """Keep glibc from making a heap for each thread; our threads compute one at a time anyway.

    Measured: 59 MB instead of 67 after a few hundred uncached pages.
    """
    set_option = _of_glibc("mallopt")
    if set_option is not None:
        set_option(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Return free pages of the heap to the system: a few milliseconds, once after much work."""
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


@cache
def _of_glibc(name: str) -> Callable[..., int] | None:
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError, TypeError):
        # musl has neither of the two, Windows and macOS no such library.
        return None
    return found
