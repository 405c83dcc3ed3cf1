"""What other features let readers search: their adapters "searchable", and how they are asked.

An adapter is a module or an object with the names of `Searchable`. It speaks of live objects only:
what it does not yield is not public, and leaves the index and the results.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from desa_web.core.journal import Row
from desa_web.core.registry import adapters
from desa_web.core.site import Site
from desa_web.features.search import shelf
from desa_web.web.context_parts import Hit, Link

if TYPE_CHECKING:
    from desa_web.engines.search import Document, Removal


class Searchable(Protocol):
    """One feature's public texts. labels: its document kinds and how readers call them."""

    labels: Mapping[str, str]

    def touched(self, site: Site, rows: Sequence[Row]) -> Collection[str]:
        """Return the ids of own objects whose document may have changed by these rows."""

    def documents(self, site: Site, ids: Collection[str] | None) -> Iterable[Document]:
        """Yield the documents of the live objects among `ids`, of all of them for None."""

    def hits(self, site: Site, ids: Collection[str]) -> Mapping[str, Hit]:
        """Return how the live objects among `ids` are shown now; the snippet is left empty."""


@runtime_checkable
class HasFiles(Searchable, Protocol):
    """An adapter with objects that are PDF files: their text is taken out by texts.py.

    Whether a file is public may depend on other objects, so `touched` need not name it.
    """

    def files(self, site: Site, ids: Collection[str] | None) -> Iterable[tuple[str, Path]]:
        """Yield (id, path) of the live objects' files; a file's name is the hash of its bytes."""


@runtime_checkable
class HasRubrics(Searchable, Protocol):
    """An adapter that knows rubrics and where a reader goes who found nothing."""

    def rubric_names(self, site: Site) -> Mapping[str, str]:
        """Return the names of the rubrics by slug, in the village's order."""

    def ways_on(self, site: Site) -> Sequence[Link]:
        """Return a few good places to go on reading."""


def sources() -> list[Searchable]:
    """Return the adapters of all features."""
    from desa_web.features import FEATURES

    return list(adapters(FEATURES, "searchable"))


def kind_labels() -> dict[str, str]:
    """Return what readers call the kinds of documents."""
    return {kind: label for source in sources() for kind, label in source.labels.items()}


def everything(site: Site) -> Iterator[Document]:
    """Yield the documents of all that is live."""
    for source in sources():
        yield from _documents(site, source, None)


def changes(site: Site, rows: Sequence[Row]) -> list[Document | Removal]:
    """Return what these journal rows mean to the index, from the state as it is now."""
    found: list[Document | Removal] = []
    for source in sources():
        ids = set(source.touched(site, rows))
        if ids:
            found += renewed(site, source, ids)
    return found


def renewed(site: Site, source: Searchable, ids: Collection[str]) -> list[Document | Removal]:
    """Return the documents of `ids` as they are now, and removals of what is not live."""
    from desa_web.engines.search import Removal

    documents = list(_documents(site, source, ids))
    living = {(document.kind, document.id) for document in documents}
    gone = [
        Removal(kind, object_id)
        for object_id in ids
        for kind in source.labels
        if (kind, object_id) not in living
    ]
    return [*documents, *gone]


def file_ids(site: Site) -> set[str]:
    """Return the ids of all public files."""
    found = [source for source in sources() if isinstance(source, HasFiles)]
    return {object_id for source in found for object_id, _path in source.files(site, None)}


def file_changes(site: Site, ids: Collection[str]) -> list[Document | Removal]:
    """Return the documents, or the removals, of files among `ids`."""
    found = [source for source in sources() if isinstance(source, HasFiles)]
    return [update for source in found for update in renewed(site, source, ids)] if ids else []


def _documents(site: Site, source: Searchable, ids: Collection[str] | None) -> Iterator[Document]:
    """Yield a source's documents, those of files with the text that is there so far."""
    paths = dict(source.files(site, ids)) if isinstance(source, HasFiles) else {}
    for document in source.documents(site, ids):
        if document.id in paths:
            document = replace(document, body=shelf.text_of(site, paths[document.id].name))
        yield document
