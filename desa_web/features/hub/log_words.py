"""What a village hears about its log itself: that we took no more of it, and that we go on.

    follow(site, source_id, before, outcome, is_live=True)     in the transaction of the lines
    goes_on(site, source_id)                                   an officer has decided

The word travels as a receipt whose id is "log:fork" or "log:restarted", so it takes every way that
receipts take, and a village's older program lists it with its sentence.
"""

from __future__ import annotations

from desa_web.core import db
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.sync import Outcome, Problem
from desa_web.engines.sync.receipt import LOG
from desa_web.engines.sync.shelf import Source
from desa_web.features.hub import receipts

# Both were signed with the village's own key; all else may be the doing of somebody on the way.
_TOLD = {
    Problem.FORK: "Kabar desa ini berhenti diambil: ada dua situs yang memakai kuncinya, biasanya "
    "karena folder situs disalin ke komputer lain. Berita desa aman. Telepon petugas media center.",
    Problem.RESTARTED: "Kabar desa ini berhenti diambil: catatannya mulai dari awal atau "
    "dipulihkan dua kali. Berita desa aman. Telepon petugas media center.",
}
_OTHERS = {
    Problem.NOT_A_LINE: "Kiriman rusak di perjalanan. Kirim sekali lagi.",
    Problem.OTHER_SITE: "Kiriman ini ditulis situs lain. Sambungkan lagi desa ini dengan kode baru "
    "dari petugas.",
    Problem.BAD_SIGNATURE: "Tanda tangan kiriman tidak cocok, jadi tidak diterima. Kirim sekali "
    "lagi; bila tetap begini, telepon petugas media center.",
    Problem.UNPROVEN_ERASURE: "Ada baris yang dihapus tanpa bukti. Kirim sekali lagi.",
}


def sentence(problem: Problem) -> str:
    """Return what a problem with its lines means to the village, with its next step."""
    return _(_TOLD.get(problem) or _OTHERS[problem])


def follow(site: Site, source_id: str, before: Source, outcome: Outcome, *, is_live: bool) -> None:
    """Tell the village when its log stands still or goes on; once, however often it is asked.

    before: the log as it was. A stick that lay about (is_live False) proves no new beginning.
    """
    problem = outcome.problem
    if problem is Problem.FORK or (problem is Problem.RESTARTED and is_live):
        if not _is_told(site, source_id, problem):
            receipts.say(source_id, LOG + problem, 0, "returned", reason=sentence(problem))
    elif problem is None and before.problem in tuple(_TOLD):
        goes_on(site, source_id)


def goes_on(site: Site, source_id: str) -> None:
    """Tell the village that its log is taken again, if it heard otherwise. Joins a change."""
    for problem in _TOLD:
        if _is_told(site, source_id, problem):
            receipts.say(source_id, LOG + problem, 0, "accepted")


def _is_told(site: Site, source_id: str, problem: Problem) -> bool:
    sql = "SELECT 1 FROM hub_receipt WHERE source_id = ? AND object_id = ? AND status = 'returned'"
    return db.execute(site.database, sql, source_id, LOG + problem).fetchone() is not None
