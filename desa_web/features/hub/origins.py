"""Says in our own log where taken-over news comes from (the adapter "origins").

A hub of a province that asks us, and asks the village too, takes each piece of news once; and what
comes round to where it began is left.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from desa_web.core import db
from desa_web.engines.sync.line import is_site
from desa_web.features.hub.models import ItemRow, SourceRow


def origin(article_id: str) -> dict[str, Any]:
    """Return origin and path of an article that was made of a village's; {} for our own."""
    row = db.first(ItemRow, "article_id = ?", article_id)
    source = db.first(SourceRow, "id = ?", row.source_id) if row is not None else None
    if row is None or source is None or source.site is None:
        return {}
    said: Mapping[str, Any] = json.loads(row.content) if row.content else {}
    return {"origin": begun_at(said, source.site), "path": [*path_of(said), source.site]}


def begun_at(said: Mapping[str, Any], site: str) -> str:
    """Return where news began that `site` tells; `site` itself when it says nothing else."""
    told = said.get("origin")
    return str(told) if is_site(told) else site


def path_of(said: Mapping[str, Any]) -> list[str]:
    """Return through which sites it came before."""
    path = said.get("path")
    return [str(one) for one in path if is_site(one)][:20] if isinstance(path, list) else []
