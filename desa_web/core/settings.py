"""What a village says about itself and how it works: one typed table, changed in the browser.

`read(site)` returns a frozen snapshot; `change(actor, values)` checks, writes and journals.
Options of the machine (port, proxies …) are not here but in core/config.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from desa_web.core import db, journal
from desa_web.core.actor import Permission
from desa_web.core.clock import zone_names
from desa_web.core.errors import InvalidInput
from desa_web.core.i18n import _

if TYPE_CHECKING:
    from desa_web.core.actor import Actor
    from desa_web.core.site import Site

# Permendagri 72/2019: province, kabupaten or kota, kecamatan, village, each below the one before.
KODE_WILAYAH = re.compile(r"\d{2}\.\d{2}\.\d{2}\.[123]\d{3}")
_KODE_HUB = re.compile(r"\d{2}(\.\d{2}){0,2}")
_KODE_DIGITS = re.compile(r"(\d{2})(?:(\d{2})(?:(\d{2})(\d{4})?)?)?")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"[0-9+() /-]{4,30}")
_BPS = re.compile(r"\d{10}")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; `check` returns the sentence that is wrong with a value, or None."""

    name: str
    default: Any
    group: str
    label: str
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    check: Callable[[Any], str | None] | None = None
    limit: int = 200
    multiline: bool = False


def _matches(pattern: re.Pattern[str], sentence: str) -> Callable[[Any], str | None]:
    return lambda value: None if not value or pattern.fullmatch(value) else _(sentence)


def _address(value: str) -> str | None:
    parts = urlsplit(value)
    if not value or (
        parts.scheme in ("http", "https") and parts.hostname and parts.path in ("", "/")
    ):
        return None
    return _("Alamat situs ditulis seperti https://sukamaju.desa.id.")


def _services(lines: list[str]) -> str | None:
    if len(lines) > 6:
        return _("Paling banyak enam layanan, supaya yang penting terlihat.")
    for line in lines:
        name, _colon, rest = line.partition(":")
        address = rest.rpartition(":")[2].strip()
        if not name.strip() or not address.startswith("/") or address.startswith("//"):
            return _("Tiap baris seperti Surat pengantar: Selesai 15 menit: /halaman/layanan.")
    return None


def _media_contacts(lines: list[str]) -> str | None:
    if len(lines) > 6:
        return _("Paling banyak enam narahubung.")
    for line in lines:
        name, _colon, rest = line.partition(":")
        number = rest.partition(":")[2].strip()
        if not name.strip() or (number and not _PHONE.fullmatch(number)):
            return _("Tiap baris seperti Nur Aini: KIM Sukamaju: 0812 3456 7890.")
    return None


def _required(value: str) -> str | None:
    return None if value.strip() else _("Bagian ini perlu diisi.")


