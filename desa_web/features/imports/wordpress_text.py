"""The text of a WordPress post as HTML: paragraphs by blank lines, captions, galleries, embeds.

What WordPress keeps is not what it shows: old posts have blank lines instead of <p>, and
shortcodes in brackets. Brackets that people wrote ("[sic]") stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape, unescape

from desa_web.features.imports.notes import Note, Topic

# Returns the HTML of a gallery: the ids that it names, none for all pictures of the post.
GalleryOf = Callable[[Sequence[str]], str]

_ATTRIBUTE = re.compile(r"([a-zA-Z_-]{1,40})\s*=\s*(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'\]]++))")
_CAPTION = re.compile(
    r"\[(?:wp_)?caption\b([^\[\]]*+)\]((?:(?!\[(?:wp_)?caption\b).){0,5000}?)\[/(?:wp_)?caption\]",
    re.IGNORECASE | re.DOTALL,
)
_GALLERY = re.compile(r"\[gallery\b([^\[\]]*+)\]", re.IGNORECASE)
_EMBED = re.compile(
    r"\[(embed|youtube|vimeo|video|audio|playlist)\b([^\[\]]*+)\](?:\s*(https?://[^\s\[\]<>\"]++)\s*"
    r"\[/\1\])?(?:\[/\1\])?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://[^\s\[\]<>\"]++")
_SHORTCODE = re.compile(r"\[(/?)([a-zA-Z][a-zA-Z0-9_-]{1,40})((?:\s[^\[\]<>]*+)?)(/?)\]")
_DOUBLE = re.compile(r"\[(\[[^\[\]]*+\])\]")
_PLUGINS = frozenset({
    "audio", "contact-form-7", "contact-form", "embed", "gallery", "gravityform", "playlist",
    "pdf-embedder", "pdfviewer", "poll", "ratings", "rev_slider", "wpforms", "ngg", "nggallery",
    "metaslider", "tablepress", "table", "download", "video", "youtube", "googlemaps", "iframe",
})  # fmt: skip
_MORE = re.compile(r"<!--\s{0,5}(?:more[^<>]{0,80}|nextpage|noteaser)\s{0,5}-->", re.IGNORECASE)
_IMG_END = re.compile(r".*?<img\b[^>]*+>(?:\s*</a>)?", re.IGNORECASE | re.DOTALL)
_MAX_GALLERIES = 20
_BLOCK_NAMES = (
    "table|thead|tfoot|caption|col|colgroup|tbody|tr|td|th|div|dl|dd|dt|ul|ol|li|pre|form|blockquote"
    "|address|p|h[1-6]|hr|fieldset|section|article|aside|header|footer|nav|figure|figcaption|details"
    "|iframe|script|style"
)
_BLOCK = re.compile(rf"(</?(?:{_BLOCK_NAMES})\b[^<>]*+>)", re.IGNORECASE)
_PRE = re.compile(r"<pre\b(?:(?!<pre\b).)*?</pre>", re.IGNORECASE | re.DOTALL)
_ALONE = re.compile(r"(?:<p>|<div[^<>]*+>)\s*(https?://[^\s<>\"]++)\s*(?:</p>|</div>)")


def html_of(content: str, gallery_of: GalleryOf, notes: list[Note]) -> str:
    """Return HTML for what WordPress keeps as a post's content."""
    text = _MORE.sub("", content.replace("\r\n", "\n").replace("\r", "\n"))
    doubled: list[str] = []

    def apart(match: re.Match[str]) -> str:
        doubled.append(match[1])
        return f"\ue000{len(doubled) - 1}\ue001"

    # "[[gallery]]" is how WordPress writes "[gallery]" for readers.
    text = _DOUBLE.sub(apart, text.replace("\ue000", ""))
    text = _CAPTION.sub(_figure, text)
    text = _GALLERY.sub(lambda m: gallery_of(_ids(m[1])), text, count=_MAX_GALLERIES)
    text = _EMBED.sub(_link, text)
    text = _without_shortcodes(text, notes)
    text = re.sub("\ue000([0-9]+)\ue001", lambda m: doubled[int(m[1])], text)
    if "<!-- wp:" not in text:
        text = _with_paragraphs(text)
    return _ALONE.sub(lambda m: f"<p>{_anchor(m[1])}</p>", text)


def attributes(source: str) -> dict[str, str]:
    """Return the attributes of a shortcode."""
    found = {}
    for match in _ATTRIBUTE.finditer(
        unescape(source).replace("\u201d", '"').replace("\u2033", '"')
    ):
        found[match[1].lower()] = next((v for v in match.groups()[1:] if v is not None), "")
    return found


def _figure(match: re.Match[str]) -> str:
    inside = match[2].strip()
    picture = _IMG_END.match(inside)
    if picture is None:
        return inside
    caption = attributes(match[1]).get("caption") or inside[picture.end() :].strip()
    return f"\n\n<figure>{picture[0]}<figcaption>{caption}</figcaption></figure>\n\n"


def _ids(source: str) -> list[str]:
    return re.findall(r"[0-9]{1,18}", attributes(source).get("ids", ""))


def _link(match: re.Match[str]) -> str:
    found = match[3] or next(iter(_ADDRESS.findall(match[2])), "")
    return f"\n\n<p>{_anchor(found)}</p>\n\n" if found else ""


def _anchor(address: str) -> str:
    shown = escape(unescape(address))
    return f'<a href="{shown}">{shown}</a>'


def _without_shortcodes(text: str, notes: list[Note]) -> str:
    if "[" not in text:
        return text
    closed = {m[2].lower() for m in _SHORTCODE.finditer(text) if m[1]}
    dropped: set[str] = set()

    def judged(match: re.Match[str]) -> str:
        name = match[2].lower()
        is_code = name in closed or name in _PLUGINS or "=" in match[3] or match[4]
        if not is_code and "_" not in name:
            return match[0]
        if name not in ("caption", "wp_caption") and not name.startswith(("vc_", "et_pb_")):
            dropped.add(name)
        return ""

    text = _SHORTCODE.sub(judged, text)
    notes.extend(Note(Topic.CODE, f"[{name}]") for name in sorted(dropped))
    return text


def _with_paragraphs(text: str) -> str:
    """Make paragraphs of blank lines and breaks of single ones, as WordPress does to show it."""
    whole: list[str] = []

    def apart(match: re.Match[str]) -> str:
        whole.append(match[0])
        return f"\n\n\ue000{len(whole) - 1}\ue001\n\n"

    text = _PRE.sub(apart, text.replace("\ue000", ""))
    text = _BLOCK.sub(r"\n\n\1\n\n", text)
    parts = []
    for part in re.split(r"\n[ \t]*(?:\n[ \t]*)+", text):
        part = part.strip()
        if not part:
            continue
        if part.startswith("\ue000"):
            parts.append(whole[int(part.strip("\ue000\ue001"))])
        elif _BLOCK.fullmatch(part):
            parts.append(part)
        else:
            parts.append(f"<p>{part.replace(chr(10), '<br>')}</p>")
    return "\n".join(parts)
