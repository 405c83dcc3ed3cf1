"""How long to wait before a source is asked again: its own rhythm, patience after failures.

Pure arithmetic; nothing here knows the clock or the database.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

QUARTER_S = 15 * 60
DAY_S = 24 * 3600
FIRST_S = 3600
_BACK_OFF_S = 5 * 60
# Asked eight times between two pieces of news, a source is never late by more than an eighth.
_LOOKS_PER_NEWS = 8
_JITTER = 0.2


def interval_s(news_ms: Sequence[int], now_ms: int) -> int:
    """Return how often to ask, from the times of the last news (newest first)."""
    past = [at for at in news_ms[:10] if at <= now_ms]
    if not past:
        return FIRST_S
    # The silence since the newest counts as well: who fell silent is asked less and less.
    gap_s = (now_ms - past[-1]) / len(past) / 1000
    return round(min(max(gap_s / _LOOKS_PER_NEWS, QUARTER_S), DAY_S))


def slower_s(before_s: int, silence_ms: int) -> int:
    """Return the rhythm of a source that had nothing new again: silence slows it down."""
    return round(min(max(before_s, silence_ms / 1000 / _LOOKS_PER_NEWS / 10), DAY_S))


def back_off_s(failures: int) -> int:
    """Return the wait after so many failures in a row: 5 minutes, 10, 20 … one day."""
    return min(_BACK_OFF_S << min(max(failures - 1, 0), 20), DAY_S)


def jittered_ms(wait_s: float, rnd: random.Random) -> int:
    """Return the wait, a fifth more or less, so that hundreds do not ask in one second."""
    return round(wait_s * 1000 * rnd.uniform(1 - _JITTER, 1 + _JITTER))