_COLOUR_SENTENCE = "Warna ditulis seperti #1b4d3a."
GROUPS = (
    ("village", "Desa"),
    ("front", "Halaman depan"),
    ("contact", "Kontak dan jam layanan"),
    ("words", "Sebutan setempat"),
    ("work", "Alur kerja berita"),
    ("look", "Warna dan hiasan"),
)
SETTINGS: tuple[Setting, ...] = (
    Setting("village_name", "Desa Baru", "village", "Nama desa", check=_required, limit=80),
    Setting("motto", "", "village", "Semboyan", "Satu kalimat pendek, boleh kosong."),
    Setting(
        "description",
        "",
        "village",
        "Tentang desa",
        "Dua atau tiga kalimat; tampil di media kit dan mesin pencari.",
        limit=600,
        multiline=True,
    ),
    Setting(
        "kode_wilayah",
        "",
        "village",
        "Kode wilayah",
        "Kode dari Kemendagri, misalnya 35.22.07.2004.",
        check=_matches(
            KODE_WILAYAH, "Kode wilayah desa terdiri dari sepuluh angka, seperti 35.22.07.2004."
        ),
    ),
    Setting(
        "bps_code",
        "",
        "village",
        "Kode BPS",
        "Sepuluh angka, boleh kosong.",
        check=_matches(_BPS, "Kode BPS terdiri dari sepuluh angka."),
    ),
    Setting("district", "", "village", "Kecamatan"),
    Setting("regency", "", "village", "Kabupaten atau kota"),
    Setting("province", "", "village", "Provinsi"),
    Setting(
        "time_zone", "WIB", "village", "Zona waktu", choices=tuple((z, z) for z in zone_names())
    ),
    Setting(
        "public_address",
        "",
        "village",
        "Alamat situs",
        "Bila desa sudah punya alamat internet.",
        check=_address,
    ),
    Setting(
        "facts",
        [],
        "village",
        "Desa dalam angka",
        "Satu baris satu angka: nama, titik dua, nilai.",
        limit=2000,
        multiline=True,
    ),
    Setting("licence", "CC BY 4.0", "village", "Lisensi naskah dan foto"),
    Setting(
        "front_lead",
        "",
        "front",
        "Berita utama",
        "Alamat berita yang tetap di atas, misalnya jalan-tani-dibangun. Kosong: yang terbaru.",
    ),
    Setting(
        "front_notice",
        "",
        "front",
        "Pengumuman di pita atas",
        "Alamat pengumuman, misalnya air-bersih-mati. Kosong: yang terbaru.",
    ),
    Setting(
        "services",
        [],
        "front",
        "Layanan di halaman depan",
        "Satu baris satu layanan: nama, titik dua, janji, titik dua, alamat. "
        "Misalnya Surat pengantar: Selesai 15 menit: /halaman/layanan.",
        check=_services,
        limit=1000,
        multiline=True,
    ),
    Setting("address", "", "contact", "Alamat kantor", limit=300, multiline=True),
    Setting(
        "phone",
        "",
        "contact",
        "Telepon",
        check=_matches(_PHONE, "Nomor telepon berisi angka, spasi, + dan tanda kurung."),
    ),
    Setting(
        "whatsapp",
        "",
        "contact",
        "WhatsApp",
        "Nomor dengan kode negara, misalnya 6281234567890.",
        check=_matches(re.compile(r"\d{8,16}"), "Tulis angka saja, misalnya 6281234567890."),
    ),
    Setting(
        "email",
        "",
        "contact",
        "Surel",
        check=_matches(_EMAIL, "Alamat surel ditulis seperti nama@contoh.id."),
    ),
    Setting(
        "media_contacts",
        [],
        "contact",
        "Narahubung untuk media",
        "Satu baris satu orang: nama, titik dua, jabatan, titik dua, nomor (boleh kosong). "
        "Misalnya Nur Aini: KIM Sukamaju: 0812 3456 7890. Tampil di Media kit.",
        check=_media_contacts,
        limit=1000,
        multiline=True,
    ),
    Setting(
        "office_hours",
        ["Senin–Kamis: 08.00–15.00", "Jumat: 08.00–11.00"],
        "contact",
        "Jam layanan",
        "Satu baris satu keterangan: hari, titik dua, jam.",
        limit=1000,
        multiline=True,
    ),
    Setting(
        "social_links",
        [],
        "contact",
        "Tautan media sosial",
        "Satu baris satu alamat https://…",
        limit=1000,
        multiline=True,
    ),
    Setting("village_term", "Desa", "words", "Sebutan desa", "Nagari, kalurahan, gampong, …"),
    Setting("head_term", "Kepala Desa", "words", "Sebutan kepala desa", "Keuchik, wali nagari, …"),
    Setting("kim_name", "", "words", "Nama KIM", "Misalnya KIM Sukamaju."),
    Setting(
        "kim_term",
        "Kelompok Informasi Masyarakat",
        "words",
        "Kepanjangan KIM",
        choices=(
            ("Kelompok Informasi Masyarakat", "Kelompok Informasi Masyarakat"),
            ("Komunitas Informasi Masyarakat", "Komunitas Informasi Masyarakat"),
        ),
    ),
    Setting(
        "approval",
        "required",
        "work",
        "Persetujuan sebelum terbit",
        "Empat mata berarti penulis tidak boleh menyetujui tulisannya sendiri.",
        choices=(
            ("required", "Wajib disetujui"),
            ("four_eyes", "Wajib disetujui orang lain (empat mata)"),
            ("off", "Redaksi boleh langsung menerbitkan"),
        ),
    ),
    Setting(
        "send_to_kominfo",
        True,
        "work",
        "Kirim berita ke Kominfo",
        "Bisa dimatikan lagi untuk tiap berita.",
    ),
    Setting(
        "accent_green",
        "",
        "look",
        "Warna utama",
        "Kosong berarti warna bawaan.",
        check=_matches(_COLOUR, _COLOUR_SENTENCE),
    ),
    Setting(
        "accent_red",
        "",
        "look",
        "Warna penanda",
        "Kosong berarti warna bawaan.",
        check=_matches(_COLOUR, _COLOUR_SENTENCE),
    ),
    Setting(
        "accent_gold",
        "",
        "look",
        "Warna hiasan",
        "Kosong berarti warna bawaan.",
        check=_matches(_COLOUR, _COLOUR_SENTENCE),
    ),
    Setting(
        "band",
        "tenun",
        "look",
        "Pita hiasan",
        choices=(
            ("tenun", "Tenun"),
            ("anyam", "Anyam"),
            ("parang", "Parang"),
            ("rebung", "Pucuk rebung"),
        ),
    ),
    Setting("theme", "desa", "look", "Tema"),
    # The hash of a photo's master. No group: it is set by sending a file, not by typing.
    Setting(
        "emblem",
        "",
        "",
        "Lambang desa",
        check=_matches(re.compile(r"[0-9a-f]{64}"), "Lambang dipilih di Pengaturan, Lambang."),
    ),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}
