"""Strict readers of feeds: every rule of the formats that a document of ours could break.

    atom_problems(body)   RFC 4287, 5005, 6721      rss_problems(body)   RSS 2.0, rssboard.org
    json_problems(body)   JSON Feed 1.1

    validator_warnings(body)   what the W3C feed validator would warn of in Atom and RSS texts

Each returns sentences; an empty list means that the document keeps the rules.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from html5lib.html5parser import HTMLParser, ParseError
from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
STONES = "{http://purl.org/atompub/tombstones/1.0}"
_URN = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
# Element: (at least, at most).
_FEED = {"id": (1, 1), "title": (1, 1), "updated": (1, 1), "subtitle": (0, 1), "author": (1, 9),
         "rights": (0, 1), "link": (2, 9), "entry": (0, 9999)}  # fmt: skip
_ENTRY = {"id": (1, 1), "title": (1, 1), "updated": (1, 1), "published": (1, 1), "author": (0, 9),
          "category": (0, 99), "summary": (0, 1), "content": (1, 1), "link": (1, 99)}  # fmt: skip
_RELATIONS = {"self", "alternate", "license", "current", "prev-archive", "next-archive",
              "enclosure"}  # fmt: skip


def parsed(body: bytes) -> Any:
    """Return the root of a document that must need nothing but itself."""
    return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))


def atom_problems(body: bytes) -> list[str]:
    root = parsed(body)
    found = [] if root.tag == f"{ATOM}feed" else [f"root {root.tag}"]
    found += _counts(root, _FEED, {f"{HISTORY}archive", f"{STONES}deleted-entry"})
    found += _links(root)
    relations = Counter(link.get("rel") for link in root.findall(f"{ATOM}link"))
    found += [f"two links {name}" for name, n in relations.items() if n > 1]
    if not relations["self"]:
        found.append("no link to itself")
    ids = [_text(root, "id")]
    for entry in root.findall(f"{ATOM}entry"):
        found += _counts(entry, _ENTRY, set()) + _links(entry)
        ids.append(_text(entry, "id"))
        if _text(entry, "updated") < _text(entry, "published"):
            found.append("updated before published")
        content = entry.find(f"{ATOM}content")
        if content.get("type") != "html" or len(content):
            found.append("content is not escaped HTML")
    found += [f"bad id {i}" for i in ids if not _URN.fullmatch(i)]
    found += [f"id twice {i}" for i, n in Counter(ids).items() if n > 1]
    for stone in root.findall(f"{STONES}deleted-entry"):
        if not _URN.fullmatch(stone.get("ref")) or not _MOMENT.fullmatch(stone.get("when")):
            found.append("bad tombstone")
        if stone.get("ref") in ids:
            found.append("a tombstone for an entry that is there")
    moments = [e.text for e in root.iter(f"{ATOM}updated", f"{ATOM}published")]
    return found + [f"bad moment {m}" for m in moments if not _MOMENT.fullmatch(m)]


def rss_problems(body: bytes) -> list[str]:
    root = parsed(body)
    found = [] if root.tag == "rss" and root.get("version") == "2.0" else ["not RSS 2.0"]
    channel = root.find("channel")
    found += [f"no {n}" for n in ("title", "link", "description") if not channel.findtext(n)]
    guids = []
    for item in channel.findall("item"):
        for name in ("title", "link", "guid", "pubDate", "description"):
            if len(item.findall(name)) != 1:
                found.append(f"{len(item.findall(name))} times {name}")
        guid = item.find("guid")
        guids.append(guid.text)
        if guid.get("isPermaLink") != "false" or not _URN.fullmatch(guid.text):
            found.append("a guid that is no address must say so")
        if parsedate_to_datetime(item.findtext("pubDate")).tzinfo is None:
            found.append("a date without zone")
        found += _rss_enclosures(item)
    return found + [f"guid twice {g}" for g, n in Counter(guids).items() if n > 1]


def json_problems(body: bytes) -> list[str]:
    value = json.loads(body)
    found = []
    if value["version"] != "https://jsonfeed.org/version/1.1" or not value["title"]:
        found.append("version or title")
    if not isinstance(value["items"], list):
        found.append("items is no array")
    for name in ("home_page_url", "feed_url"):
        found += _address(value[name])
    for item in value["items"]:
        if not _URN.fullmatch(item["id"]) or not isinstance(item["content_html"], str):
            found.append("item without id or content")
        for name in ("date_published", "date_modified"):
            if not _MOMENT.fullmatch(item[name]):
                found.append(f"{name} {item[name]}")
        for name in ("url", "image"):
            found += _address(item[name]) if name in item else []
        if any(not isinstance(tag, str) or not tag for tag in item.get("tags", ["x"])):
            found.append("bad tags")
        if any(set(author) - {"name", "url", "avatar"} for author in item.get("authors", [])):
            found.append("bad author")
        for file in item.get("attachments", []):
            found += _address(file["url"])
            if "/" not in file["mime_type"] or not isinstance(file["size_in_bytes"], int):
                found.append("bad attachment")
    ids = Counter(item["id"] for item in value["items"])
    return found + [f"id twice {i}" for i, n in ids.items() if n > 1]


def validator_warnings(body: bytes) -> list[str]:
    """Return what the W3C feed validator warns of, as far as texts are concerned.

    Its rules, read from its documentation and source: HTML in plain text, entities that are not
    hexadecimal references, C1 controls, HTML that a strict parser refuses, relative addresses,
    equal moments, namespaces it does not know (tombstones are one; nobody can help that).
    """
    root = parsed(body)
    lines = body.decode().split("\n")
    found = [f"unknown namespace {uri}" for uri in root.nsmap.values() if uri not in _SPACES]
    for element in root.iter():
        name = etree.QName(element).localname
        text = element.text or ""
        if re.search("[\x80-\x9f\ufffd]", text):
            found.append(f"bad characters in {name}")
        if element.get("type") == "html" or name in ("encoded", "description", "content"):
            found += (
                _html_warnings(name, text) if name != "description" or _is_item(element) else []
            )
        elif name in _PLAIN:
            found += _plain_warnings(name, text, lines)
        if element.get("title"):
            found += _plain_warnings("title attribute", element.get("title"), lines)
    moments = Counter(e.findtext(f"{ATOM}updated") for e in root.findall(f"{ATOM}entry"))
    return found + [f"equal moments {m}" for m, n in moments.items() if n > 1]


_SPACES = {"http://www.w3.org/2005/Atom", "http://purl.org/syndication/history/1.0",
           "http://purl.org/rss/1.0/modules/content/",
           "http://purl.org/dc/elements/1.1/"}  # fmt: skip
_PLAIN = {"title", "subtitle", "summary", "rights", "name", "category", "copyright", "description"}


def _is_item(element: Any) -> bool:
    return bool(element.getparent().tag == "item")


def _plain_warnings(name: str, text: str, lines: list[str]) -> list[str]:
    if re.search(r"</\w+>", text):
        return [f"HTML in {name}: {text!r}"]
    if not re.search(r"&#?\w|<[/a-zA-Z]", text):
        return []
    # An ampersand or a bracket is fine where its line spells it as a hexadecimal reference.
    start = re.escape(text.split("&")[0].split("<")[0][-12:])
    spelled = any("&#x" in line and re.search(start, line) for line in lines)
    return [] if spelled else [f"looks like HTML in {name}: {text!r}"]


def _html_warnings(name: str, text: str) -> list[str]:
    try:
        HTMLParser(strict=True).parseFragment(text)
    except ParseError as error:
        return [f"HTML of {name}: {error}"]
    relative = re.findall(r'(?:href|src)="(?!\w+:)[^"]*"', text)
    return [f"relative address in {name}: {address}" for address in relative]


def _counts(parent: Any, rules: dict[str, tuple[int, int]], others: set[str]) -> list[str]:
    seen = Counter(child.tag for child in parent)
    found = [f"unknown {tag}" for tag in seen if tag.removeprefix(ATOM) not in rules
             and tag not in others]  # fmt: skip
    for name, (least, most) in rules.items():
        if not least <= seen[ATOM + name] <= most:
            found.append(f"{seen[ATOM + name]} times {name}")
    return found


def _links(parent: Any) -> list[str]:
    found = []
    for link in parent.findall(f"{ATOM}link"):
        found += _address(link.get("href"))
        if link.get("rel") not in _RELATIONS:
            found.append(f"relation {link.get('rel')}")
        if link.get("rel") == "enclosure" and not (link.get("length") or "").isdigit():
            found.append("enclosure without length")
    return found


def _rss_enclosures(item: Any) -> list[str]:
    files = item.findall("enclosure")
    found = ["more than one enclosure"] if len(files) > 1 else []
    for file in files:
        found += _address(file.get("url"))
        if not file.get("length").isdigit() or "/" not in file.get("type"):
            found.append("bad enclosure")
    return found


def _address(url: str | None) -> list[str]:
    parts = urlsplit(url or "")
    is_whole = parts.scheme in ("http", "https") and parts.hostname and url and url.isascii()
    return [] if is_whole and " " not in str(url) else [f"address {url}"]


def _text(parent: Any, name: str) -> str:
    return str(parent.findtext(ATOM + name))
