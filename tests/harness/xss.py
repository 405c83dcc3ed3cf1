"""A judge of finished HTML that shares no code with the sanitiser, and attempts to get past it.

    dangers(html)          what a stored or rendered text holds that it must not: [] is good
    dangers_in_page(html)  the same for a whole page, where the house's own markup may stand
    VECTORS                attempts, as HTML, Markdown and plain text

Texts are read twice: character by character against the exact spelling that is allowed (so no
parser's opinion can differ from a browser's), and by lxml as a tree.
"""

import json
import re
from html import unescape
from pathlib import Path

from lxml import etree
from lxml import html as lxml_html

_CORPUS = Path(__file__).parent.parent / "corpus" / "xss" / "vectors.json"
VECTORS: tuple[str, ...] = tuple(json.loads(_CORPUS.read_text("ascii")))

_PLAIN_TAGS = {
    "p", "h2", "h3", "ul", "ol", "li", "blockquote", "strong", "em", "br", "figcaption", "table",
    "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_SPAN = re.compile(r"[1-9][0-9]{0,2}")
_PHOTO_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}")
_ADDRESS = re.compile(
    r"(?:https?://[a-z0-9_][a-z0-9._-]*(?::[0-9]{1,5})?(?:[/?#][!-~]*)?"
    r"|mailto:[!-~]+|tel:[0-9+*#;,.()-]+|/(?![/\\])[!-~]*)"
)
_REL = "nofollow ugc noopener"
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)((?: [a-z-]+=\"[^\"<>]*\")*)>")
_ATTRIBUTE = re.compile(r" ([a-z-]+)=\"([^\"<>]*)\"")
_REFERENCE = re.compile(r"&(?:amp|lt|gt|quot|nbsp|#x27|#39|#34);")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")


def dangers(html: str, also: frozenset[str] = frozenset()) -> list[str]:
    """Return what is wrong with a text that claims to be in the stored subset.

    `also` names tags without attributes that may stand there, too ("ins", "del").
    """
    return _spelling(html, also) + _tree(html, also)


def dangers_in_page(html: str) -> list[str]:
    """Return what in a whole page could run, restyle or call elsewhere."""
    found: list[str] = []
    root = lxml_html.document_fromstring(html)
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        tag = element.tag.lower()
        if tag == "script" and not _is_our_script(element):
            found.append("script that is not a file of ours")
        if tag in ("iframe", "object", "embed", "applet", "base", "frame", "math", "portal"):
            found.append(f"<{tag}>")
        if tag == "style" or (tag == "meta" and element.get("http-equiv", "") != ""):
            found.append(f"<{tag}>")
        for name, value in element.attrib.items():
            found += _page_attribute(tag, str(name).lower(), str(value))
    return found


def _is_our_script(element: lxml_html.HtmlElement) -> bool:
    if element.get("type") == "application/ld+json":  # data; the CSP does not run it
        return True
    return _is_own(element.get("src", "")) and not (element.text or "").strip()


def _page_attribute(tag: str, name: str, value: str) -> list[str]:
    if name.startswith("on") or name in ("style", "srcdoc", "ping", "background"):
        return [f"<{tag} {name}>"]
    bare = re.sub(r"[\x00-\x20\x7f-\xa0\u2000-\u200f\u2028\u2029\ufeff]", "", value).lower()
    if name in ("href", "src", "action", "formaction", "data", "poster", "xlink:href", "cite"):
        if re.match(r"(?!https?:|mailto:|tel:)[a-z][a-z0-9+.-]*:", bare):
            return [f"<{tag} {name}={value[:40]!r}>"]
        if name not in ("href", "cite") and not _is_own(bare):
            return [f"<{tag} {name}={value[:40]!r}>"]
    return []


def _is_own(address: str) -> bool:
    return bool(address) and not re.match(r"[a-z][a-z0-9+.-]*:|[/\\]{2}|/\\", address.lower())


def _spelling(html: str, also: frozenset[str]) -> list[str]:
    found = [f"control character {c!r}" for c in _CONTROLS.findall(html)]
    at = 0
    while (lt := html.find("<", at)) >= 0:
        match = _TAG.match(html, lt)
        if match is None:
            return [*found, f"not a tag of ours: {html[lt : lt + 60]!r}"]
        found += _tag(match[1] == "/", match[2], dict(_ATTRIBUTE.findall(match[3])), also)
        at = match.end()
    texts = _TAG.sub("", html)
    if ">" in texts or "&" in _REFERENCE.sub("", texts):
        found.append("a text that is not escaped")
    return found


def _tree(html: str, also: frozenset[str]) -> list[str]:
    if not html.strip():
        return []
    parser = etree.HTMLParser(recover=True, huge_tree=True)
    root = lxml_html.document_fromstring(f"<body><div>{html}</div>", parser=parser)
    found = []
    for element in root.iter():
        if not isinstance(element.tag, str):
            found.append("a comment or instruction")
        elif element.tag not in ("html", "body", "div") or element.attrib:
            attributes = {str(k): str(v) for k, v in element.attrib.items()}
            found += _tag(False, element.tag, attributes, also, is_decoded=True)
    if len(root.xpath("//div")) != 1:
        found.append("a div, or the end of one")
    return found


def _tag(
    is_end: bool,
    tag: str,
    attributes: dict[str, str],
    also: frozenset[str],
    is_decoded: bool = False,
) -> list[str]:
    if tag not in _PLAIN_TAGS | {"a", "figure"} | also:
        return [f"<{tag}>"]
    found = []
    for name, value in attributes.items():
        value = value if is_decoded else unescape(value)
        match tag, name:
            case "a", "href":
                is_good = _ADDRESS.fullmatch(value) is not None
                if value.startswith("http") and attributes.get("rel") != _REL:
                    found.append(f"link without rel: {value[:60]!r}")
            case "a", "rel":
                is_good = value == _REL
            case "figure", "data-foto":
                is_good = _PHOTO_ID.fullmatch(value) is not None
            case "td" | "th", "colspan" | "rowspan":
                is_good = _SPAN.fullmatch(value) is not None
            case _:
                is_good = False
        if not is_good:
            found.append(f"<{tag} {name}={value[:60]!r}>")
    if is_end and attributes:
        found.append(f"</{tag}> with attributes")
    return found
