"""Tells the publication log who the village is: name, code, place, address (kind "profile").

The code is a claim; an officer at the hub approves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from desa_web.core import settings
from desa_web.core.journal import Row
from desa_web.core.site import Site
from desa_web.engines.sync import Op, Spoken, Statement

kind = "profile"
_ID = "site"
_SETTINGS = ("kode_wilayah", "district", "regency", "province", "time_zone", "licence", "kim_name",
             "phone", "whatsapp", "email")  # fmt: skip


def statements(site: Site, row: Row, spoken: Spoken) -> Iterable[Statement]:
    """Return the profile when the village's settings changed."""
    return [_profile(site)] if row.kind == "settings" else []


def current(site: Site) -> Iterator[Statement]:
    yield _profile(site)


def gone(site: Site, object_id: str) -> Statement:
    return Statement(op=Op.DELETE, object_id=object_id)


def _profile(site: Site) -> Statement:
    values = settings.read(site)
    content: dict[str, Any] = {
        "name": values.full_name,
        "url": site.config.text("base_url") or values["public_address"],
        **{name: values[name] for name in _SETTINGS},
    }
    filled = {name: value for name, value in content.items() if value}
    return Statement(op=Op.PUT, object_id=_ID, content=filled)
