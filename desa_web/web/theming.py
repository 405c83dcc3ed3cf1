"""Themes: find one, render a page with it, serve its static files, check it.

    theme = Theme.load("desa", site_themes=Path("situs/themes"))
    html = theme.render(page)                       # page: one of contexts.PAGE_TYPES
    theme.asset_url("situs.css", site.accents)      # "/tema/situs.1f0c….css"
    theme.static_file("situs.1f0c….css", site.accents)
    theme.identity, theme.problems
    check_theme(folder), new_theme(folder, name)    # `desa theme check`, `desa theme new`

A theme is a folder: theme.toml, templates/, static/. A file is looked up in the site's `themes/`,
then in the shipped ones, then in the theme it extends, then in the feature's own default. Shipped
themes render plainly; as soon as a file of the site's own is in the chain everything renders in
Jinja's immutable sandbox. A page that a site's own theme cannot render is rendered by its parent,
and the problem is kept for the desk and `desa doctor`: a mistake in a theme never takes a page
away from a reader. Everything is read once, at load; a changed theme needs a new `load`.

Not here: which theme a site uses (a setting), HTTP headers, the page store.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import re
import tomllib
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from threading import Lock
from types import MappingProxyType

from jinja2 import Environment, StrictUndefined, TemplateSyntaxError, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from desa_web.core.errors import InvalidInput
from desa_web.core.i18n import _, language
from desa_web.web import accents as _accents
from desa_web.web import dates
from desa_web.web.accents import Accents, check_accents, contrast_ratio
from desa_web.web.contexts import MenuItem, Page, Site
from desa_web.web.jsonld import structured_data
from desa_web.web.theme_filters import FILTERS, in_zone
from desa_web.web.theme_layers import (
    CONTENT_TYPES,
    DEFAULT_THEME,
    NAME,
    Layer,
    LayerLoader,
    attempts,
    chain,
    component_files,
    identity,
    shipped_themes,
    smaller_css,
)
from desa_web.web.theme_samples import sample_pages
from desa_web.web.theme_writer import ShippedEnvironment

__all__ = [
    "Accents",
    "Problem",
    "StaticFile",
    "Theme",
    "check_accents",
    "check_theme",
    "contrast_ratio",
    "new_theme",
    "shipped_themes",
]

log = logging.getLogger(__name__)

STYLESHEET, SCRIPT = "situs.css", "situs.js"
# The public pages' budget (gzip) for what a theme adds to each of them.
STYLESHEET_BUDGET_BYTES, SCRIPT_BUDGET_BYTES, FILE_BUDGET_BYTES = 9_000, 3_000, 200_000

# Headers and footers: one for each place in the menu and each announcement.
_PARTS_KEPT = 64
_HASHED = re.compile(r"(?P<stem>.+)\.(?P<hash>[0-9a-f]{12})(?P<suffix>\.[a-z0-9]+)")
_KNOWN_KEYS = frozenset({"title", "extends", "author", "description", "licence"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong in a theme: path within it, line (0: the whole file), an Indonesian sentence.

    is_error: readers would see the parent's page; otherwise a warning.
    """

    path: str
    message: str
    line: int = 0
    is_error: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """A static file to serve; is_immutable when its name held the right hash."""

    content: bytes
    content_type: str
    is_immutable: bool


