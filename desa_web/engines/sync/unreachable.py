"""Why a source could not be asked: stable codes, a sentence with the next step for each.

    raise Unreachable(Reason.BUSY, retry_after_s=120)

`hub_poll.error_code` keeps the reason, `hub_poll.error` the sentence of that moment.
"""

from __future__ import annotations

from enum import StrEnum

from desa_web.core.errors import DesaError
from desa_web.core.i18n import _


class Reason(StrEnum):
    """What went wrong on the way to a source, the same word in every version."""

    ADDRESS = "alamat"
    PRIVATE = "alamat-dalam"
    DNS = "dns"
    NETWORK = "jaringan"
    CLOSED = "tertutup"
    CERTIFICATE = "sertifikat"
    CLOCK = "jam"
    SLOW = "lambat"
    CUT = "putus"
    TOO_LARGE = "terlalu-besar"
    MOVED = "dialihkan"
    BUSY = "sibuk"
    STRANGER = "bukan-desa"
    GONE = "hilang"
    REFUSED = "ditolak"
    FAILED = "galat"
    CORRUPT = "rusak"


class Unreachable(DesaError):
    """A source could not be asked, or its answer could not be used; nothing was changed by it.

    `reason` is stable, `status` is the HTTP status if one came, `retry_after_s` what the source
    asked for (0: nothing). is_security: somebody led us where nobody should ask (exit code 4).
    fact: the sentence without the promise to try again, for callers that do not keep trying.
    may_pass: may the same question be answered later, with nothing changed here?
    """

    code = "tidak-terhubung"
    status = 502

    def __init__(
        self,
        reason: Reason,
        sentence: str = "",
        *,
        retry_after_s: int = 0,
        http_status: int = 0,
        where: str = "",
    ) -> None:
        self.fact = sentence or _(_SENTENCES[reason]).format(url=where)
        later = "" if sentence else _(_LATER.get(reason, ""))
        super().__init__(f"{self.fact} {later}".rstrip(), reason=reason.value)
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.http_status = http_status

    @property
    def may_pass(self) -> bool:
        return self.reason in _LATER or self.reason in (Reason.DNS, Reason.NETWORK, Reason.CLOCK)

    @property
    def is_security(self) -> bool:
        return self.reason is Reason.PRIVATE


_SENTENCES = {
    Reason.ADDRESS: "Alamat ini tidak bisa dipakai. Tulis seperti https://sukamaju.desa.id.",
    Reason.PRIVATE: "Alamat ini menuju jaringan dalam, bukan internet, jadi tidak dibuka. "
    "Periksa alamatnya; jaringan sendiri diizinkan dengan pilihan allow_private_sources.",
    Reason.DNS: "Nama situs ini tidak ditemukan. Periksa ejaannya, atau tanyakan ke "
    "pengelolanya apakah domainnya masih diperpanjang.",
    Reason.NETWORK: "Komputer ini tidak tersambung ke internet. Periksa kabel atau modem, "
    "lalu coba lagi.",
    Reason.CLOSED: "Server situs ini tidak menjawab, mungkin sedang mati.",
    Reason.CERTIFICATE: "Sertifikat keamanan situs ini tidak sah atau sudah lewat masanya. Minta "
    "pengelola situs memperbaruinya; periksa juga tanggal komputer ini.",
    Reason.CLOCK: "Jam komputer salah, jadi sambungan aman tidak bisa dibuka. Setel tanggal dan "
    "jam, lalu coba lagi.",
    Reason.SLOW: "Sambungan terlalu lambat dan berhenti di tengah jalan.",
    Reason.CUT: "Sambungan terputus di tengah jalan.",
    Reason.TOO_LARGE: "Jawaban situs ini terlalu besar, jadi tidak diambil. Periksa alamatnya.",
    Reason.MOVED: "Situs ini mengalihkan ke {url}. Bila itu alamat barunya, ganti alamat sumber.",
    Reason.BUSY: "Situs ini sedang sibuk dan minta ditunggu.",
    Reason.STRANGER: "Yang menjawab bukan situs yang dicari, mungkin halaman masuk Wi-Fi. Buka "
    "peramban dan masuk dulu, atau periksa alamatnya.",
    Reason.GONE: "Yang diminta tidak ada di situs ini. Periksa alamatnya, atau tanyakan ke "
    "pengelola situs.",
    Reason.REFUSED: "Situs ini menolak permintaan. Tanyakan ke pengelola situs.",
    Reason.FAILED: "Situs ini sedang rusak.",
    Reason.CORRUPT: "Berkas yang datang tidak sama dengan yang dijanjikan, jadi tidak disimpan.",
}
# What happens next where a source is asked again and again.
_LATER = {
    Reason.CLOSED: "Dicoba lagi nanti; bila sampai besok, hubungi pengelolanya.",
    Reason.SLOW: "Dilanjutkan dari tempat terakhir nanti.",
    Reason.CUT: "Dilanjutkan dari tempat terakhir nanti.",
    Reason.BUSY: "Dicoba lagi nanti.",
    Reason.FAILED: "Dicoba lagi nanti; kabari pengelola situs bila berlanjut.",
    Reason.CORRUPT: "Diambil ulang nanti.",
}


def of_status(status: int, retry_after_s: int = 0) -> Unreachable:
    """Return what a status means that is no answer to what was asked."""
    reason = Reason.REFUSED
    if status in (404, 410):
        reason = Reason.GONE
    elif status in (408, 504):
        reason = Reason.SLOW
    elif status in (429, 503):
        reason = Reason.BUSY
    elif status == 511:
        reason = Reason.STRANGER
    elif status >= 500 or status < 400:
        reason = Reason.FAILED
    return Unreachable(reason, retry_after_s=retry_after_s, http_status=status)
