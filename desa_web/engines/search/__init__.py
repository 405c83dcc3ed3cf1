"""Full-text search that knows Indonesian, in one disposable folder; it knows no feature.

    index = SearchIndex(Path("cache/index"))
    if index.status().condition is Condition.NEEDS_REBUILD:
        index.rebuild(all_documents(), Cursor(journal_id, seq))
    index.apply([Document("article", id, url, title, body), Removal("page", other)], cursor)
    results = index.find(Query("pembangunan jalan", rubric="Kabar Desa"))
    index.suggest("pemb")

Five methods: apply, find, suggest, rebuild, status. Searching never raises; what is damaged is
left out, `Results.is_partial` says so, and `status` asks for a rebuild. The index holds public
texts only: whoever may read the folder may read them all.
"""

from desa_web.engines.search.errors import IndexDamaged, RebuildFailed
from desa_web.engines.search.index import SearchIndex
from desa_web.engines.search.model import (
    Condition,
    Correction,
    Cursor,
    Document,
    FacetCount,
    Facets,
    Hit,
    Part,
    Query,
    Removal,
    Results,
    Status,
)

__all__ = [
    "Condition",
    "Correction",
    "Cursor",
    "Document",
    "FacetCount",
    "Facets",
    "Hit",
    "IndexDamaged",
    "Part",
    "Query",
    "RebuildFailed",
    "Removal",
    "Results",
    "SearchIndex",
    "Status",
]
