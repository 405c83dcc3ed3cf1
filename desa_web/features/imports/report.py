"""What an import says at its end: how many of what, what is odd, what is left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from desa_web.core.i18n import _
from desa_web.features.imports.item import Done, Kind, Outcome

_KINDS = {Kind.ARTICLE: "berita", Kind.PAGE: "halaman", Kind.ALBUM: "album"}
_SHOWN = 40


@dataclass(slots=True)
class Report:
    """Counts while the import goes on; `photos` is set at its end. odd: note → titles."""

    is_dry_run: bool
    counts: Counter[tuple[Outcome, Kind]] = field(default_factory=Counter)
    photos: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    odd: dict[str, list[str]] = field(default_factory=dict)

    def add(self, done: Done) -> None:
        self.counts[done.outcome, done.kind] += 1
        if done.outcome is Outcome.SKIPPED:
            self.left_out.update(done.notes)
            return
        for note in done.notes:
            self.odd.setdefault(note, []).append(done.title)

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
        done = _("Akan masuk") if self.is_dry_run else _("Masuk")
        yield f"{done}: {self._kinds(Outcome.CREATED)}; {_('foto')}: {self.photos}."
        if self.number(Outcome.COMPLETED):
            yield _("Dilengkapi fotonya: {n}.").format(n=self.number(Outcome.COMPLETED))
        if self.number(Outcome.UNCHANGED):
            yield _("Sudah ada, tidak berubah: {n}.").format(n=self.number(Outcome.UNCHANGED))
        if self.number(Outcome.CHANGED):
            yield _("Berubah di situs lama, tidak disentuh di sini: {n}.").format(
                n=self.number(Outcome.CHANGED)
            )
        for why, count in self.left_out.most_common():
            yield _("Tidak dibawa ({n}): {why}").format(n=count, why=why)
        if self.number(Outcome.REFUSED):
            yield _("Ditolak: {n}. Sebabnya ada di bawah.").format(n=self.number(Outcome.REFUSED))
        if self.odd:
            yield _("Perlu dilihat:")
            for note, titles in list(self.odd.items())[:_SHOWN]:
                more = f" (+{len(titles) - 1})" if len(titles) > 1 else ""
                yield f"  {note}: {titles[0]}{more}"
        if len(self.odd) > _SHOWN:
            yield _("  … dan {n} lagi; semuanya ada dengan --json.").format(
                n=len(self.odd) - _SHOWN
            )

    def _kinds(self, outcome: Outcome) -> str:
        parts = [f"{self.counts[outcome, kind]} {_(name)}" for kind, name in _KINDS.items()]
        return ", ".join(parts)
