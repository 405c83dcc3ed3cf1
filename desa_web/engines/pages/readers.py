"""Who counts as a reader: a browser that shows the page, as far as its headers say so.

Nothing about the reader is kept: the headers are looked at and forgotten. Programs that say what
they are, and pages fetched in case somebody should want them, are not counted. A program that
says it is a browser is one.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Feed readers, search engines, previews of chats, monitors, libraries.
_PROGRAM = re.compile(
    r"bot|crawl|spider|slurp|archiver|preview|fetch|monitor|check|scan|feed|rss|curl|wget|libwww"
    r"|python|java/|go-http|okhttp|httpclient|node|axios|ruby|perl|php|headless|lighthouse"
    r"|facebookexternalhit|whatsapp/|telegram|embedly|pingdom|uptime|nutch|validator",
    re.IGNORECASE,
)
# Chromium and Safari say Sec-Purpose or Purpose, Firefox X-Moz.
_IN_CASE = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)


@lru_cache(1024)
def is_reader(agent: str, purpose: str) -> bool:
    """Is this User-Agent, with this purpose ("" for none), somebody who reads?"""
    return bool(agent) and _PROGRAM.search(agent) is None and _IN_CASE.search(purpose) is None
