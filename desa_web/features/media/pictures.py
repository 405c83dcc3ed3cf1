"""Photos as pages show them: addresses of renditions, sizes, words; figures inside texts.

Addresses carry hashes of the master and of the picture's own bytes, so they never change what
they mean. While renditions are being made a picture is pending and themes show a placeholder.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

from desa_web.core import db
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.media.photo import Photo, focus_of
from desa_web.features.media.renditions import KEY_DIGITS, State, renditions
from desa_web.web.context_parts import Focus, Picture

_FALLBACK_EDGE_PX = 1024
_SHOWN = (
    "SELECT id, master_sha256, width_px, height_px, alt, caption, credit, focus_x, focus_y "
    "FROM photo"
)
_BODY_SIZES = "(min-width:60em) 46rem, 100vw"


@dataclass(frozen=True, slots=True)
class _Shown:
    """As much of a photo as a page needs."""

    master_sha256: str
    width_px: int
    height_px: int
    alt: str
    caption: str
    credit: str
    focus_x: float
    focus_y: float

    @property
    def focus(self) -> Focus:
        return focus_of(self.focus_x, self.focus_y)


def pictures(site: Site, ids: Iterable[str]) -> dict[str, Picture]:
    """Return the pictures of the photos that exist, by id (one query).

    Only what a page shows is read: whole photos took two thirds of the time.
    """
    wanted = sorted({photo_id for photo_id in ids if photo_id})
    if not wanted:
        return {}
    sql = f"{_SHOWN} WHERE id IN ({', '.join('?' * len(wanted))}) AND trashed_at IS NULL"
    found = {row[0]: row[1:] for row in db.execute(site.database, sql, *wanted).fetchall()}
    states = renditions(site).states([shown[0] for shown in found.values()])
    return {photo_id: _known(tuple(shown), states[shown[0]]) for photo_id, shown in found.items()}


def picture(site: Site, photo: Photo | _Shown) -> Picture:
    """Return one photo's picture."""
    return _picture(photo, renditions(site).state(photo.master_sha256))


def figure_html(picture: Picture, caption_html: str) -> str:
    """Return the figure for a text; `caption_html` wins over the library's caption.

    All of it passes the sanitiser of core.html.render_body.
    """
    parts = []
    if picture.is_pending:
        parts.append(f'<span class="tunggu">{_("Foto sedang disiapkan.")}</span>')
    if caption_html or picture.caption:
        parts.append(caption_html or escape(picture.caption, quote=False))
    if picture.credit:
        credit = escape(picture.credit, quote=False)
        parts.append(f'<strong class="kredit-foto">{_("Foto:")} {credit}</strong>')
    caption = f"<figcaption>{' '.join(parts)}</figcaption>" if parts else ""
    return f'<figure class="foto">{_img(picture)}{caption}</figure>'


def placeholder_url(width_px: int, height_px: int) -> str:
    """Return the address of a calm grey picture of this shape."""
    return f"/media/tunggu/{width_px}x{height_px}.svg"


@lru_cache(maxsize=150)
def _known(shown: tuple[Any, ...], state: State | None) -> Picture:
    """Return the same picture for the same row and renditions: one stands on many pages."""
    return _picture(_Shown(*shown), state)


def _picture(photo: Photo | _Shown, state: State | None) -> Picture:
    if state is None or not state.is_ready:
        return _pending(photo)
    return _ready(photo, state)


def _img(picture: Picture) -> str:
    attributes = {
        "src": picture.url,
        "width": str(picture.width_px),
        "height": str(picture.height_px),
        "alt": picture.alt,
    }
    if picture.srcset:
        attributes |= {"srcset": picture.srcset, "sizes": _BODY_SIZES}
    if picture.is_pending:
        attributes["class"] = "menunggu"
    elif picture.focus != "c":
        attributes["class"] = f"f-{picture.focus}"
    attributes["loading"] = "lazy"
    written = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"<img {written}>"


def _ready(photo: Photo | _Shown, state: State) -> Picture:
    base = f"/media/{photo.master_sha256[:KEY_DIGITS]}/"
    webp = sorted((r.width_px, base + r.name) for r in state.renditions if r.mime == "image/webp")
    fallback = next(r for r in state.renditions if r.mime == "image/jpeg")
    return Picture(
        url=base + fallback.name,
        width_px=fallback.width_px,
        height_px=fallback.height_px,
        sources=tuple((url, width_px) for width_px, url in webp),
        alt=photo.alt,
        caption=photo.caption,
        credit=photo.credit,
        focus=photo.focus,
    )


def _pending(photo: Photo | _Shown) -> Picture:
    factor = min(1, _FALLBACK_EDGE_PX / max(photo.width_px, photo.height_px))
    width_px = max(1, round(photo.width_px * factor))
    height_px = max(1, round(photo.height_px * factor))
    return Picture(
        url=placeholder_url(width_px, height_px),
        width_px=width_px,
        height_px=height_px,
        alt=photo.alt,
        caption=photo.caption,
        credit=photo.credit,
        focus=photo.focus,
        is_pending=True,
    )
