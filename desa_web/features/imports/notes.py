"""What is odd about a text that comes in, and how a person reads it: what happened, what to do.

note = Note(Topic.PHOTO, "padi.jpg", "Fotonya tidak ada di folder itu.")
str(note)                            one sentence of one text
sentence(note.topic, note.why, ["padi.jpg", "sawah.jpg"], texts=2)      of many at once
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from desa_web.core.i18n import _

_NAMED = 3


class Topic(StrEnum):
    """What a note is about; notes of one topic and one reason are told together."""

    PHOTO = "photo"
    DOCUMENT = "document"
    ATTACHMENT = "attachment"
    CODE = "code"
    EMBED = "embed"
    SCRIPT = "script"
    INLINE = "inline"
    TAGS = "tags"
    SHORTENED = "shortened"
    RUBRIC = "rubric"
    DRAFT = "draft"
    RENAMED = "renamed"
    CHANGED = "changed"
    # Why a text was left out, or could not come in: `why` says all.
    LEFT_OUT = "left-out"
    REFUSED = "refused"


# n: how many things, what: their names, texts: in how many texts, why: the reason.
_WORDS = {
    Topic.PHOTO: "{n} foto tidak ikut: {what}. {why}",
    Topic.DOCUMENT: "{n} dokumen tidak ikut: {what}. {why}",
    Topic.ATTACHMENT: "{n} lampiran tidak ikut karena bukan PDF: {what}. Simpan sebagai PDF, lalu "
    "pasang sendiri di beritanya.",
    Topic.CODE: "Kode WordPress tidak ikut: {what}. Kode seperti itu hanya jalan di WordPress; "
    "bila isinya masih perlu (formulir, tabel, daftar), tulis ulang di sini.",
    Topic.EMBED: "Isi tempelan tidak ikut: {what}. Demi keamanan pembaca, yang dibawa hanya "
    "tulisan, foto, dan tautan; bila perlu, tulis tautannya di naskah.",
    Topic.SCRIPT: "Skrip di dalam naskah dibuang demi keamanan pembaca. Tulisannya utuh; tidak ada "
    "yang perlu Anda lakukan.",
    Topic.INLINE: "Gambar yang tertanam di dalam naskah tidak ikut. Unggah gambarnya lewat menu "
    "Foto, lalu pasang lagi.",
    Topic.TAGS: "{n} kata kunci tidak ikut: {what}. Satu berita memuat paling banyak 12, dan satu "
    "kata kunci paling panjang 40 huruf.",
    Topic.SHORTENED: "Terlalu panjang, jadi dipendekkan: {what}. Periksa apakah masih enak dibaca.",
    Topic.RUBRIC: "{n} rubrik baru akan dibuat: {what}.",
    Topic.DRAFT: "{texts} tulisan masuk sebagai draf: {why}. Terbitkan sendiri bila sudah "
    "waktunya.",
    Topic.RENAMED: "Alamat halaman sudah dipakai di sini, jadi yang lama mendapat alamat lain: "
    "{what}. Pilih yang dipakai, lalu buang yang satunya.",
    Topic.CHANGED: "{texts} tulisan berubah di situs lama sejak diimpor. Yang di sini tidak "
    "disentuh; salin sendiri perubahannya bila perlu.",
    Topic.LEFT_OUT: "{why}",
    Topic.REFUSED: "{why}",
}


@dataclass(frozen=True, slots=True)
class Note:
    """One oddity of one text. what: the name of the thing; why: a sentence, or a few words."""

    topic: Topic
    what: str = ""
    why: str = ""

    def __str__(self) -> str:
        return sentence(self.topic, self.why, [self.what] if self.what else [], texts=1)


def sentence(topic: Topic, why: str, what: Sequence[str], *, texts: int) -> str:
    """Return the sentence for all notes of one topic and one reason."""
    words = _(_WORDS[topic])
    return words.format(n=len(what), what=some(what), why=why, texts=texts).strip()


def some(names: Sequence[str], *, of: int = 0) -> str:
    """Return names as people list them: the first three, and how many more there are."""
    total = max(of, len(names))
    shown = list(names[:_NAMED])
    if total > len(shown):
        return _("{names}, dan {n} lagi").format(names=", ".join(shown), n=total - len(shown))
    if len(shown) < 2:
        return "".join(shown)
    comma = "," if len(shown) > 2 else ""
    return _("{names}{comma} dan {last}").format(
        names=", ".join(shown[:-1]), comma=comma, last=shown[-1]
    )
