"""The chapters of content/help/<language>: read once, rendered, found by words.

The texts ship with the program, so code blocks may stand in them; raw HTML may not. Pictures lie in
`gambar/` beside the chapters and are named as ![what is seen](gambar/name.webp).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from desa_web.core import front_matter
from desa_web.core.content import content_folder

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

FIELDS = ("title", "slug", "group", "position")
# The content security policy allows no style inside HTML.
_ALIGNED = re.compile(r' style="text-align:[a-z]+"')
_PICTURE = re.compile(r'<p><img src="gambar/([a-z0-9-]+)\.webp" alt="([^"]*)" ?/?></p>')
_WORD = re.compile(r"\w{2,}")
_NAME = re.compile(r"[a-z0-9-]{1,60}")
_SENTENCE_CHARS = 160
# Pictures have three pixels where the page has two.
PICTURE_SCALE = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One chapter: `body` is HTML, `words` its text without marks, for finding."""

    slug: str
    title: str
    group: str
    position: int
    body: str
    words: str

    @property
    def url(self) -> str:
        return f"/bantuan/{self.slug}"

    @property
    def summary(self) -> str:
        """The first words of the chapter."""
        if len(self.words) <= _SENTENCE_CHARS:
            return self.words
        return self.words[:_SENTENCE_CHARS].rsplit(" ", 1)[0] + " …"


@cache
def chapters(language: str = "id") -> tuple[Chapter, ...]:
    """Return all chapters in their order."""
    found = []
    for file in sorted((content_folder("help") / language).glob("*.md")):
        front, markdown = front_matter.split(file.read_bytes(), file.name, FIELDS)
        found.append(
            Chapter(
                slug=front_matter.text(front.get("slug")),
                title=front_matter.text(front.get("title")),
                group=front_matter.text(front.get("group")),
                position=front_matter.number(front.get("position"), "position") or 0,
                body=_with_pictures(_rendered(markdown), language),
                words=_plain(markdown),
            )
        )
    return tuple(sorted(found, key=lambda chapter: chapter.position))


def groups(found: Iterable[Chapter]) -> dict[str, list[Chapter]]:
    """Return the chapters by group; groups stand where their first chapter stands."""
    by_group: dict[str, list[Chapter]] = {}
    for chapter in found:
        by_group.setdefault(chapter.group, []).append(chapter)
    return by_group


def chapter(slug: str) -> Chapter | None:
    return next((found for found in chapters() if found.slug == slug), None)


def search(query: str) -> list[Chapter]:
    """Return the chapters that hold the words, those with all of them in the title first."""
    wanted = [word.casefold() for word in _WORD.findall(query)][:8]
    scored = [(_score(found, wanted), found) for found in chapters()] if wanted else []
    best = max((score for score, _found in scored), default=0)
    # A chapter with one of four words is noise beside one that has them all.
    kept = [(score, found) for score, found in scored if score and score * 4 >= best]
    return [found for _score_, found in sorted(kept, key=lambda pair: -pair[0])]


@cache
def _markdown() -> MarkdownIt:
    # Loaded for the first reader of the manual: 1.5 MB of every server otherwise.
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _rendered(markdown: str) -> str:
    """Return the HTML; what may be wider than a phone can be scrolled by keyboard, too."""
    return _ALIGNED.sub("", _markdown().render(markdown)).replace("<pre>", '<pre tabindex="0">')


def picture(name: str, language: str = "id") -> Path | None:
    """Return the file of a picture, None when there is none."""
    file = content_folder("help") / language / "gambar" / f"{name}.webp"
    return file if _NAME.fullmatch(name) and file.is_file() else None


def _with_pictures(body: str, language: str) -> str:
    """Give pictures their address and size; the page does not jump when they come."""

    def shown(found: re.Match[str]) -> str:
        file = picture(found[1], language)
        assert file is not None, found[1]  # noqa: S101 - ships with the program
        width_px, height_px = _size_px(file.read_bytes())
        return (
            f'<figure class="layar"><img src="/bantuan/gambar/{found[1]}.webp" alt="{found[2]}" '
            f'width="{width_px}" height="{height_px}" loading="lazy"></figure>'
        )

    return _PICTURE.sub(shown, body)


def _size_px(webp: bytes) -> tuple[int, int]:
    """Return the size of a lossy WebP (RFC 9649, 2.5; RFC 6386, 9.1), in CSS pixels."""
    width, height = (int.from_bytes(webp[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    return round(width / PICTURE_SCALE), round(height / PICTURE_SCALE)


def _score(found: Chapter, wanted: list[str]) -> int:
    title, words = found.title.casefold(), found.words.casefold()
    hits = [word for word in wanted if word in title or word in words]
    in_title = sum(word in title for word in wanted)
    often = min(9, sum(words.count(word) for word in wanted))
    return 100 * len(hits) // len(wanted) + 40 * in_title + often if hits else 0


def _plain(markdown: str) -> str:
    """Return the text of a chapter in one line."""
    text = re.sub(r"^```.*$|^\|[-:| ]+\|$|^#+ ", "", markdown, flags=re.MULTILINE)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"[*`|]|^\s*[-\d]+[. ] ?", " ", text, flags=re.MULTILINE)
    return " ".join(text.split())
