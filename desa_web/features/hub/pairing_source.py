"""Which source a confirmed village is: whose log it is, the one it was invited as, or a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desa_web.core.actor import Actor
from desa_web.core.errors import Conflict, InvalidInput
from desa_web.core.settings import KODE_WILAYAH
from desa_web.features.hub import sources
from desa_web.features.hub.source import Kind, Source, State


def settle(actor: Actor, row: Mapping[str, Any]) -> str:
    """Return the id of the source, confirmed and active; joins the confirming transaction.

    Invited as a source that had another log (its key was lost), the village succeeds itself: the
    officer has compared the words. Raises Conflict when two sources would be one village.
    """
    site = actor.site
    known = sources.of_site(site, row["site"])
    if known is not None and known.state is not State.REMOVED:
        return _confirmed(actor, known)
    if row["source_id"]:
        return _confirmed(actor, sources.trust_again(actor, row["source_id"], site=row["site"]))
    try:
        return _confirmed(actor, _registered(actor, row))
    except Conflict as conflict:
        there = conflict.details.get("source_id")
        source = sources.get(site, str(there)) if there else None
        # Its address was added before anybody could ask it for its name.
        if source is None or source.site is not None or source.kind is not Kind.DESA:
            raise
        return _confirmed(actor, sources.trust_again(actor, source.id, site=row["site"]))


def _confirmed(actor: Actor, source: Source) -> str:
    if not source.is_confirmed:
        sources.confirm(actor, source.id)
    if source.state is not State.ACTIVE:
        sources.resume(actor, source.id)
    return source.id


def _registered(actor: Actor, row: Mapping[str, Any]) -> Source:
    code = row["kode_wilayah"]
    return sources.register(
        actor,
        kind=Kind.DESA,
        name=(row["name"] or row["label"])[:120],
        address=_address(row["address"]),
        site=row["site"],
        kode_wilayah=code if KODE_WILAYAH.fullmatch(code) else "",
        district=row["district"][:80],
        is_confirmed=True,
    )


def _address(claim: str) -> str:
    try:
        return sources.checked_address(claim) if claim else ""
    except InvalidInput:
        return ""
