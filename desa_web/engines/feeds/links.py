"""Addresses inside a text: a feed is read outside the site, so they begin with its address."""

from __future__ import annotations

import re

# In sanitised HTML every "<" of a text is &lt; and every value stands in double quotes.
_TAG = re.compile(r'<[a-z][a-z0-9]*(?:\s+[a-z-]+="[^"]*")+\s*/?>')
_ADDRESS = re.compile(r'(\s(?:href|src)=")/(?!/)')
_ANCHOR = re.compile(r'\shref="#[^"]*"')
_SRCSET = re.compile(r'(\ssrcset=")([^"]*)"')
_STEP = re.compile(r"(^|,\s*)/(?!/)")


def absolute(html: str, base_url: str) -> str:
    """Return sanitised HTML whose own addresses begin with `base_url` (no slash at its end)."""
    return _TAG.sub(lambda tag: _absolute_tag(tag[0], base_url), html)


def _absolute_tag(tag: str, base_url: str) -> str:
    base = base_url.replace("&", "&amp;").replace('"', "&quot;")
    tag = _ADDRESS.sub(lambda m: f"{m[1]}{base}/", tag)
    # A jump inside the page leads nowhere in a reader.
    tag = _ANCHOR.sub("", tag)
    return _SRCSET.sub(lambda m: f'{m[1]}{_STEP.sub(lambda s: f"{s[1]}{base}/", m[2])}"', tag)