# What is another thing at a media centre: its code is that of the district it collects from.
_AT_HUB = {
    "village_name": replace(_BY_NAME["village_name"], default="", label="Nama media center"),
    "description": replace(_BY_NAME["description"], label="Tentang media center"),
    "public_address": replace(
        _BY_NAME["public_address"], help="Bila media center sudah punya alamat internet."
    ),
    "facts": replace(_BY_NAME["facts"], label="Media center dalam angka"),
    "village_term": replace(
        _BY_NAME["village_term"], default="", label="Sebutan", help="Misalnya Media Center."
    ),
    "send_to_kominfo": replace(
        _BY_NAME["send_to_kominfo"],
        label="Kirim berita ke media center lain",
        help="Bila situs ini tersambung dengan media center provinsi. Bisa dimatikan lagi untuk "
        "tiap berita.",
    ),
    "kode_wilayah": replace(
        _BY_NAME["kode_wilayah"],
        help="Kode kabupaten atau kota dari Kemendagri, misalnya 33.05; provinsi 33, "
        "kecamatan 33.05.01.",
        check=_matches(
            _KODE_HUB,
            "Kode wilayah media center ditulis seperti 33.05 untuk kabupaten atau kota, 33 untuk "
            "provinsi, atau 33.05.01 untuk kecamatan.",
        ),
    ),
}
# What only a village has: nobody is asked for it at a media centre.
_VILLAGE_ONLY = frozenset({"bps_code", "head_term", "kim_name", "kim_term"})


