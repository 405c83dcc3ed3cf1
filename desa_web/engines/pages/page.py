"""One kept answer and its negotiation: ETag, 304, gzip. Knows no storage and no server."""

import functools
import gzip
import hashlib
import re
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from pathlib import Path

Headers = list[tuple[str, str]]

# Smaller bodies gain nothing from gzip on one TCP segment.
GZIP_FROM_BYTES = 256
# Made here, or true for one connection only.
OWN_HEADERS = frozenset({"content-length", "etag", "date", "server", "connection"})
# RFC 9110, 15.4.5: a 304 sends no representation metadata but what a cache needs.
ENTITY_HEADERS = frozenset(
    {"allow", "content-encoding", "content-language", "content-length", "content-type"}
    | {"content-range", "last-modified"}
)


class Page:
    """An answer that never changes: bytes with a gzip twin, or a content-named file.

    `keys` are the surrogate keys it was made from. `heads` belongs to the server's fast path:
    it keeps the header bytes it has already built. `touched` is the second chance at eviction.
    `is_document`: something that people read, and not a part of it or an excuse.
    """

    __slots__ = (
        "body",
        "file",
        "gz",
        "headers",
        "heads",
        "is_document",
        "keys",
        "modified_at",
        "opaque",
        "size_bytes",
        "status",
        "touched",
    )

    def __init__(
        self,
        status: str,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        gz: bytes | None,
        opaque: str,
        *,
        file: Path | None = None,
        size_bytes: int | None = None,
        keys: frozenset[str] = frozenset(),
    ) -> None:
        self.status = status
        self.headers = tuple(headers)
        self.body = body
        self.gz = gz
        self.opaque = opaque
        self.file = file
        self.size_bytes = len(body) if size_bytes is None else size_bytes
        self.keys = keys
        self.modified_at = _header(self.headers, "last-modified")
        kind = _header(self.headers, "content-type") or ""
        self.is_document = status[:3] == "200" and kind.startswith("text/html")
        self.heads: dict[object, object] = {}
        self.touched = False

    @classmethod
    def of_body(cls, status: str, headers: Iterable[tuple[str, str]], body: bytes) -> "Page":
        """Return the page for a rendered body; gzip is made here, once."""
        plain = [h for h in headers if h[0].lower() not in OWN_HEADERS]
        gz = None
        if len(body) >= GZIP_FROM_BYTES and _is_text(_header(plain, "content-type")):
            packed = gzip.compress(body, 6, mtime=0)
            gz = packed if len(packed) < len(body) * 0.9 else None
        if gz is not None:
            plain = [h for h in plain if h[0].lower() != "vary"] + [("Vary", "Accept-Encoding")]
        return cls(status, plain, body, gz, digest(body))

    @classmethod
    def of_file(cls, headers: Iterable[tuple[str, str]], file: Path) -> "Page":
        """Return the page for a content-named file, which stays where it is. Raises OSError."""
        plain = [h for h in headers if h[0].lower() not in OWN_HEADERS]
        size = file.stat().st_size
        opaque = digest(f"{file.name} {size}".encode())
        return cls("200 OK", plain, b"", None, opaque, file=file, size_bytes=size)

    @property
    def cost_bytes(self) -> int:
        """What the page takes in memory, about."""
        return len(self.body) + len(self.gz or b"") + 2048

    def choose(
        self, accept_encoding: str | None, if_none_match: str | None, modified_since: str | None
    ) -> tuple[str, Headers, bytes | None]:
        """Return (status, headers, body) for one request; body is None for a file."""
        if self.status[:3] == "200" and self.is_unchanged(if_none_match, modified_since):
            return self.wire(gzipped=False, unchanged=True)
        gzipped = (
            self.gz is not None and bool(accept_encoding) and wants_gzip(accept_encoding or "")
        )
        return self.wire(gzipped=gzipped, unchanged=False)

    def wire(self, *, gzipped: bool, unchanged: bool) -> tuple[str, Headers, bytes | None]:
        """Return (status, headers, body) for a decision that is already made."""
        headers = [*self.headers, ("ETag", f'W/"{self.opaque}"')]
        if unchanged:
            kept = [h for h in headers if h[0].lower() not in ENTITY_HEADERS]
            return "304 Not Modified", kept, b""
        if self.file is not None:
            return self.status, [*headers, ("Content-Length", str(self.size_bytes))], None
        body = self.body
        if gzipped and self.gz is not None:
            body = self.gz
            headers.append(("Content-Encoding", "gzip"))
        return self.status, [*headers, ("Content-Length", str(len(body)))], body

    def is_unchanged(self, if_none_match: str | None, modified_since: str | None) -> bool:
        """If-None-Match wins over If-Modified-Since (RFC 9110, 13.2.2)."""
        if if_none_match is not None:
            return etag_matches(if_none_match, self.opaque)
        if modified_since is None or self.modified_at is None:
            return False
        try:
            return parsedate_to_datetime(modified_since) >= parsedate_to_datetime(self.modified_at)
        except (TypeError, ValueError):
            return False


def digest(data: bytes) -> str:
    """Name of a content: the ETag and the checksum."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


@functools.lru_cache(512)
def wants_gzip(accept_encoding: str) -> bool:
    """Does this Accept-Encoding allow gzip (RFC 9110, 12.5.3)?"""
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        name, *params = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for param in params:
            if param.startswith("q="):
                match = re.fullmatch(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", param)
                weight = float(match[1]) if match else 0.0
                break
        weights[name] = weight
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


_ETAG = r'(?:W/)?"[^"\\]*"'
_ETAG_LIST = re.compile(rf"[ \t]*{_ETAG}[ \t]*(?:,[ \t]*{_ETAG}[ \t]*)*")


@functools.lru_cache(512)
def etag_matches(if_none_match: str, opaque: str) -> bool:
    """Weak comparison (RFC 9110, 13.1.2); a malformed list matches nothing."""
    if if_none_match.strip() == "*":
        return True
    if not _ETAG_LIST.fullmatch(if_none_match):
        return False
    return f'"{opaque}"' in re.findall(r'"[^"]*"', if_none_match)


def _header(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name), None)


def _is_text(content_type: str | None) -> bool:
    kind = (content_type or "").split(";")[0].strip().lower()
    return kind.startswith("text/") or kind.endswith(("xml", "json", "javascript"))
