"""What the hub said of our articles, for the desk's lists and pages (the adapter "outside")."""

from __future__ import annotations

from collections.abc import Sequence

from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.news.desk_view import Outside
from desa_web.features.sync import receipts
from desa_web.features.sync.receipts import Word

_LABELS = {
    "accepted": "Diterima Kominfo",
    "published": "Terbit di Kominfo",
    "returned": "Dikembalikan Kominfo",
    "withdrawn": "Ditarik di Kominfo",
}
_LOOKS = {
    "accepted": ("k-server", "cek"),
    "published": ("k-kirim", "situs"),
    "returned": ("k-gagal", "balik"),
    "withdrawn": ("k-antre", "tarik"),
}


def outside(site: Site, article_ids: Sequence[str]) -> dict[str, Outside]:
    """Return the newest word about each article that a hub has spoken of."""
    words = receipts.said_of(site, article_ids)
    return {article_id: view(word) for article_id, word in words.items()}


def view(word: Word) -> Outside:
    """Return a word as the desk shows it; "diterima" has the time at which it came there."""
    at = word.received_at if word.status == "accepted" else word.at
    label = _(_LABELS[word.status])
    return Outside(_LOOKS[word.status], label, at, word.reason, _safe(word.address))


def _safe(address: str) -> str:
    """A hub may say anything; only a web address becomes a link."""
    return address if address.startswith(("https://", "http://")) else ""
