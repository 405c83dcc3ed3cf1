"""What a kit is made of, and who gives it: the adapter "kit_articles" of the feature with texts.

Media imports no such feature; the registry hands over an object (a module will do) with the two
functions of `KitArticles`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from desa_web.core.registry import adapters
from desa_web.core.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class KitArticle:
    """A live article as newsrooms take it over.

    body is the canonical HTML of core.html. code: "[nes/NN]". source: who publishes, "" for the
    village's KIM. owner: whose text and pictures it is when it was taken over, with the licence
    that they gave it; both "" for our own. keys: the surrogate keys it is made from.
    """

    id: str
    slug: str
    url: str
    title: str
    standfirst: str
    body: str
    byline: str
    source: str
    dateline: str
    code: str
    rubric: str
    rubric_url: str
    tags: tuple[str, ...]
    published_at: datetime
    updated_at: datetime
    lead_photo_id: str
    correction: str
    keys: frozenset[str]
    owner: str = ""
    licence: str = ""


class KitArticles(Protocol):
    """Live articles for kits."""

    def kit_articles(
        self, site: Site, *, before: tuple[datetime, str] | None, limit: int
    ) -> Sequence[KitArticle]: ...

    def kit_article(self, site: Site, slug_or_id: str) -> KitArticle | None: ...


def source() -> KitArticles | None:
    """Return who gives articles for kits, None when no feature does."""
    from desa_web.features import FEATURES

    return next(iter(adapters(FEATURES, "kit_articles")), None)
