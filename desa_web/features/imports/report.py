"""What an import says at its end: how many of what, what is left out, what is odd, what is next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from desa_web.core.i18n import _
from desa_web.features.imports.item import Done, Kind, Outcome
from desa_web.features.imports.notes import Topic, sentence, some

_KINDS = {Kind.ARTICLE: "berita", Kind.PAGE: "halaman", Kind.ALBUM: "album"}
_SHOWN, _TITLES = 40, 3


@dataclass(slots=True)
class Oddity:
    """All notes of one topic and one reason: their things, and the first titles of how many."""

    what: dict[str, None] = field(default_factory=dict)
    titles: list[str] = field(default_factory=list)
    texts: int = 0

    def add(self, what: str, title: str) -> None:
        if what:
            self.what[what] = None
        self.texts += 1
        if len(self.titles) < _TITLES and title not in self.titles:
            self.titles.append(title)


@dataclass(slots=True)
class Report:
    """Counts while the import goes on; `photos` is set at its end."""

    is_dry_run: bool
    counts: Counter[tuple[Outcome, Kind]] = field(default_factory=Counter)
    photos: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    odd: dict[tuple[Topic, str], Oddity] = field(default_factory=dict)

    def add(self, done: Done) -> None:
        self.counts[done.outcome, done.kind] += 1
        if done.outcome is Outcome.SKIPPED:
            self.left_out.update(note.why for note in done.notes)
            return
        told: set[tuple[Topic, str]] = set()
        for note in done.notes:
            place = (note.topic, note.why)
            oddity = self.odd.setdefault(place, Oddity())
            oddity.add(note.what, done.title)
            # A text with ten missing photos is one text.
            oddity.texts -= place in told
            told.add(place)

    def number(self, outcome: Outcome) -> int:
        return sum(n for (one, _kind), n in self.counts.items() if one is outcome)

    def record(self) -> dict[str, object]:
        """Return the sums as plain data."""
        return {
            "event": "summary",
            "dry_run": self.is_dry_run,
            **{outcome.value: self.number(outcome) for outcome in Outcome},
            "photos": self.photos,
            "skipped_why": dict(self.left_out),
        }

    def lines(self) -> Iterator[str]:
        """Yield the report in sentences."""
        yield self._first()
        yield from self._known()
        if self.left_out:
            yield _("{n} tulisan tidak dibawa:").format(n=self.number(Outcome.SKIPPED))
            for why, count in self.left_out.most_common():
                yield f"  - {count} {why}"
        refused = [(why, one) for (topic, why), one in self.odd.items() if topic is Topic.REFUSED]
        if refused:
            yield _("{n} tulisan tidak bisa masuk:").format(n=self.number(Outcome.REFUSED))
            for why, one in refused:
                yield f"  - {some(_quoted(one), of=one.texts)}: {why}"
        yield from self._to_look_at()
        yield from self._next()

    def _first(self) -> str:
        came = [
            f"{self.counts[Outcome.CREATED, kind]} {_(name)}"
            for kind, name in _KINDS.items()
            if self.counts[Outcome.CREATED, kind]
        ]
        if self.photos and (came or self.number(Outcome.COMPLETED)):
            came.append(_("{n} foto").format(n=self.photos))
        if not came:
            nothing = _("Tidak ada tulisan baru untuk dibawa.")
            return f"{_('Percobaan saja.')} {nothing}" if self.is_dry_run else nothing
        if self.is_dry_run:
            words = _("Percobaan saja, belum ada yang berubah. Akan masuk: {what}.")
            return words.format(what=", ".join(came))
        return _("Selesai. Masuk: {what}.").format(what=", ".join(came))

    def _known(self) -> Iterator[str]:
        if n := self.number(Outcome.COMPLETED):
            words = _("{n} tulisan yang sudah ada akan dilengkapi fotonya.")
            if not self.is_dry_run:
                words = _("{n} tulisan yang sudah ada kini lengkap dengan fotonya.")
            yield words.format(n=n)
        if n := self.number(Outcome.UNCHANGED):
            yield _("{n} tulisan sudah ada di sini sejak impor sebelumnya; tidak diubah.").format(
                n=n
            )

    def _to_look_at(self) -> Iterator[str]:
        odd = [(place, one) for place, one in self.odd.items() if place[0] is not Topic.REFUSED]
        if odd:
            yield _("Yang perlu Anda lihat:")
        for (topic, why), one in odd[:_SHOWN]:
            said = sentence(topic, why, list(one.what), texts=one.texts)
            titles = some(_quoted(one), of=one.texts)
            yield f"  - {said} {_('Pada: {titles}.').format(titles=titles)}"
        if len(odd) > _SHOWN:
            words = _("  - dan {n} hal lagi; semuanya tampil dengan desa --json import …")
            yield words.format(n=len(odd) - _SHOWN)

    def _next(self) -> Iterator[str]:
        is_new = self.number(Outcome.CREATED) or self.number(Outcome.COMPLETED)
        if self.is_dry_run and is_new:
            yield _("Bila sudah sesuai, jalankan perintah yang sama tanpa --dry-run.")
        elif is_new:
            yield _("Periksa hasilnya di menu Berita; perintah ini aman diulang.")
        if self.counts[Outcome.CREATED, Kind.PAGE] and not self.is_dry_run:
            yield _("Halaman yang masuk belum ada di menu situs. Pasang lewat Halaman & menu.")


def _quoted(one: Oddity) -> list[str]:
    return [f"“{title}”" for title in one.titles]
