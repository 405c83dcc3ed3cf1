"""One article as one Markdown file with YAML front matter, there and back without loss.

    ---
    title: Jalan tani dibangun warga
    state: published
    rubric: Pembangunan
    photos:
    - {file: photos/jalan.jpg, caption: Warga bekerja., credit: Nur Aini, alt: Enam orang …}
    ---
    Warga **Kedungrejo** …

    ![Warga bekerja.](photos/jalan.jpg)

A photo line stands alone in its paragraph. Nothing here touches the database or the disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from desa_web.core import front_matter
from desa_web.core.errors import InvalidInput
from desa_web.features.news import photo_files
from desa_web.features.news.article import Kind, State, Text
from desa_web.features.news.photo_files import PhotoEntry

FIELDS = (
    "title", "slug", "aliases", "kind", "state", "rubric", "tags", "standfirst", "dateline",
    "byline", "initials", "source", "expires_on", "correction", "corrected_on", "note",
    "published_at", "scheduled_at", "kominfo", "lead_photo", "photos",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFile:
    """A parsed file: the text with photo ids missing, and what the front matter asks for.

    aliases: older addresses that lead here. kominfo: takes part in sync, None for the village's
    own rule. The first photo is the lead photo unless has_lead is False.
    """

    text: Text
    markdown: str
    slug: str = ""
    aliases: tuple[str, ...] = ()
    kind: Kind = Kind.ARTICLE
    state: State = State.DRAFT
    published_at: datetime | None = None
    scheduled_at: datetime | None = None
    note: str = ""
    kominfo: bool | None = None
    has_lead: bool = True
    photos: tuple[PhotoEntry, ...] = ()


def parse(content: bytes, name: str) -> ArticleFile:
    """Return the article in `content`. Raises InvalidInput naming the file and what is wrong."""
    front, markdown = front_matter.split(content, name, FIELDS)
    try:
        return _article(front, markdown)
    except InvalidInput as error:
        raise front_matter.wrong(name, str(error)) from error


def compose(file: ArticleFile) -> bytes:
    """Return the file; `parse` of it gives `file` again."""
    front: dict[str, object] = {
        "title": file.text.title,
        "slug": file.slug,
        "aliases": list(file.aliases),
        "kind": file.kind.value,
        "state": file.state.value,
        "rubric": file.text.rubric,
        "tags": list(file.text.tags),
    }
    for name in ("standfirst", "dateline", "byline", "initials", "source", "expires_on",
                 "correction", "corrected_on"):  # fmt: skip
        front[name] = getattr(file.text, name)
    front["note"] = file.note
    for name in ("published_at", "scheduled_at"):
        moment = getattr(file, name)
        front[name] = moment.isoformat() if moment else None
    front["kominfo"] = file.kominfo
    front["lead_photo"] = None if file.has_lead or not file.photos else False
    front["photos"] = photo_files.as_front(file.photos)
    return front_matter.join(front, file.markdown)


def _article(front: Mapping[str, object], markdown: str) -> ArticleFile:
    read = front_matter
    texts: dict[str, object] = {
        k: read.text(v) for k, v in front.items() if k in Text.__slots__ and k != "tags"
    }
    texts["tags"] = list(read.texts(front.get("tags")))
    return ArticleFile(
        text=Text.from_mapping(texts),
        markdown=markdown,
        slug=read.text(front.get("slug")),
        aliases=read.texts(front.get("aliases")),
        kind=read.choice(Kind, front.get("kind"), Kind.ARTICLE),
        state=read.choice(State, front.get("state"), State.DRAFT),
        published_at=read.moment(front.get("published_at"), "published_at"),
        scheduled_at=read.moment(front.get("scheduled_at"), "scheduled_at"),
        note=read.text(front.get("note")),
        kominfo=read.flag(front.get("kominfo"), "kominfo"),
        has_lead=read.flag(front.get("lead_photo"), "lead_photo") is not False,
        photos=photo_files.entries(front.get("photos")),
    )
