"""What the Flask side needs of the house, handed over by app.py: the site, sessions, the menu.

Layers forbid that this package imports a feature; app.py puts the feature's function here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, cast

from flask import current_app

from desa_web.core.actor import Actor
from desa_web.core.registry import MenuEntry
from desa_web.core.site import Site
from desa_web.web.ratelimit import RateLimit

if TYPE_CHECKING:
    from flask import Flask

    from desa_web.core.checks import Check

_KEY = "desa"


class Session(Protocol):
    """A valid session of a person, as the accounts feature gives it."""

    @property
    def id(self) -> str: ...

    @property
    def lifetime_s(self) -> int: ...

    @property
    def is_touched(self) -> bool: ...

    def actor(self, site: Site, via: str) -> Actor: ...


@dataclass(slots=True)
class House:
    """One per app. public_error renders a refusal for readers in the theme, when there is one."""

    site: Site
    find_session: Callable[[Site, str], Session | None]
    menu: tuple[MenuEntry, ...] = ()
    checks: tuple[Check, ...] = ()
    public_error: Callable[[int, str], str | None] | None = None
    _limits: dict[str, RateLimit] = field(default_factory=dict)

    def limit(self, name: str, *, burst: int, every_s: float) -> RateLimit:
        """Return this app's rate limit of that name; the first call decides its measures."""
        return self._limits.setdefault(name, RateLimit(burst, every_s))


def install(app: Flask, house: House) -> None:
    app.extensions[_KEY] = house


def house() -> House:
    """Return the house of the current app."""
    return cast(House, current_app.extensions[_KEY])


def site() -> Site:
    """Return the current app's site, bound for the length of the request."""
    return house().site
