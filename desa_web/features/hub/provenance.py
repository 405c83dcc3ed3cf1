"""Says whose an article is: the line under it, and the owner that kits name (adapter "provenance").

A text taken over as it came names its village; one that was edited here says so, too. Either links
to the original as long as the village shows it.
"""

from __future__ import annotations

from markupsafe import Markup

from desa_web.core import settings
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.hub import items

_LINK = Markup('<a href="{}" rel="nofollow ugc noopener">{}</a>')


def line(site: Site, article_id: str) -> tuple[Markup, set[str]]:
    """Return the line as safe HTML, empty for our own articles, and the keys it was made from."""
    origin = items.of_article(article_id)
    if origin is None:
        return Markup(), set()
    village = Markup('<a href="/desa/{}/">{}</a>').format(origin.source_slug, origin.source_name)
    if origin.is_derivative:
        words = _("Disunting {centre}; asli: {village}.")
    else:
        words = _("Sumber: {village}.")
    said = Markup.escape(words).format(centre=settings.read(site).full_name, village=village)
    if origin.link:
        said += Markup(" ") + _LINK.format(origin.link, _("Baca naskah aslinya"))
    if origin.licence:
        said += Markup(" ({})").format(origin.licence)
    return said, {f"source:{origin.source_id}"}


def owner(article_id: str) -> tuple[str, str, set[str]]:
    """Return whose the text and the pictures are, under which licence; "" for our own; the keys."""
    origin = items.of_article(article_id)
    if origin is None:
        return "", "", set()
    return origin.source_name, origin.licence, {f"source:{origin.source_id}"}
