"""Options for the operator: one table drives `desa.toml`, DESA_* variables, docs and tests.

What the village itself may change in the browser is not here but in core/settings.py.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from desa_web.core.errors import InvalidInput
from desa_web.core.i18n import _

Value = str | int | bool | tuple[str, ...]

_POSTGRESQL = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True)
class Option:
    """One option; the type of `default` is the type of the option."""

    name: str
    default: Value
    help: str
    choices: tuple[str, ...] = ()


OPTIONS: tuple[Option, ...] = (
    Option(
        "role",
        "desa",
        "desa, atau hub: media center yang mengumpulkan berita desa-desa.",
        choices=("desa", "hub"),
    ),
    Option("base_url", "", "Alamat situs untuk umum, misalnya https://sukamaju.desa.id."),
    Option("host", "127.0.0.1", "Alamat jaringan tempat server mendengarkan."),
    Option("port", 8080, "Nomor port; 0 berarti port kosong mana saja."),
    Option("threads", 4, "Jumlah utas untuk halaman yang belum tersimpan."),
    Option("trusted_proxies", (), "Alamat server depan yang boleh menyebut alamat pengunjung."),
    Option("fast_path", True, "Jawab halaman tersimpan langsung dari utas jaringan."),
    Option("database_url", "", "postgresql://… untuk hub besar; kosong berarti SQLite."),
    Option("follow", True, "Jalankan pengikut jurnal di dalam `desa serve`."),
    Option("max_upload_mb", 40, "Ukuran terbesar satu unggahan, dalam MB."),
    Option("media_quota_mb", 0, "Batas ruang foto dan dokumen, dalam MB; 0 berarti tanpa batas."),
    Option("free_space_reserve_mb", 64, "Ruang kosong yang selalu disisakan, dalam MB."),
    Option("keep_originals", False, "Simpan unggahan asli secara tertutup di media/originals."),
    Option("master_max_edge_px", 2560, "Sisi terpanjang foto induk, dalam piksel; 0 berarti utuh."),
    Option("allow_private_sources", False, "Izinkan mengambil dari alamat jaringan pribadi."),
    Option(
        "trust_after", 0, "Hub: sekian berita diterima, lalu sumber dipercaya; 0: tidak pernah."
    ),
    Option("log_level", "INFO", "DEBUG, INFO, WARNING atau ERROR."),
)
_BY_NAME = {option.name: option for option in OPTIONS}


@dataclass(frozen=True, slots=True)
class Config:
    """The options of one site, all checked. `config["port"]` or the typed readers."""

    values: Mapping[str, Value]

    def text(self, name: str) -> str:
        value = self.values[name]
        assert isinstance(value, str)  # noqa: S101 - the table fixes the type
        return value

    def number(self, name: str) -> int:
        value = self.values[name]
        assert isinstance(value, int)  # noqa: S101 - the table fixes the type
        return value

    def flag(self, name: str) -> bool:
        return bool(self.values[name])

    def names(self, name: str) -> tuple[str, ...]:
        value = self.values[name]
        assert isinstance(value, tuple)  # noqa: S101 - the table fixes the type
        return value


def load(file: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Return the options of `desa.toml`, overridden by DESA_<OPTION>.

    Raises InvalidInput with a sentence that names the wrong line's option.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Value] = {option.name: option.default for option in OPTIONS}
    for name, value in _read_toml(file).items():
        values[name] = _checked(name, value, str(file.name))
    for option in OPTIONS:
        variable = f"DESA_{option.name.upper()}"
        if variable in environ:
            values[option.name] = _parsed(option, environ[variable], variable)
    return Config(MappingProxyType(values))


def as_toml(values: Mapping[str, Value]) -> str:
    """Return a commented `desa.toml`: `values` set, every other option shown with its default."""
    lines = ["# Pilihan untuk yang merawat server. Isi situs diatur lewat browser, bukan di sini."]
    for option in OPTIONS:
        chosen = option.name in values
        value = values.get(option.name, option.default)
        lines += ["", f"# {option.help}", f"{'' if chosen else '# '}{option.name} = {_toml(value)}"]
    return "\n".join(lines) + "\n"


def chosen(file: Path) -> dict[str, Value]:
    """Return only what `desa.toml` itself sets."""
    return {name: _checked(name, value, file.name) for name, value in _read_toml(file).items()}


def parse(name: str, text: str) -> Value:
    """Return `text` as the value of option `name`. Raises InvalidInput."""
    option = _BY_NAME.get(name)
    if option is None:
        raise _unknown(name, "desa config")
    return _parsed(option, text, _("perintah ini"))


def _read_toml(file: Path) -> dict[str, object]:
    if not file.exists():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        line = re.search(r"at line (\d+)", str(error))
        sentence = _("Berkas {file} tidak terbaca. Perbaiki isinya, lalu coba lagi.")
        if line is not None:
            sentence = _("Berkas {file} tidak terbaca di baris {line}. Perbaiki, lalu coba lagi.")
        raise InvalidInput(sentence.format(file=file.name, line=line[1] if line else "")) from error


def _checked(name: str, value: object, where: str) -> Value:
    option = _BY_NAME.get(name)
    if option is None:
        raise _unknown(name, where)
    if option.choices and value not in option.choices:
        raise InvalidInput(
            _("Pilihan {name} di {where} harus salah satu dari: {choices}.").format(
                name=name, where=where, choices=", ".join(option.choices)
            )
        )
    if name == "database_url" and value and not str(value).startswith(_POSTGRESQL):
        raise InvalidInput(
            _(
                "Alamat basis data di {where} ditulis seperti postgresql://pengguna@localhost/desa."
                " Kosongkan untuk memakai SQLite."
            ).format(where=where)
        )
    if isinstance(option.default, tuple) and isinstance(value, list):
        return tuple(str(item) for item in value)
    if type(value) is type(option.default) and isinstance(value, str | int):
        return value
    raise InvalidInput(
        _("Pilihan {name} di {where} harus seperti {example}.").format(
            name=name,
            where=where,
            example=_example(option),
        )
    )


def _example(option: Option) -> str:
    return _("true atau false") if isinstance(option.default, bool) else _toml(option.default)


def _parsed(option: Option, text: str, where: str) -> Value:
    if isinstance(option.default, bool):
        if text.lower() in ("1", "true", "ya", "yes", "on"):
            return True
        if text.lower() in ("0", "false", "tidak", "no", "off", ""):
            return False
    elif isinstance(option.default, int):
        if text.strip().lstrip("-").isdigit():
            return int(text)
    elif isinstance(option.default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return _checked(option.name, text, where)


def _unknown(name: str, where: str) -> InvalidInput:
    known = ", ".join(_BY_NAME)
    return InvalidInput(
        _("Pilihan {name} di {where} tidak dikenal. Yang ada: {known}.").format(
            name=name, where=where, known=known
        )
    )


def _toml(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
