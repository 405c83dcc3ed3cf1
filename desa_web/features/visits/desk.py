"""What the desk shows of visits: a small plot of the last days, the most read, a number in lists.

Templates of the desk ask by `visits_panel()` and `article_views(items)`; nothing here has a page
of its own. When the counts cannot be read the desk does without them.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from flask import Blueprint

from desa_web.features.visits import service
from desa_web.features.visits.service import Popular
from desa_web.web.house import site

blueprint = Blueprint("visits", __name__, template_folder="templates")
log = logging.getLogger(__name__)

DAYS, TOP = 30, 5
# The plot's own units; it is drawn as wide as its place.
_WIDTH, _HEIGHT = 300, 48


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Panel:
    """points: of a polyline in a box of width × height. total, today, days: numbers."""

    total: int
    today: int
    days: int
    points: str
    top: tuple[Popular, ...]
    width: int = _WIDTH
    height: int = _HEIGHT


@blueprint.app_context_processor
def offered() -> dict[str, Any]:
    return {"visits_panel": panel, "article_views": article_views}


def panel() -> Panel | None:
    """Return the plot of the last days, None while nothing was counted."""
    try:
        counts = [n for _day, n in service.a_day(site(), days=DAYS)]
        top = service.popular(site(), days=7, limit=TOP) if any(counts) else []
    except (sqlite3.Error, OSError) as error:
        log.warning("the counts of visits cannot be read: %s", error)
        return None
    if not any(counts):
        return None
    return Panel(sum(counts), counts[-1], DAYS, _points(counts), tuple(top))


def article_views(items: Iterable[_HasId]) -> dict[str, int]:
    """Return how often each article was read in the last days (one query of the counts)."""
    try:
        return service.of_articles(site(), [item.id for item in items], days=DAYS)
    except (sqlite3.Error, OSError):
        return {}


def _points(counts: list[int]) -> str:
    step, most = _WIDTH / max(1, len(counts) - 1), max(*counts, 1)
    return " ".join(
        f"{at * step:.0f},{_HEIGHT - 2 - n / most * (_HEIGHT - 4):.0f}"
        for at, n in enumerate(counts)
    )
