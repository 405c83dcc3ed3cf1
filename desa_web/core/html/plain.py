"""Plain text as people type it in WhatsApp, made into HTML for the normaliser.

*bold*, _italic_, lines that start with "- ", "• " or "1. ", a blank line between paragraphs.
~Struck out~ text keeps its tildes: the subset cannot strike, and without them a cancelled price
would read as a valid one.
"""

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby

from desa_web.core.html.tokens import clean_text

_BULLET = re.compile(r"[ \t]{0,8}(?:[-•*·▪‣◦–]|✅|👉)[ \t\u00a0]+(?=[^ \t\u00a0])")
_NUMBER = re.compile(r"[ \t]{0,8}[0-9]{1,3}[.)][ \t\u00a0]+(?=[^ \t\u00a0])")
_QUOTE = re.compile(r">[ \t]?")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"“”]{3,1000}")
_AFTER_ADDRESS = ".,;:!?)]}'*_~…"
_MARKS = (
    ("strong", re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,2000}?)(?<=[^\s])\*(?![\w*])")),
    ("em", re.compile(r"(?<![\w_])_(?=[^\s_])([^_\n]{1,2000}?)(?<=[^\s])_(?![\w_])")),
)


def html_of_plain(text: str) -> str:
    """Return HTML for a plain text; it still has to go through the normaliser."""
    text = clean_text(text.replace("\r\n", "\n").replace("\r", "\n").replace("```", ""))
    return "".join(_blocks(text.split("\n")))


def _blocks(lines: list[str]) -> Iterator[str]:
    for kind, group in groupby(lines, key=_kind):
        found = list(group)
        match kind:
            case "ul" | "ol":
                marker = _BULLET if kind == "ul" else _NUMBER
                items = "".join(f"<li>{_inline(marker.sub('', ln, count=1))}</li>" for ln in found)
                yield f"<{kind}>{items}</{kind}>"
            case "blockquote":
                yield f"<blockquote>{_paragraph([_QUOTE.sub('', ln, 1) for ln in found])}"
                yield "</blockquote>"
            case "p":
                yield f"<p>{_paragraph(found)}</p>"


def _kind(line: str) -> str:
    if not line.strip(" \t\u00a0"):
        return ""
    if _BULLET.match(line):
        return "ul"
    if _NUMBER.match(line):
        return "ol"
    return "blockquote" if line.startswith(">") else "p"


def _paragraph(lines: list[str]) -> str:
    return "<br>".join(map(_inline, lines))


def _inline(line: str) -> str:
    """Return one line with links and marks; marks do not reach into addresses."""
    out: list[str] = []
    at = 0
    for match in _ADDRESS.finditer(line):
        address = match[0].rstrip(_AFTER_ADDRESS)
        out.append(_marked(line[at : match.start()]))
        out.append(f'<a href="{escape(address)}">{escape(address)}</a>')
        at = match.start() + len(address)
    out.append(_marked(line[at:]))
    return "".join(out)


def _marked(text: str) -> str:
    html = escape(text)
    for tag, pattern in _MARKS:
        html = pattern.sub(rf"<{tag}>\1</{tag}>", html)
    return html
