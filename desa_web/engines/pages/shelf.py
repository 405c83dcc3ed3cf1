"""Where page bodies lie on the disk. Knows files only, not which of them are valid.

    public/…       answers 200 to an address without a query: the address, then `@.` and the type:
                   /            → public/@.html        /berita/    → public/berita/@.html
                   /berita/air  → public/berita/air@.html   /feed.atom → public/feed.atom@.atom
                   each with a `.gz` twin where gzip pays
    other/<aa>/…   all the rest (addresses with a query, 404, 410, 301), named by their digest

So a web server in front serves `public/` with fall-through to the program, for GET and HEAD
without a query and without a session cookie: nginx `try_files $uri@.html $uri@.atom $uri@.rss
$uri@.json $uri@.xml $uri@.txt $uri@.css $uri@.js @program` and `gzip_static on`; Caddy
`try_files {path}@.html …` and `precompressed gzip`. Nothing else in the folder may be served.

Files are written without fsync: what a power cut leaves is found by length and checksum.
"""

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

from desa_web.engines.pages.page import Page, digest

# No write takes this long: what is older was left by a killed process.
TEMPORARY_S = 3600

_SEGMENT = r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,150}"
_PLAIN = re.compile(rf"/(?:{_SEGMENT}/)*(?:{_SEGMENT})?")
TYPES = {
    "text/html": "html",
    "application/atom+xml": "atom",
    "application/rss+xml": "rss",
    "application/feed+json": "json",
    "application/json": "json",
    "application/manifest+json": "webmanifest",
    "application/xml": "xml",
    "text/xml": "xml",
    "text/plain": "txt",
    "text/css": "css",
    "text/javascript": "js",
    "image/svg+xml": "svg",
}


def place(target: str, page: Page) -> str:
    """Return the path, inside the folder, for this answer."""
    kind = next((v for k, v in page.headers if k.lower() == "content-type"), "")
    suffix = TYPES.get(kind.split(";")[0].strip().lower())
    if page.status[:3] == "200" and suffix and len(target) < 900 and _PLAIN.fullmatch(target):
        return f"public{target}@.{suffix}"
    name = hashlib.blake2b(target.encode(), digest_size=20).hexdigest()
    return f"other/{name[:2]}/{name}"


class Shelf:
    """Writes, reads and removes the files of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def stage(self, place: str, page: Page) -> list[tuple[Path, Path]]:
        """Write temporary files; return (temporary, final) pairs. Raises OSError."""
        final = self.folder / place
        final.parent.mkdir(parents=True, exist_ok=True)
        staged: list[tuple[Path, Path]] = []
        try:
            # The twin first: a web server looks at it only once the plain file is there.
            if page.gz is not None:
                staged.append((self._temporary(page.gz), final.with_name(final.name + ".gz")))
            staged.append((self._temporary(page.body), final))
        except OSError:
            self.discard(staged)
            raise
        return staged

    def settle(self, staged: list[tuple[Path, Path]], place: str, *, has_twin: bool) -> None:
        """Give staged files their names. Raises OSError."""
        if not has_twin:
            (self.folder / f"{place}.gz").unlink(missing_ok=True)
        for temporary, final in staged:
            temporary.replace(final)

    def discard(self, staged: list[tuple[Path, Path]]) -> None:
        for temporary, _ in staged:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def read(self, place: str, size_bytes: int, checksum: str) -> bytes | None:
        """Return the whole content, or None when it is not what was written."""
        try:
            with (self.folder / place).open("rb") as source:
                data = source.read(size_bytes + 1)
        except OSError:
            return None
        return data if len(data) == size_bytes and digest(data) == checksum else None

    def remove(self, place: str) -> None:
        """The plain file goes first: without it the twin is never sent."""
        for name in (place, f"{place}.gz"):
            with contextlib.suppress(OSError):
                (self.folder / name).unlink(missing_ok=True)

    def sweep(self, places: frozenset[str]) -> int:
        """Remove bodies that are not among `places`, and old temporary files; return how many."""
        swept = 0
        for top in ("public", "other"):
            for folder, _, names in os.walk(self.folder / top):
                inside = Path(folder).relative_to(self.folder).as_posix()
                for name in names:
                    if f"{inside}/{name}".removesuffix(".gz") not in places:
                        with contextlib.suppress(OSError):
                            (Path(folder) / name).unlink()
                            swept += 1
        for temporary in (self.folder / "tmp").glob("*"):
            with contextlib.suppress(OSError):
                if temporary.stat().st_mtime < time.time() - TEMPORARY_S:
                    temporary.unlink()
        return swept

    def wipe(self) -> bool:
        """Take everything away at once; False when the disk does not let go."""
        gone = True
        for name in ("public", "other", "tmp"):
            path = self.folder / name
            if not path.exists():
                continue
            grave = self.folder / f"old-{os.urandom(6).hex()}"
            try:
                path.rename(grave)
            except OSError:
                gone = False
        for grave in self.folder.glob("old-*"):
            shutil.rmtree(grave, ignore_errors=True)
        return gone

    def _temporary(self, data: bytes) -> Path:
        folder = self.folder / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        path = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                # Readable for the web server in front, which runs as somebody else.
                os.fchmod(out.fileno(), 0o644)
                out.write(data)
        except OSError:
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        return path
