"""The features of this program, in dependency order, and what they offer together.

A feature more is one folder, one line here, and one migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desa_web.core.registry import Feature, adapters, of_role, resolve
from desa_web.features.accounts import FEATURE as ACCOUNTS
from desa_web.features.hub import FEATURE as HUB
from desa_web.features.imports import FEATURE as IMPORTS
from desa_web.features.manual import FEATURE as MANUAL
from desa_web.features.media import FEATURE as MEDIA
from desa_web.features.news import FEATURE as NEWS
from desa_web.features.pages import FEATURE as PAGES
from desa_web.features.portal import FEATURE as PORTAL
from desa_web.features.search import FEATURE as SEARCH
from desa_web.features.setup import FEATURE as SETUP
from desa_web.features.sync import FEATURE as SYNC
from desa_web.features.village import FEATURE as VILLAGE
from desa_web.features.visits import FEATURE as VISITS

if TYPE_CHECKING:
    from desa_web.core.checks import Check
    from desa_web.core.due import Handler
    from desa_web.core.follow import Follower
    from desa_web.core.site import Site

FEATURES: tuple[Feature, ...] = (
    ACCOUNTS,
    MEDIA,
    NEWS,
    PAGES,
    PORTAL,
    MANUAL,
    SEARCH,
    VILLAGE,
    SETUP,
    SYNC,
    HUB,
    IMPORTS,
    VISITS,
)


def followers(site: Site) -> list[Follower]:
    """Return all followers of the site's journal."""
    return [follower for make in adapters(FEATURES, "followers") for follower in make(site)]


def due_handlers(site: Site) -> dict[str, Handler]:
    """Return what to call when planned work of a kind is due at this site."""
    return {kind: resolve(dotted) for f in _of(site) for kind, dotted in f.due.items()}


def checks(site: Site) -> list[Check]:
    """Return the health checks of the features that this site has."""
    return [check for f in _of(site) for dotted in f.checks for check in resolve(dotted)]


def _of(site: Site) -> list[Feature]:
    """A village's server loads nothing of a media centre: its memory is small."""
    return of_role(FEATURES, site.config.text("role"))
