"""The layers of a theme: which folders a page is made from, in which order, read into memory.

`chain("kita", Path("situs/themes"))` gives the site's folder of that name, the shipped one of that
name, then the same for the theme it extends, and so on. Nothing here renders.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from jinja2 import BaseLoader, Environment, TemplateNotFound

from desa_web.core.errors import InvalidInput
from desa_web.core.i18n import _

DEFAULT_THEME = "desa"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
# Named here, not taken from the machine's mime.types: what is not listed is not served.
CONTENT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
        ".webp": "image/webp",
        ".png": "image/png",
        ".jpg": "image/jpeg",
        ".ico": "image/x-icon",
        ".woff2": "font/woff2",
    }
)


def shipped_themes() -> Path:
    """Return the folder of the themes that come with the program."""
    spec = importlib.util.find_spec("desa_web.themes")
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(__file__).resolve().parents[2] / "themes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One folder of the chain, read into memory."""

    name: str
    folder: Path
    is_site: bool
    extends: str = ""
    templates: Mapping[str, str] = field(default_factory=dict)
    static: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def template_folder(self) -> Path:
        """Where the templates are; a feature's default folder holds nothing else."""
        return self.folder / "templates" if self.name else self.folder

    @classmethod
    def read(cls, folder: Path, *, is_site: bool, is_default: bool = False) -> Layer:
        templates = folder if is_default else folder / "templates"
        static = {} if is_default else _files(folder / "static", tuple(CONTENT_TYPES))
        return cls(
            name="" if is_default else folder.name,
            folder=folder,
            is_site=is_site,
            extends="" if is_default else settings(folder).get("extends", ""),
            templates={
                name: content.decode("utf-8", errors="replace")
                for name, content in _files(templates, (".html",)).items()
            },
            static=static,
        )


class LayerLoader(BaseLoader):
    """Looks a template up in every layer; "desa/article.html" starts at the layer named desa."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        first, slash, rest = template.partition("/")
        named = [at for at, layer in enumerate(self._layers) if slash and layer.name == first]
        # A site's folder may override a shipped theme of the same name; it names the shipped one.
        start, name = (named[-1], rest) if named else (0, template)
        for layer in self._layers[start:]:
            if name in layer.templates:
                return layer.templates[name], str(layer.template_folder / name), lambda: True
        raise TemplateNotFound(template)


def chain(name: str, site_themes: Path | None) -> list[Layer]:
    """Return the layers of a theme, most special first; the last is the shipped default."""
    roots = [(site_themes, True)] if site_themes is not None else []
    roots.append((shipped_themes(), False))
    layers: list[Layer] = []
    visited: set[str] = set()
    while not visited or (name and name not in visited):
        visited.add(name)
        folders = [(root / name, is_site) for root, is_site in roots if NAME.fullmatch(name)]
        found = [
            Layer.read(folder, is_site=is_site) for folder, is_site in folders if folder.is_dir()
        ]
        if not found:
            raise InvalidInput(_("Tema “%s” tidak ada. Lihat `desa theme list`.") % name)
        layers += found
        name = next((layer.extends for layer in found if layer.extends), "")
    return layers


def attempts(layers: Sequence[Layer]) -> list[list[Layer]]:
    """Return the chains to try in turn: all layers, then without the site's own, one at a time.

    The last holds shipped layers only, so it can be relied on.
    """
    found = [list(layers)]
    while any(layer.is_site for layer in found[-1]):
        first = next(at for at, layer in enumerate(found[-1]) if layer.is_site)
        found.append([layer for at, layer in enumerate(found[-1]) if at != first])
    return found if found[-1] else [*found[:-1], chain(DEFAULT_THEME, None)]


def _files(folder: Path, suffixes: Sequence[str]) -> dict[str, bytes]:
    """Return name → content of the files below a folder; links are not followed."""
    if not folder.is_dir():
        return {}
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.suffix in suffixes
    }


def settings(folder: Path) -> dict[str, str]:
    try:
        found = tomllib.loads((folder / "theme.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(
            _("theme.toml tidak terbaca (%s). Bandingkan dengan contoh di themes/README.md.")
            % error
        ) from error
    return {name: value for name, value in found.items() if isinstance(value, str)}


def identity(layers: Sequence[Layer]) -> str:
    digest = hashlib.sha256()
    for layer in layers:
        files = {
            **{f"t/{name}": text.encode() for name, text in layer.templates.items()},
            **{f"s/{name}": content for name, content in layer.static.items()},
        }
        for name, content in sorted(files.items()):
            head = f"{layer.name}/{name}/{len(content)}\n"
            digest.update(head.encode() + content)
    return digest.hexdigest()


def component_files(layers: Sequence[Layer], kind: str) -> Iterator[str]:
    """Yield the component files: the parent's in order, each replaced by a child's of its name."""
    found: dict[str, bytes] = {}
    for layer in reversed(layers):
        for name, content in sorted(layer.static.items()):
            if name.startswith(f"{kind}/") and name.endswith(f".{kind}"):
                found[name] = content
    for content in found.values():
        yield content.decode("utf-8", errors="replace")


def smaller_css(text: str) -> str:
    """Return the stylesheet without comments and needless space; strings stay as they are."""
    text = re.sub(
        r"(\"[^\"]*\"|'[^']*')|/\*.*?\*/", lambda found: found[1] or "", text, flags=re.DOTALL
    )
    pieces = re.split(r"(\"[^\"]*\"|'[^']*')", text)
    for at in range(0, len(pieces), 2):
        piece = re.sub(r"\s+", " ", pieces[at])
        piece = re.sub(r" ?([{};,>]) ?", r"\1", piece)
        pieces[at] = re.sub(r": (?=[^{}]*[;}])", ":", piece).replace(";}", "}")
    return "".join(pieces).strip()
