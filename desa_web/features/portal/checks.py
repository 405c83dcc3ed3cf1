"""Health of what readers see: the village's own theme and colours."""

from __future__ import annotations

from collections.abc import Iterator

from desa_web.core import settings
from desa_web.core.checks import Finding, Level
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.web.accents import check_accents
from desa_web.web.public import site_context
from desa_web.web.theming import Theme, check_theme


def theme(site: Site) -> Iterator[Finding]:
    """Can the village's theme render every page, or would readers get its parent's?"""
    name = settings.read(site)["theme"]
    own = site.path / "themes" / name
    problems = check_theme(own) if own.is_dir() else Theme.load(name).problems
    wrong = [problem for problem in problems if problem.is_error]
    if not wrong:
        sentence = _("Tema {name} bisa menggambar semua halaman.")
        yield Finding("tema", Level.GOOD, sentence.format(name=name))
        return
    sentence = _("Tema {name}: {what} Lihat semuanya dengan: desa theme check {name}")
    for problem in wrong[:3]:
        what = f"{problem.path}: {problem.message}"
        yield Finding("tema", Level.WARNING, sentence.format(name=name, what=what))


def colours(site: Site) -> Iterator[Finding]:
    """Can the chosen colours be read?"""
    problems = check_accents(site_context(settings.read(site)).accents)
    for problem in problems:
        yield Finding("warna", Level.WARNING, problem.sentence)
    if not problems:
        yield Finding("warna", Level.GOOD, _("Warna situs mudah dibaca."))


CHECKS = (theme, colours)
