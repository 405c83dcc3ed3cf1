"""From foreign HTML to the text of an article: page furniture out, pictures into the library.

What may stand in a text is decided by core/html when the news service takes it, as for
everything else. Pictures that could not be had leave no trace in the text, but a sentence in the
report.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from urllib.parse import urlsplit

from desa_web.core.i18n import _
from desa_web.engines.feeds.read import without_chrome
from desa_web.engines.feeds.reading import markup, pictures
from desa_web.engines.feeds.reading.addresses import whole
from desa_web.features.imports.item import Picture

# Returns the photo's id, "" when the picture cannot be had.
PhotoOf = Callable[[Picture], str]
# Returns the new address of a document, None to leave the link as it is.
DocumentOf = Callable[[str, str], str | None]
_PICTURE_FILES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".heic", ".avif")


_LEFT_BEHIND = {
    "iframe": "bingkai", "video": "video", "audio": "rekaman suara",
    "object": "tempelan", "embed": "tempelan", "form": "formulir",
}  # fmt: skip
_FILM = re.compile(
    r"(?:https?:)?//(?:(?:www\.)?(?:youtube(?:-nocookie)?\.com/embed/|youtu\.be/)"
    r"(?P<youtube>[A-Za-z0-9_-]{6,20})|player\.vimeo\.com/video/(?P<vimeo>[0-9]{4,14}))(?:[?&#/]|$)"
)
_BAD_HOST = re.compile(r"[\[\]\s]")
# More than any article shows.
_MAX_PICTURES = 150


def body_of(html: str, base_url: str, photo_of: PhotoOf) -> str:
    """Return the HTML with a figure of the library for every picture that it shows."""
    html = without_chrome(html)
    parts: list[str] = []
    at = shown = 0
    for start, end, found in _shown(html, base_url):
        if start < at:
            continue
        parts.append(html[at:start])
        for picture in found:
            shown += 1
            if shown <= _MAX_PICTURES and (photo_id := photo_of(picture)):
                caption = escape(picture.caption)
                parts.append(f'<figure data-foto="{photo_id}">{caption}</figure>')
        at = end
    parts.append(html[at:])
    return "".join(parts)


def with_documents(html: str, base_url: str, document_of: DocumentOf) -> str:
    """Return the HTML with links to documents of the old site leading to ours."""
    parts: list[str] = []
    at = 0
    for tag in markup.tags(html):
        if tag.name != "a" or tag.is_end:
            continue
        for one in markup.attributes(html, tag):
            address = whole(one.value, base_url) if one.name == "href" else ""
            if not address.lower().split("?")[0].endswith(".pdf"):
                continue
            title = markup.text_of(html[tag.end : tag.end + 400].split("</", 1)[0])
            found = document_of(address, title)
            if found is not None:
                parts += (html[at : one.start], escape(found, quote=True))
                at = one.end
    parts.append(html[at:])
    return "".join(parts)


def with_films(html: str) -> str:
    """Return the HTML with a link to each film of YouTube or Vimeo that stood in a frame."""
    parts: list[str] = []
    at = 0
    for tag in markup.tags(html):
        if tag.name != "iframe" or tag.is_end or tag.start < at:
            continue
        address = _film(markup.values(html, tag).get("src", ""))
        if address:
            parts += (html[at : tag.start], f'<p><a href="{address}">{address}</a></p>')
            at = tag.end
    parts.append(html[at:])
    return "".join(parts)


def left_behind(html: str) -> list[str]:
    """Return what of a text does not come along, each kind once, as people call it."""
    found: dict[str, None] = {}
    for tag in markup.tags(html):
        if tag.is_end or tag.name not in _LEFT_BEHIND:
            continue
        name = _(_LEFT_BEHIND[tag.name])
        if tag.name == "iframe":
            source = markup.values(html, tag).get("src", "")
            if _film(source):
                continue
            host = (urlsplit(source).hostname or "") if not _BAD_HOST.search(source) else ""
            name = _("{what} dari {host}").format(what=name, host=host) if host else name
        found[name] = None
    return list(found)


def has_script(html: str) -> bool:
    """Return whether a text holds a program; none of it ever comes along."""
    return any(tag.name == "script" and not tag.is_end for tag in markup.tags(html))


def _film(source: str) -> str:
    """Return the address at which people watch what a frame shows, "" for anything else."""
    match = _FILM.match(source.strip())
    if match is None:
        return ""
    if match["vimeo"]:
        return f"https://vimeo.com/{match['vimeo']}"
    return f"https://www.youtube.com/watch?v={match['youtube']}"


def _shown(html: str, base_url: str) -> list[tuple[int, int, list[Picture]]]:
    """Return (start, end, pictures) of figures and single pictures, in order.

    A figure's caption belongs to its last picture; a link around a picture that leads to a
    picture file leads to the larger one.
    """
    found: list[tuple[int, int, list[Picture]]] = []
    figures: list[tuple[int, int]] = []
    caption_at, caption = -1, ""
    link = ""
    for tag in markup.tags(html):
        if tag.name == "a":
            link = "" if tag.is_end else markup.values(html, tag).get("href", "")
        elif tag.name == "img" and not tag.is_end:
            values = markup.values(html, tag)
            image = pictures.of_tag(values, base_url)
            if image is not None:
                larger = whole(link, base_url) if _is_picture(link) else ""
                found.append((tag.start, tag.end, [Picture(larger or image.url, "", image.alt)]))
        elif tag.name == "figcaption":
            if not tag.is_end:
                caption_at = tag.end
            elif caption_at >= 0:
                caption, caption_at = markup.text_of(html[caption_at : tag.start])[:1000], -1
        elif tag.name == "figure" and not tag.is_end:
            figures.append((tag.start, len(found)))
            caption = ""
        elif tag.name == "figure" and figures:
            start, first = figures.pop()
            inside = [one for _s, _e, listed in found[first:] for one in listed]
            if inside:
                last = inside[-1]
                if caption and not last.caption:
                    inside[-1] = Picture(last.url, caption, last.alt)
                found[first:] = [(start, tag.end, inside)]
            caption = ""
    return found


def _is_picture(address: str) -> bool:
    return address.lower().split("?")[0].endswith(_PICTURE_FILES)
