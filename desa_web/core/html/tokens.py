"""Cut HTML of any origin into tags and texts, in linear time.

It knows no nesting and no meaning; those are in tree.py. Written by hand because both HTML5
parsers at hand take quadratic time on purpose-made input (a million open divs, or one tag with
a million attributes), and a body comes from people.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

WS = " \t\n\r\f"


@dataclass(frozen=True, slots=True)
class Start:
    name: str
    attrs: dict[str, str]
    is_closed: bool  # <o:p/>


@dataclass(frozen=True, slots=True)
class End:
    name: str


@dataclass(frozen=True, slots=True)
class Style:
    """The text of a style element: paste.py looks there for hidden classes."""

    css: str


Token = Start | End | Style | str

_MARKUP = re.compile(r"<(?=[a-zA-Z!?/])")
_NAME = re.compile(r"</?([a-zA-Z][^ \t\n\r\f/>]*+)")
_ATTR = re.compile(
    r"[ \t\n\r\f/]*+(?:(>)|([^ \t\n\r\f/>][^ \t\n\r\f/>=]*+)"
    r"(?:[ \t\n\r\f]*+=[ \t\n\r\f]*+(?:\"([^\"]*+)\"|'([^']*+)'|([^ \t\n\r\f>]*+)))?+)"
)
_WANTED = frozenset({
    "align", "alt", "aria-hidden", "bgcolor", "class", "color", "colspan", "data-foto", "height",
    "hidden", "href", "id", "role", "rowspan", "start", "style", "width",
})  # fmt: skip
_RAW_NAMES = (
    "script", "style", "xmp", "iframe", "noembed", "noframes", "noscript", "textarea", "title",
)  # fmt: skip
# Their content is not text for readers, or a browser would read it by other rules.
_RAW = {name: re.compile(rf"</{name}(?=[ \t\n\r\f/>])", re.I) for name in _RAW_NAMES}
_COMMENT_END = re.compile(r"--!?>")
_MAX_ATTR_CHARS = 4096
_LONG_NUMBER = re.compile(r"&#(?:[0-9]{9,}+|[xX][0-9a-fA-F]{9,}+);?")
_ATTR_REFERENCE = re.compile(r"&[a-zA-Z][a-zA-Z0-9]*+(?![a-zA-Z0-9;])(?:=)?")
_CONTROLS = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff\u202a-\u202e]"
)
_LINE_ENDS = str.maketrans({"\v": " ", "\u2028": " ", "\u2029": " "})


def tokens(html: str) -> Iterator[Token]:
    """Yield the tags and the texts between them, decoded and free of control characters."""
    at = 0
    size = len(html)
    while at < size:
        markup = _MARKUP.search(html, at)
        if markup is None:
            yield text_of(html[at:])
            return
        lt = markup.start()
        if lt > at:
            yield text_of(html[at:lt])
        name = _NAME.match(html, lt)
        if name is None:
            at = _after_comment(html, lt)
            continue
        attrs, after, is_closed = _attributes(html, name.end())
        if after < 0:  # the tag never ends: nothing after it can be told from it
            yield text_of(html[lt:])
            return
        at = after
        tag = name[1].lower()
        if html[lt + 1] == "/":
            yield End(tag)
            continue
        if tag == "plaintext":
            return
        raw = _RAW.get(tag)
        if raw is None:
            yield Start(tag, attrs, is_closed)
            continue
        end = raw.search(html, at)
        if tag == "style":
            yield Style(html[at : end.start() if end else size])
        if end is None:
            return
        _, after, _ = _attributes(html, end.end())
        at = after if after > 0 else size


def text_of(source: str) -> str:
    """Return the text that HTML source without tags stands for."""
    if "&" in source:
        source = unescape(_LONG_NUMBER.sub("\ufffd", source))
    return clean_text(source)


def clean_text(text: str) -> str:
    """Drop what no reader sees: control characters, half surrogates, bidi overrides.

    Embeddings and overrides (U+202A to U+202E) can show a text backwards and right-to-left
    scripts do not need them; isolates and marks stay, and so do the joiners of Javanese.
    """
    if text.isascii() and text.isprintable():
        return text
    return _CONTROLS.sub("", text.translate(_LINE_ENDS))


def _after_comment(html: str, lt: int) -> int:
    if html.startswith("<!--", lt):
        if html.startswith(("<!-->", "<!--->"), lt):
            return html.index(">", lt) + 1
        end = _COMMENT_END.search(html, lt + 4)
        return end.end() if end else len(html)
    gt = html.find(">", lt)
    return gt + 1 if gt >= 0 else len(html)


def _attributes(html: str, at: int) -> tuple[dict[str, str], int, bool]:
    attrs: dict[str, str] = {}
    while True:
        match = _ATTR.match(html, at)
        if match is None:
            return attrs, -1, False
        at = match.end()
        if match[1]:
            return attrs, at, html[at - 2] == "/"
        name = match[2].lower()
        if name in _WANTED and name not in attrs:
            value = next((v for v in match.groups()[2:] if v is not None), "")
            if len(value) <= _MAX_ATTR_CHARS:
                attrs[name] = _attr_text(value)


def _attr_text(source: str) -> str:
    if "&" not in source:
        return source
    # HTML5, 13.2.5.73: in an attribute "&copy=1" is no reference.
    source = _ATTR_REFERENCE.sub(
        lambda m: "&amp;" + m[0][1:] if m[0].endswith("=") else m[0], source
    )
    return unescape(_LONG_NUMBER.sub("\ufffd", source))
