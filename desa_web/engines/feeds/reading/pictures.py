"""Which pictures a foreign text shows: no trackers, no smileys, the real one behind a lazy one."""

from __future__ import annotations

import re

from desa_web.engines.feeds.reading import markup
from desa_web.engines.feeds.reading.addresses import whole
from desa_web.engines.feeds.reading.model import ForeignImage

_LAZY = ("data-orig-file", "data-lazy-src", "data-src", "data-original", "src")
# Counters, smileys and icons that stand in texts as pictures.
_NO_PHOTO = re.compile(
    r"^https?://(?:pixel\.wp\.com|stats\.wp\.com|stats\.wordpress\.com|feeds\.feedburner\.com"
    r"|feeds\.wordpress\.com|s\.w\.org/images/core/emoji|[^/]*\.gravatar\.com"
    r"|www\.facebook\.com/tr|b\.scorecardresearch\.com|[^/]*doubleclick\.net"
    r"|static\.addtoany\.com|static\.xx\.fbcdn\.net/(?:rsrc|images/emoji))"
    r"|/wp-includes/images/(?:smilies|media|blank)|/emoji/|\.svg(?:[?#]|$)",
    re.I,
)
_TINY_PX = 16
_MAX_PICTURES = 100
_NUMBER = re.compile(r"\s*([0-9]{1,6})")


def in_html(html: str, base_url: str) -> list[ForeignImage]:
    """Return the pictures of a text in order, each address once."""
    found: dict[str, ForeignImage] = {}
    for tag in markup.tags(html):
        if tag.name == "img" and not tag.is_end:
            image = of_tag(markup.values(html, tag), base_url)
            if image is not None:
                found.setdefault(image.url, image)
            if len(found) >= _MAX_PICTURES:
                break
    return list(found.values())


def of_tag(values: dict[str, str], base_url: str) -> ForeignImage | None:
    """Return the picture that an img element shows, None when it is none for readers."""
    if any(_is_tiny(values.get(name, "")) for name in ("width", "height")):
        return None
    for name in _LAZY:
        url = whole(values.get(name, ""), base_url)
        if is_photo(url):
            return ForeignImage(url, " ".join(values.get("alt", "").split())[:300])
    return None


def is_photo(url: str) -> bool:
    """Return whether an address may be a photo: counters and smileys are none."""
    return bool(url) and _NO_PHOTO.search(url) is None


def _is_tiny(size: str) -> bool:
    number = _NUMBER.match(size)
    return number is not None and "%" not in size and int(number[1]) <= _TINY_PX
