"""How a feature tells the house what it has: dotted names, resolved when they are needed.

A `Feature` is plain data, so importing it imports no models, no Flask and no click; `desa --help`
stays quick, and a feature more is one folder and one line in features/__init__.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from desa_web.core.actor import Permission


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One entry of the desk's navigation, shown to those who may use it.

    badge: "package.module:function" from the actor to the number of things that wait there.
    """

    label: str
    endpoint: str
    icon: str
    permission: Permission
    position: int
    badge: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """What one folder offers. All values of the string type are "package.module:attribute".

    blueprints: list of Flask blueprints · commands: name → click command · followers: site →
    list[Follower] · due: kind → handler · checks: list of `Check` for doctor and /sehat ·
    adapters: what engines ask for, by the engine's name · role: the only kind of site (option
    `role`) that shows its pages and menu; "" for every site. Commands are always known.
    """

    name: str
    role: str = ""
    blueprints: tuple[str, ...] = ()
    commands: dict[str, str] = field(default_factory=dict)
    menu: tuple[MenuEntry, ...] = ()
    due: dict[str, str] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    adapters: dict[str, str] = field(default_factory=dict)


def of_role(features: Iterable[Feature], role: str) -> list[Feature]:
    """Return the features that a site of this role shows."""
    return [feature for feature in features if feature.role in ("", role)]


def resolve(dotted: str) -> Any:
    """Return the object named "package.module:attribute", or the module without an attribute."""
    module, _, attribute = dotted.partition(":")
    found = import_module(module)
    return getattr(found, attribute) if attribute else found


def adapters(features: Iterable[Feature], engine: str) -> Iterator[Any]:
    """Yield every feature's adapter for `engine`, in dependency order."""
    for feature in features:
        if engine in feature.adapters:
            yield resolve(feature.adapters[engine])
