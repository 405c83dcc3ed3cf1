"""Health: what `desa doctor`, /sehat and the desk's line of health ask the house.

A check is a function from the site to findings; a finding is a plain sentence with what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from desa_web.core.errors import DesaError
from desa_web.core.i18n import _

if TYPE_CHECKING:
    from desa_web.core.site import Site


class Level(StrEnum):
    GOOD = "baik"
    WARNING = "perlu dilihat"
    BAD = "rusak"


@dataclass(frozen=True, slots=True)
class Finding:
    """One result: the subject, how bad it is, and the sentence with the next step."""

    subject: str
    level: Level
    sentence: str


Check = Callable[["Site"], Iterable[Finding]]


def run(site: Site, checks: Iterable[Check]) -> list[Finding]:
    """Return all findings; a check that fails is itself a finding, never a stack trace."""
    found: list[Finding] = []
    for check in checks:
        try:
            found.extend(check(site))
        except DesaError as error:
            found.append(Finding(check.__name__, Level.BAD, str(error)))
        except Exception as error:
            sentence = _("Pemeriksaan ini sendiri gagal: {why}.").format(why=error)
            found.append(Finding(check.__name__, Level.BAD, sentence))
    return found
