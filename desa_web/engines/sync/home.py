"""What is remembered outside the database: where this site lives, and how far its log was.

A copied folder is not a second site, and a database that jumped back is not the newest one; both
would sign a second line at a place where one was signed already. These two files tell.
"""

from __future__ import annotations

import json
from contextlib import suppress

from desa_web.core.disk import machine_id, write_atomic
from desa_web.core.site import Site
from desa_web.engines.sync.line import Point, is_epoch, is_hash, is_seq

_HOME, _WITNESS = "home.json", "witness.json"


def is_at_home(site: Site) -> bool:
    """Does the site live where it lived? A site that never said so lives here from now on."""
    known = _read(site, _HOME)
    if known is None:
        # On a disk that is read-only now nothing is signed anyway.
        with suppress(OSError):
            settle(site)
        return True
    return known == _here(site)


def settle(site: Site) -> None:
    """This machine and folder are the site's home from now on."""
    folder = site.data / "keys"
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / _HOME, json.dumps(_here(site)).encode(), mode=0o600)


def witness(site: Site) -> Point | None:
    """Return the newest place of the log that was noted outside the database."""
    value = _read(site, _WITNESS)
    if not isinstance(value, dict):
        return None
    epoch, seq, digest = value.get("epoch"), value.get("seq"), value.get("hash")
    if not (is_epoch(epoch) and is_seq(seq) and is_hash(digest)):
        return None
    return Point(str(epoch), int(str(seq)), str(digest))


def note(site: Site, point: Point) -> None:
    """Note how far the log is, after the commit: an older note only notices less."""
    value = {"epoch": point.epoch, "seq": point.seq, "hash": point.hash}
    write_atomic(
        site.data / "keys" / _WITNESS, json.dumps(value).encode(), mode=0o600, durable=False
    )


def forget(site: Site) -> None:
    (site.data / "keys" / _WITNESS).unlink(missing_ok=True)


def _here(site: Site) -> dict[str, str]:
    return {"machine": machine_id(), "path": str(site.path)}


def _read(site: Site, name: str) -> object:
    value: object = None
    with suppress(OSError, ValueError):
        value = json.loads((site.data / "keys" / name).read_text())
    return value