class Theme:
    """A loaded theme; safe to share between threads."""

    def __init__(
        self,
        name: str,
        layers: Sequence[Layer],
        *,
        defaults: Sequence[Path] = (),
        static_url: str = "/tema",
        problems: Sequence[Problem] = (),
    ) -> None:
        self.name = name
        self._layers = tuple(layers)
        # A theme that extends nothing still needs the emblem when a page falls back.
        self._reserve = chain(DEFAULT_THEME, None)
        self._static_url = static_url.rstrip("/")
        self._problems = dict.fromkeys(problems)
        self._lock = Lock()
        self._bundles: dict[tuple[str, Accents], bytes] = {}
        self._parts: dict[tuple[object, ...], tuple[Site, Environment, Markup]] = {}
        self._place: tuple[tuple[MenuItem, ...], str, tuple[str, ...]] = (), "", ()
        self._urls: dict[tuple[str, Accents | None], str] = {}
        fallback = [Layer.read(folder, is_site=False, is_default=True) for folder in defaults]
        self._environments = [
            self._environment([*found, *fallback]) for found in attempts(self._layers)
        ]
        self.identity = identity([*self._layers, *fallback])

    @classmethod
    def load(
        cls,
        name: str = DEFAULT_THEME,
        *,
        site_themes: Path | None = None,
        defaults: Sequence[Path] = (),
        static_url: str = "/tema",
    ) -> Theme:
        """Return the theme; one that is missing or unreadable is replaced by the shipped default.

        defaults: folders of the features' own templates, asked last.
        """
        problems: list[Problem] = []
        try:
            layers = chain(name, site_themes)
        except (InvalidInput, OSError) as error:
            problems.append(Problem(path="theme.toml", message=str(error)))
            log.warning("theme %s cannot be loaded: %s", name, error)
            name, layers = DEFAULT_THEME, chain(DEFAULT_THEME, None)
        return cls(name, layers, defaults=defaults, static_url=static_url, problems=problems)

    @property
    def environment(self) -> Environment:
        """The Jinja environment of the whole chain."""
        return self._environments[0]

    @property
    def problems(self) -> list[Problem]:
        """What went wrong since the theme was loaded, for the desk and `desa doctor`."""
        with self._lock:
            return list(self._problems)

    def render(self, page: Page) -> str:
        """Return the page's HTML in the site's language.

        A site's own layer that fails is recorded and left out; only a failure of the shipped
        theme itself raises.
        """
        with language(page.site.language):
            for environment in self._environments[:-1]:
                try:
                    return _render(environment, page)
                except Exception as error:
                    self._record(_problem_of(error, page.template, self._layers))
            return _render(self._environments[-1], page)

    def render_strictly(self, page: Page) -> str:
        """Return the page's HTML or raise what the theme's own templates raise."""
        with language(page.site.language):
            return _render(self._environments[0], page)

    def asset_url(self, name: str, accents: Accents | None = None) -> str:
        """Return the address of a static file, its content hash in the name.

        Raises FileNotFoundError for a file that no layer has.
        """
        known = self._urls.get((name, accents))
        if known is not None:
            return known
        content = self._content(name, accents or Accents())
        if content is None:
            raise FileNotFoundError(f"the theme has no static file {name}")
        path = PurePosixPath(name)
        digest = hashlib.sha256(content).hexdigest()[:12]
        url = f"{self._static_url}/{path.with_name(f'{path.stem}.{digest}{path.suffix}')}"
        self._urls[name, accents] = url
        return url

    def static_file(self, name: str, accents: Accents | None = None) -> StaticFile | None:
        """Return the file for a name from `asset_url`, or None.

        A name with an old hash gets today's file, not immutable: somebody's open page asks for it.
        """
        match = _HASHED.fullmatch(name)
        plain = f"{match['stem']}{match['suffix']}" if match else name
        content = self._content(plain, accents or Accents())
        content_type = CONTENT_TYPES.get(PurePosixPath(plain).suffix)
        if content is None or content_type is None:
            return None
        digest = hashlib.sha256(content).hexdigest()[:12]
        return StaticFile(
            content=content,
            content_type=content_type,
            is_immutable=match is not None and match["hash"] == digest,
        )

    def _content(self, name: str, accents: Accents) -> bytes | None:
        if name in (STYLESHEET, SCRIPT):
            return self.bundle(name, accents)
        for layer in (*self._layers, *self._reserve):
            if name in layer.static:
                return layer.static[name]
        return None

    def bundle(self, name: str, accents: Accents) -> bytes:
        """Return the components of the one stylesheet or script, parents first."""
        key = (name, accents if name == STYLESHEET else Accents())
        if key not in self._bundles:
            if name == STYLESHEET:
                parts = [*component_files(self._layers, "css"), _accents.stylesheet(accents)]
                text = "".join(smaller_css(part) for part in parts)
            else:
                text = "\n".join(component_files(self._layers, "js"))
            self._bundles[key] = text.encode()
        return self._bundles[key]

    def _environment(self, layers: Sequence[Layer]) -> Environment:
        is_own = any(layer.is_site for layer in layers)
        kind = ImmutableSandboxedEnvironment if is_own else ShippedEnvironment
        environment = kind(
            loader=LayerLoader(layers),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.globals.update(
            _=_, structured_data=structured_data, asset=self._asset, zone_hours=dates.OFFSET_HOURS
        )
        environment.globals["part"] = self._own_each_time if is_own else self._kept
        environment.filters.update(FILTERS)
        return environment

    @pass_context
    def _kept(self, context: Context, name: str) -> Markup:
        """Return a part of the page that shows the village and where in its menu the page is."""
        site, at = context["site"], context["page"].meta.path
        key = (name, at == site.search_url, site.announcement, self._places(site.menu, at))
        known = self._parts.get(key)
        # The same village is nearly always the same object (public.py keeps it).
        if known is None or known[0] is not site or known[1] is not context.environment:
            is_same = known is not None and known[:2] == (site, context.environment)
            made = known[2] if known and is_same else self._own_each_time(context, name)
            if len(self._parts) > _PARTS_KEPT:
                self._parts.clear()
            known = self._parts[key] = site, context.environment, made
        return known[2]

    def _places(self, menu: tuple[MenuItem, ...], at: str) -> tuple[str, ...]:
        """Return the addresses of the menu that the page at `at` belongs to."""
        asked, path, found = self._place
        if asked is not menu or path != at:
            links = (link for item in menu for link in (item, *item.children))
            found = tuple(link.url for link in links if link.holds(at))
            # Header and footer of a page ask the same.
            self._place = menu, at, found
        return found

    @pass_context
    def _own_each_time(self, context: Context, name: str) -> Markup:
        # A site's own theme may show there what is different on each page.
        template = context.environment.get_template(name)
        html = template.render(page=context["page"], site=context["site"])
        return Markup(html)  # noqa: S704 - a template's output, escaped by itself

    @pass_context
    def _asset(self, context: Context, name: str) -> str:
        return self.asset_url(name, context["site"].accents)

    def _record(self, problem: Problem) -> None:
        with self._lock:
            is_new = problem not in self._problems
            # A template that fails in ever new ways must not grow the memory.
            if is_new and len(self._problems) < 50:
                self._problems[problem] = None
        if is_new:
            log.warning(
                "theme %s: %s:%s %s", self.name, problem.path, problem.line, problem.message
            )


def check_theme(folder: Path) -> list[Problem]:
    """Return what is wrong with a theme's folder: errors first, then warnings.

    Every page type is rendered with full and with bare samples, in the sandbox, and its HTML is
    looked through for what the content security policy of public pages would block.
    """
    try:
        layers = chain(folder.name, folder.parent)
    except (InvalidInput, OSError) as error:
        return [Problem(path="theme.toml", message=str(error))]
    theme = Theme(folder.name, layers)
    found = [
        *_settings_problems(folder),
        *_source_problems(layers[0], theme),
        *_page_problems(theme, layers),
        *_weight_problems(theme, layers[0]),
    ]
    return sorted(dict.fromkeys(found), key=lambda problem: not problem.is_error)


def new_theme(folder: Path, name: str, extends: str = DEFAULT_THEME) -> Path:
    """Create the folder/name of a theme that extends another; return it.

    Raises InvalidInput for a bad name, and for a folder that exists already.
    """
    if not NAME.fullmatch(name):
        raise InvalidInput(
            _("Nama tema memakai huruf kecil, angka, dan tanda hubung, misalnya tema-kita.")
        )
    theme = folder / name
    if theme.exists():
        raise InvalidInput(_("Folder %s sudah ada. Pilih nama lain.") % theme)
    (theme / "templates").mkdir(parents=True)
    (theme / "static" / "css").mkdir(parents=True)
    for path, text in _NEW_FILES.items():
        target = theme / path.replace("NAME", name)
        target.write_text(text.replace("NAME", name).replace("EXTENDS", extends), encoding="utf-8")
    return theme


def _settings_problems(folder: Path) -> Iterator[Problem]:
    path = folder / "theme.toml"
    if not path.is_file():
        yield Problem(
            path="theme.toml", message=_("theme.toml belum ada. Tulis title dan extends.")
        )
        return
    for key in tomllib.loads(path.read_text(encoding="utf-8")).keys() - _KNOWN_KEYS:
        yield Problem(
            path="theme.toml", message=_("Kunci “%s” tidak dikenal.") % key, is_error=False
        )


def _source_problems(layer: Layer, theme: Theme) -> Iterator[Problem]:
    if not layer.templates and not layer.static:
        yield Problem(path=layer.name, message=_("Tema kosong: belum ada templates/ atau static/."))
    environment = theme.environment
    for name, text in layer.templates.items():
        try:
            environment.parse(text, name, name)
        except TemplateSyntaxError as error:
            yield Problem(path=name, line=error.lineno, message=str(error.message))
        for at, line in enumerate(text.splitlines(), start=1):
            if re.search(r"\|\s*safe\b", line):
                message = _("“|safe” melewati penyaring. Isi yang aman sudah bertipe HTML.")
                yield Problem(path=name, line=at, message=message)
    for name, content in layer.static.items():
        if name.endswith(".css") and re.search(rb"@import|url\([\"']?(https?:)?//", content):
            yield Problem(path=name, message=_("CSS memuat berkas dari situs lain; ini diblokir."))


def _page_problems(theme: Theme, layers: Sequence[Layer]) -> Iterator[Problem]:
    for page in sample_pages():
        try:
            html = theme.render_strictly(page)
        except Exception as error:
            yield _problem_of(error, page.template, layers)
            continue
        reader = _PolicyReader()
        reader.feed(html)
        for line, message in reader.found():
            yield Problem(path=page.template, line=line, message=message)


def _weight_problems(theme: Theme, layer: Layer) -> Iterator[Problem]:
    for name, budget in ((STYLESHEET, STYLESHEET_BUDGET_BYTES), (SCRIPT, SCRIPT_BUDGET_BYTES)):
        weight = len(gzip.compress(theme.bundle(name, Accents()), 9, mtime=0))
        if weight > budget:
            message = _("%(name)s beratnya %(weight)s, anggarannya %(budget)s (gzip).") % {
                "name": name,
                "weight": dates.file_size(weight),
                "budget": dates.file_size(budget),
            }
            yield Problem(path=name, message=message, is_error=False)
    for name, content in layer.static.items():
        if len(content) > FILE_BUDGET_BYTES:
            message = _("Berkas %s terlalu berat untuk pembaca 2G.") % dates.file_size(len(content))
            yield Problem(path=name, message=message, is_error=False)


class _PolicyReader(HTMLParser):
    """Finds what the public pages' content security policy blocks, and what each page needs."""

    def __init__(self) -> None:
        super().__init__()
        self._found: list[tuple[int, str]] = []
        self._seen: set[str] = set()

    def found(self) -> list[tuple[int, str]]:
        """Return (line, sentence) pairs; call it after the whole page was fed."""
        needed = {"html lang", "title", "main", "h1", "meta viewport"} - self._seen
        return self._found + [
            (0, _("Halaman ini tidak punya %s.") % name) for name in sorted(needed)
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._seen |= {tag, f"{tag} {values.get('name', '')}"}
        if tag == "html" and values.get("lang"):
            self._seen.add("html lang")
        if tag == "style" or "style" in values:
            self._add(_("Gaya di dalam HTML diblokir. Tulis di static/css/."))
        if any(name.startswith("on") for name in values):
            self._add(_("Atribut on… diblokir. Tulis di static/js/."))
        if tag == "script" and "src" not in values and values.get("type") != "application/ld+json":
            self._add(_("Skrip di dalam HTML diblokir. Tulis di static/js/."))
        loads = tag in ("script", "img", "iframe", "source", "video", "audio", "embed")
        address = values.get("src", "") if loads else ""
        if tag == "link" and values.get("rel") in ("stylesheet", "icon", "preload"):
            address = values.get("href", "")
        if address.startswith(("http:", "https:", "//")):
            self._add(_("Berkas dari situs lain diblokir: %s") % address)

    def _add(self, message: str) -> None:
        self._found.append((self.getpos()[0], message))


def _render(environment: Environment, page: Page) -> str:
    with in_zone(page.site.zone):
        return environment.get_template(page.template).render(page=page, site=page.site)


def _problem_of(error: Exception, template: str, layers: Sequence[Layer]) -> Problem:
    path, line = template, 0
    if isinstance(error, TemplateSyntaxError):
        path, line = error.filename or error.name or template, error.lineno
    else:
        folders = {str(layer.folder) for layer in layers}
        for frame in traceback.extract_tb(error.__traceback__):
            if any(frame.filename.startswith(folder) for folder in folders):
                path, line = frame.filename, frame.lineno or 0
    return Problem(
        path=Path(path).name, line=line, message=f"{type(error).__name__}: {error}"[:300]
    )


_NEW_FILES: Mapping[str, str] = MappingProxyType(
    {
        "theme.toml": """\
title = "NAME"
extends = "EXTENDS"
author = ""
description = ""
""",
        "templates/_footer_extra.html": """\
{# Masuk ke kaki semua halaman. Variabel yang boleh dipakai: lihat themes/README.md. #}
<p class="hak">{{ site.name }}, {{ site.place_line }}</p>
""",
        "static/css/90-NAME.css": """\
/* Dimuat sesudah gaya tema induk. Warna desa diatur di Pengaturan, bukan di sini. */
.kepala .merek b { letter-spacing: 0; }
""",
    }
)
