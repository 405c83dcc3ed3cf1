"""`desa sync pull` at a hub: progress on a terminal, an event a line for programs, exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from desa_web.core.console import Console
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.hub import at_hub, collect, gather, sources
from desa_web.features.hub.collect import Asked, Report


def run(console: Console, names: Sequence[str], *, is_due: bool) -> int:
    """Collect and return the exit code: 0, 1 some failed, 3 all, 4 security (5, 75 by error)."""
    with console.site() as site:
        at_hub.require(site)
        only = [sources.find(site, name).id for name in names]
        report = _collected(console, site, only, is_due=is_due)
        _tell(console, report, has_sources=bool(gather.askable()))
        return report.exit_code


def _collected(console: Console, site: Site, only: Sequence[str], *, is_due: bool) -> Report:
    shown = sys.stderr.isatty() and not console.is_json
    length = len(only) or len(gather.askable())
    # Beside a bar that moves, what there is to say waits for its end.
    waiting: list[str] = []
    with click.progressbar(
        length=length, label=_("Mengambil"), file=sys.stderr, hidden=not shown
    ) as bar:

        def tell(one: Asked) -> None:
            bar.update(1)
            if console.is_json:
                console.event({"event": "source", **asdict(one)}, "")
            elif sentence := _sentence(one):
                waiting.append(sentence)
                if not shown:
                    console.line(waiting.pop())

        report = collect.run(site, only=only, is_due=is_due, tell=tell)
    for sentence in waiting:
        console.line(sentence)
    return report


def _sentence(one: Asked) -> str:
    """Return what there is to say of a source, "" when it had nothing new."""
    if one.error_code:
        return f"{one.name}: {one.error}"
    if not (one.accepted or one.photos):
        return ""
    sentence = _("{name}: {n} perubahan, {photos} foto")
    return sentence.format(name=one.name, n=one.accepted, photos=one.photos)


def _tell(console: Console, report: Report, *, has_sources: bool) -> None:
    record = {"event": "done", **asdict(report), "exit_code": report.exit_code}
    sentence = _(
        "{asked} sumber ditanya, {failed} gagal; {accepted} perubahan dan {photos} foto diterima, "
        "{published} terbit sendiri."
    ).format(**asdict(report))
    if not has_sources:
        sentence = _("Belum ada sumber. Tambah dulu: desa hub source add https://sukamaju.desa.id")
    elif not report.asked:
        sentence = _("Tidak ada sumber yang sudah waktunya ditanya.")
    console.event(record, sentence)