class Settings(Mapping[str, Any]):
    """A snapshot of all settings, defaults filled in."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = MappingProxyType({s.name: values.get(s.name, s.default) for s in SETTINGS})

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and self._values == other._values

    __hash__ = None  # type: ignore[assignment]

    @property
    def full_name(self) -> str:
        """ "Desa Sukamaju": the term is not repeated when the name begins with it."""
        name: str = self["village_name"]
        return name if name != self.short_name else f"{self['village_term']} {name}"

    @property
    def short_name(self) -> str:
        """ "Sukamaju", also for who wrote "Desa Sukamaju" into the field for the name."""
        term: str = self["village_term"]
        name: str = self["village_name"]
        is_repeated = name.casefold().startswith(f"{term} ".casefold())
        return name[len(term) :].strip() if is_repeated else name


def read(site: Site) -> Settings:
    """Return the settings as they are now (one query)."""
    rows = db.execute(site.database, "SELECT name, value FROM setting").fetchall()
    return _parsed(tuple(rows))


def change(actor: Actor, values: Mapping[str, Any]) -> Settings:
    """Check and store `values`; unchanged ones leave no trace. Raises InvalidInput by field."""
    actor.require(Permission.MANAGE_SITE)
    checked = {name: _clean(name, value) for name, value in values.items()}
    if wrong := problems(checked, is_hub=is_hub(actor.site)):
        raise InvalidInput(fields=wrong)
    with journal.change(actor) as current:
        before = read(actor.site)
        changed = {name: value for name, value in checked.items() if before[name] != value}
        for name, value in changed.items():
            db.execute(
                actor.site.database,
                "INSERT INTO setting (name, value) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                name,
                json.dumps(value, ensure_ascii=False),
            )
        after = read(actor.site)
        if changed:
            state = journal.digest(dict(after))
            note = ", ".join(sorted(changed))
            current.record("settings", "site", "change", keys={"site"}, digest=state, note=note)
    return after


def is_hub(site: Site) -> bool:
    """Say whether the site is a media centre, which some settings are different for."""
    return site.config.text("role") == "hub"


def groups(*, is_hub: bool = False) -> tuple[tuple[str, str], ...]:
    """Return the groups of settings and what they are called, in order."""
    return (("village", "Media center"), *GROUPS[1:]) if is_hub else GROUPS


def of_group(group: str, *, is_hub: bool = False) -> list[Setting]:
    """Return the settings of a group as this kind of site has them; none for an unknown one."""
    return [
        setting(one.name, is_hub=is_hub)
        for one in SETTINGS
        if one.group == group and not (is_hub and one.name in _VILLAGE_ONLY)
    ]


def problems(values: Mapping[str, Any], *, is_hub: bool = False) -> dict[str, str]:
    """Return what is wrong with `values`, a sentence by name; nothing is stored."""
    checked = {name: _clean(name, value) for name, value in values.items()}
    found = {name: _problem(setting(name, is_hub=is_hub), v) for name, v in checked.items()}
    return {name: sentence for name, sentence in found.items() if sentence is not None}


def dotted_code(text: str) -> str:
    """Return "35.22.07.2004" for 3522072004 or 35 22 07 2004, as people copy it; else the text."""
    digits = _KODE_DIGITS.fullmatch(re.sub(r"[\s.]", "", text))
    return ".".join(filter(None, digits.groups())) if digits else text


def setting(name: str, *, is_hub: bool = False) -> Setting:
    """Return the definition of one setting. Raises InvalidInput for an unknown name."""
    if name not in _BY_NAME:
        known = ", ".join(_BY_NAME)
        raise InvalidInput(
            _("Pengaturan {name} tidak dikenal. Yang ada: {known}.").format(name=name, known=known)
        )
    return _AT_HUB[name] if is_hub and name in _AT_HUB else _BY_NAME[name]


@lru_cache(maxsize=8)
def _parsed(rows: tuple[tuple[str, str], ...]) -> Settings:
    """Return the same snapshot for the same rows: every page asks, and they hardly ever change."""
    return Settings({name: json.loads(value) for name, value in rows})


def _clean(name: str, value: Any) -> Any:
    """Bring a form's text to the type of the default: list = lines, bool = ticked."""
    default = setting(name).default
    if isinstance(default, bool):
        return value in (True, "1", "on", "ya", "true", "True")
    if isinstance(default, list):
        lines = value.splitlines() if isinstance(value, str) else [str(item) for item in value]
        return [line.strip() for line in lines if line.strip()]
    text = str(value).replace("\r\n", "\n").strip()
    return dotted_code(text) if name == "kode_wilayah" else text


def _problem(setting: Setting, value: Any) -> str | None:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if "\x00" in text:
        return _("Ada huruf yang tidak bisa disimpan. Ketik ulang bagian ini.")
    if len(text) > setting.limit:
        return _("Terlalu panjang: paling banyak {n} huruf.").format(n=setting.limit)
    if setting.choices and value not in [choice for choice, _label in setting.choices]:
        return _("Pilih salah satu yang ada di daftar.")
    return setting.check(value) if setting.check else None
