"""Where the texts that ship with the program lie: starter, demo, help."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from desa_web.core.errors import NotFound
from desa_web.core.i18n import _


def content_folder(name: str) -> Path:
    """Return the folder `content/<name>`: inside the wheel, or beside an unpacked program."""
    try:
        spec = find_spec("desa_web.content")
    except ModuleNotFoundError:
        spec = None
    places = spec.submodule_search_locations if spec is not None else None
    base = Path(next(iter(places))) if places else Path(__file__).parents[2] / "content"
    folder = base / name
    if not folder.is_dir():
        sentence = _("Folder content/{name} tidak ada: program belum terbongkar lengkap.")
        raise NotFound(sentence.format(name=name))
    return folder
