"""Addresses of links: which may stay, in which one spelling, and where they lead."""

import re
from urllib.parse import quote, unquote

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_BLANK = re.compile(
    r"[\x00-\x1f\x7f-\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ud800-\udfff]"
)
_HOST = re.compile(
    r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?"
)
_PORT = re.compile(r"[0-9]{0,5}")
_SAFE = ";/?:@&=+$,-_.!~*'()#%"
_BAD_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")
_MAX_CHARS = 2000


def canonical_href(href: str) -> str:
    """Return the one spelling of an address that may be stored, or "" when none may.

    Only http, https, mailto, tel and addresses inside this site ("/…"). User names and
    passwords before a host are dropped: they only serve to deceive.
    """
    href = _BLANK.sub("", href[: _MAX_CHARS + 1]).strip(" ")
    if not href or len(href) > _MAX_CHARS:
        return ""
    scheme = _SCHEME.match(href)
    if scheme is None:
        return _inside(href)
    rest = href[scheme.end() :]
    match scheme[1].lower():
        case "http" | "https" as name:
            return _web(name, rest)
        case "mailto":
            return f"mailto:{_quoted(rest)}" if "@" in rest else ""
        case "tel":
            number = re.sub(r"[^0-9+*#;,.()-]", "", rest)
            return f"tel:{number}" if number else ""
    return ""


def is_outgoing(href: str) -> bool:
    """Tell whether a canonical address leaves this site for another."""
    return href.startswith(("http://", "https://"))


def host_of(href: str) -> str:
    """Return the lower-case punycode host of a canonical outgoing address, without port."""
    authority = re.split(r"[/?#]", href.split("//", 1)[1], maxsplit=1)[0]
    return authority.split(":", 1)[0].rstrip(".")


def _inside(href: str) -> str:
    if href.startswith("www."):
        return _web("https", href)
    slashes = href.replace("\\", "/")
    if slashes.startswith("//"):
        return _web("https", slashes)
    if href.startswith("/"):
        path, mark, tail = _cut_path(href)
        return _quoted(path.replace("\\", "/") + mark + tail)
    return ""


def _web(scheme: str, rest: str) -> str:
    path, mark, tail = _cut_path(rest)
    authority, slash, path = path.replace("\\", "/").lstrip("/").partition("/")
    host, colon, port = authority.rpartition("@")[2].partition(":")
    host = _ascii_host(host)
    if not host or not _PORT.fullmatch(port):
        return ""
    tail = _quoted(slash + path + mark + tail)
    return f"{scheme}://{host}{colon if port else ''}{port}{tail}"


def _cut_path(href: str) -> tuple[str, str, str]:
    at = min((i for i in (href.find("?"), href.find("#")) if i >= 0), default=len(href))
    return href[:at], href[at : at + 1], href[at + 1 :]


def _ascii_host(host: str) -> str:
    host = unquote(host).lower()
    if len(host) > 253:
        return ""
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return ""
    return host if _HOST.fullmatch(host) else ""


def _quoted(text: str) -> str:
    return quote(_BAD_PERCENT.sub("%25", text), safe=_SAFE)
