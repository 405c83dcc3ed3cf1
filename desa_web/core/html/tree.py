"""Build the rough tree of HTML: blocks nested in blocks, texts with their marks.

Marks are no nodes here but a state that every text takes along (as HTML5's list of active
formatting elements), so misnested tags need no repair. Hidden things and things that are no text
never enter the tree. What the tree may finally hold is decided in build.py.
"""

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from desa_web.core.html import styles
from desa_web.core.html.links import canonical_href
from desa_web.core.html.model import BREAK, Run
from desa_web.core.html.tokens import End, Start, Style, clean_text, tokens

# Never \s: U+202F and the spaces of other scripts are text.
WHITE_SPACE = re.compile("[ \\t\\r\\n\\f\u00a0]+")
_EMOJI = re.compile(r"[^\x00-\u203b]{1,8}|[0-9#*]\ufe0f?\u20e3")
# Enough for any page seen; what is nested deeper is kept, flattened.
_MAX_DEPTH = 64
_MAX_MARKS = 128

_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "caption", "center", "dd", "details", "dialog",
    "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2",
    "h3", "h4", "h5", "h6", "header", "hgroup", "legend", "li", "main", "menu", "nav", "ol", "p",
    "pre", "search", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
    "ul",
})  # fmt: skip
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_DROPPED = frozenset({
    "applet", "audio", "button", "canvas", "datalist", "frameset", "map", "math", "meter",
    "object", "optgroup", "option", "progress", "select", "svg", "template", "video", "xml",
})  # fmt: skip
_VOID = frozenset({
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input",
    "keygen", "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip
_IGNORED = frozenset({"html", "head", "body", "colgroup"})
_SCOPES = frozenset({"td", "th", "caption"}) | _DROPPED
# A start tag of the key closes an open one of the first set, unless one of the second is nearer.
_SIBLINGS = {
    "li": ({"li"}, {"ul", "ol", "menu", "dir"}),
    "dt": ({"dt", "dd"}, {"dl"}),
    "dd": ({"dt", "dd"}, {"dl"}),
    "td": ({"td", "th"}, {"tr", "table"}),
    "th": ({"td", "th"}, {"tr", "table"}),
    "tr": ({"tr", "caption"}, {"table"}),
    "thead": ({"thead", "tbody", "tfoot", "caption"}, {"table"}),
    "tbody": ({"thead", "tbody", "tfoot", "caption"}, {"table"}),
    "tfoot": ({"thead", "tbody", "tfoot", "caption"}, {"table"}),
}


@dataclass(slots=True)
class Node:
    tag: str
    attrs: dict[str, str]
    list_level: int = 0  # of a paragraph that Word means as a list item
    marker: str = ""  # "·" or "1." of such a paragraph
    kids: "list[Node | Run]" = field(default_factory=list)
    mark_floor: int = 0
    is_boundary: bool = False


@dataclass(frozen=True, slots=True)
class _Mark:
    """A formatting element that is open, with the sum of all marks up to it."""

    tag: str
    look: styles.Look
    href: str | None  # None: not a link
    sum_href: str = ""
    sum_strong: bool = False
    sum_em: bool = False
    is_hidden: bool = False
    is_marker: bool = False
    colour: styles.Colour | None = None
    background: styles.Colour | None = None


_NO_MARK = _Mark("", styles.PLAIN, None)


def tree_of(html: str) -> Node:
    """Return the root of the rough tree of any HTML, in linear time."""
    builder = _Builder()
    for token in tokens(html):
        if isinstance(token, str):
            builder.text(token)
        elif isinstance(token, Start):
            builder.start(token)
        elif isinstance(token, End):
            builder.end(token.name)
        elif isinstance(token, Style):
            builder.rules.update(styles.class_rules(token.css))
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self.root = Node("#root", {})
        self.rules: dict[str, str] = {}
        self._open = [self.root]
        self._marks: list[_Mark] = []
        self._mark_names: Counter[str] = Counter()
        self._scopes: list[Counter[str]] = [Counter()]
        self._flattened: Counter[str] = Counter()

    def text(self, text: str) -> None:
        mark = self._marks[-1] if self._marks else _NO_MARK
        if not text or mark.is_hidden:
            return
        node = self._open[-1]
        if mark.is_marker:
            node.marker += text
            return
        if mark.colour is not None and _is_unseen(mark):
            return
        lines = text.split("\n") if self._scopes[-1]["pre"] else (text,)
        for at, line in enumerate(lines):
            if at:
                node.kids.append(BREAK)
            line = WHITE_SPACE.sub(" ", line)
            node.kids.append(Run(line, mark.sum_href, mark.sum_strong, mark.sum_em))

    def start(self, token: Start) -> None:
        tag = token.name
        if tag == "br":
            self._line_break()
        elif tag == "hr":
            self._block(Start("div", {}, False))
            self._pop()
        elif tag == "img":
            self._emoji(token.attrs)
        elif tag in _VOID or tag in _IGNORED or _is_empty(token):
            return
        elif tag in _BLOCKS or tag in _DROPPED:
            self._block(token)
        else:
            self._inline(token)

    def end(self, tag: str) -> None:
        if tag == "br":
            self._line_break()
        elif tag in _BLOCKS or tag in _DROPPED:
            self._end_block(tag)
        elif self._mark_names[tag]:
            self._end_inline(tag)

    def _line_break(self) -> None:
        if not (self._marks and self._marks[-1].is_hidden):
            self._open[-1].kids.append(BREAK)

    def _emoji(self, attrs: dict[str, str]) -> None:
        """Keep the emoji that WhatsApp Web and others show as pictures."""
        alt = attrs.get("alt", "")
        if _EMOJI.fullmatch(alt) and not styles.look_of("img", attrs, self.rules).is_hidden:
            self.text(clean_text(alt))

    def _block(self, token: Start) -> None:
        tag = token.name
        is_dropped = tag in _DROPPED
        if not is_dropped:
            if self._scopes[-1]["p"]:
                self._end_block("p")
            if tag in _HEADINGS and self._open[-1].tag in _HEADINGS:
                self._pop()
        if tag in _SIBLINGS:
            self._close_sibling(*_SIBLINGS[tag])
        look = styles.look_of(tag, token.attrs, self.rules) if token.attrs else styles.PLAIN
        mark = self._marks[-1] if self._marks else _NO_MARK
        is_hidden = is_dropped or look.is_hidden or mark.is_hidden
        if len(self._open) >= _MAX_DEPTH and not is_hidden:
            self._flattened[tag] += 1
            self._open[-1].kids.append(Node("div", {}))  # still a border between paragraphs
            return
        parent = self._open[-1]
        node = Node(
            tag,
            token.attrs,
            list_level=look.list_level,
            mark_floor=len(self._marks),
            is_boundary=is_hidden or tag in _SCOPES or tag == "table",
        )
        if not is_hidden:
            parent.kids.append(node)
        self._scopes[-1][tag] += 1
        self._open.append(node)
        if tag in _SCOPES:
            self._scopes.append(Counter())
        if look.colour or look.background or look.strong is not None or look.em is not None:
            node.is_boundary = True
            self._push_mark("#block", look, None)

    def _close_sibling(self, names: set[str], borders: set[str]) -> None:
        for node in reversed(self._open):
            if node.tag in names:
                self._pop_to(node)
                return
            if node.tag in borders or node.tag in _DROPPED:
                return

    def _end_block(self, tag: str) -> None:
        if self._flattened[tag]:
            self._flattened[tag] -= 1
            self._open[-1].kids.append(Node("div", {}))
            return
        if tag in _HEADINGS and self._open[-1].tag in _HEADINGS:
            tag = self._open[-1].tag
        is_scope_tag = tag in _SCOPES or tag in ("tr", "table", "tbody", "thead", "tfoot")
        scopes = reversed(self._scopes) if is_scope_tag else (self._scopes[-1],)
        if not any(scope[tag] for scope in scopes):
            return
        while self._pop() != tag:
            pass

    def _pop_to(self, node: Node) -> None:
        while self._open[-1] is not node:
            self._pop()
        self._pop()

    def _pop(self) -> str:
        node = self._open.pop()
        if node.tag in _SCOPES:
            self._scopes.pop()
        self._scopes[-1][node.tag] -= 1
        if node.is_boundary:
            for mark in self._marks[node.mark_floor :]:
                self._mark_names[mark.tag] -= 1
            del self._marks[node.mark_floor :]
        return node.tag

    def _inline(self, token: Start) -> None:
        if token.name == "a" and self._mark_names["a"]:
            self._end_inline("a")
        if len(self._marks) >= _MAX_MARKS:
            return
        look = styles.look_of(token.name, token.attrs, self.rules) if token.attrs else styles.PLAIN
        if token.name in ("b", "strong") and look.strong is None:
            look = replace(look, strong=True)
        if token.name in ("i", "em", "cite", "dfn", "var") and look.em is None:
            look = replace(look, em=True)
        href = None
        if token.name == "a":
            address = token.attrs.get("href", "")
            href = canonical_href(address)
            if address.lstrip().startswith("#_msocom"):
                look = replace(look, is_hidden=True)
        self._push_mark(token.name, look, href)

    def _push_mark(self, tag: str, look: styles.Look, href: str | None) -> None:
        self._mark_names[tag] += 1
        self._marks.append(self._summed(_Mark(tag, look, href), len(self._marks)))

    def _summed(self, mark: _Mark, at: int) -> _Mark:
        below = self._marks[at - 1] if at else _NO_MARK
        look = mark.look
        return _Mark(
            mark.tag,
            look,
            mark.href,
            below.sum_href if mark.href is None else mark.href,
            below.sum_strong if look.strong is None else look.strong,
            below.sum_em if look.em is None else look.em,
            below.is_hidden or look.is_hidden,
            below.is_marker or look.is_list_marker,
            look.colour or below.colour,
            look.background or below.background,
        )

    def _end_inline(self, tag: str) -> None:
        floor = max((n.mark_floor for n in self._open if n.is_boundary), default=0)
        for at in range(len(self._marks) - 1, floor - 1, -1):
            if self._marks[at].tag == tag:
                del self._marks[at]
                self._mark_names[tag] -= 1
                for later in range(at, len(self._marks)):
                    self._marks[later] = self._summed(self._marks[later], later)
                return


def _is_empty(token: Start) -> bool:
    return token.is_closed and (":" in token.name or token.name in ("svg", "math", "xml"))


def _is_unseen(mark: _Mark) -> bool:
    if mark.background is not None:
        return styles.is_invisible_on(mark.colour, mark.background)
    # White on a background nobody named may be the heading of a dark page: only links go.
    if mark.sum_href:
        return styles.is_invisible_on(mark.colour, styles.WHITE)
    return mark.colour is not None and mark.colour[0] < 0
