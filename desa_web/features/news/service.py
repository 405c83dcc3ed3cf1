"""The rules of news: every front (form, API, CLI, sync, import) calls these with an Actor.

Writing: create, start, save, move, send_to_kominfo, autosave. Workflow: act, publish_now, allowed.
Earlier texts: revisions_of, compare, restore, open_for_edit. Time: publish_scheduled, expire,
purge. Privacy: erase. Reading is in queries.py.
"""

from desa_web.features.news.article import Article, Kind, Revision, State, Text
from desa_web.features.news.desk_state import (
    Pen,
    Typing,
    autosave,
    discard_typing,
    drop_pen,
    take_pen,
    typing_of,
)
from desa_web.features.news.erasure import Erased, erase
from desa_web.features.news.publication import expire, local_moment, new_domains
from desa_web.features.news.revisions import (
    Comparison,
    compare,
    open_for_edit,
    restore,
    revision,
    revisions_of,
)
from desa_web.features.news.workflow import (
    TABLE,
    Op,
    act,
    allowed,
    publish_now,
    publish_scheduled,
    purge,
)
from desa_web.features.news.writing import Saved, create, move, save, send_to_kominfo, start

__all__ = [
    "TABLE",
    "Article",
    "Comparison",
    "Erased",
    "Kind",
    "Op",
    "Pen",
    "Revision",
    "Saved",
    "State",
    "Text",
    "Typing",
    "act",
    "allowed",
    "autosave",
    "compare",
    "create",
    "discard_typing",
    "drop_pen",
    "erase",
    "expire",
    "local_moment",
    "move",
    "new_domains",
    "open_for_edit",
    "publish_now",
    "publish_scheduled",
    "purge",
    "restore",
    "revision",
    "revisions_of",
    "save",
    "send_to_kominfo",
    "start",
    "take_pen",
    "typing_of",
]
