"""Provinces with their codes and time zones, and what a village and its head are called where.

Codes: Kepmendagri 100.1.1-6117/2022 (38 provinces). Zones: Keppres 41/1987.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Province:
    code: str
    name: str
    zone: str


PROVINCES: tuple[Province, ...] = tuple(
    Province(*line.split("|"))
    for line in (
        "11|Aceh|WIB",
        "12|Sumatera Utara|WIB",
        "13|Sumatera Barat|WIB",
        "14|Riau|WIB",
        "15|Jambi|WIB",
        "16|Sumatera Selatan|WIB",
        "17|Bengkulu|WIB",
        "18|Lampung|WIB",
        "19|Kepulauan Bangka Belitung|WIB",
        "21|Kepulauan Riau|WIB",
        "31|DKI Jakarta|WIB",
        "32|Jawa Barat|WIB",
        "33|Jawa Tengah|WIB",
        "34|DI Yogyakarta|WIB",
        "35|Jawa Timur|WIB",
        "36|Banten|WIB",
        "51|Bali|WITA",
        "52|Nusa Tenggara Barat|WITA",
        "53|Nusa Tenggara Timur|WITA",
        "61|Kalimantan Barat|WIB",
        "62|Kalimantan Tengah|WIB",
        "63|Kalimantan Selatan|WITA",
        "64|Kalimantan Timur|WITA",
        "65|Kalimantan Utara|WITA",
        "71|Sulawesi Utara|WITA",
        "72|Sulawesi Tengah|WITA",
        "73|Sulawesi Selatan|WITA",
        "74|Sulawesi Tenggara|WITA",
        "75|Gorontalo|WITA",
        "76|Sulawesi Barat|WITA",
        "81|Maluku|WIT",
        "82|Maluku Utara|WIT",
        "91|Papua|WIT",
        "92|Papua Barat|WIT",
        "93|Papua Selatan|WIT",
        "94|Papua Tengah|WIT",
        "95|Papua Pegunungan|WIT",
        "96|Papua Barat Daya|WIT",
    )
)
# What the village is called, and its head; "" at the end lets people write their own.
TERMS: dict[str, str] = {
    "Desa": "Kepala Desa",
    "Nagari": "Wali Nagari",
    "Gampong": "Keuchik",
    "Kalurahan": "Lurah",
    "Kampung": "Kepala Kampung",
    "Pekon": "Peratin",
    "Tiyuh": "Kepalo Tiyuh",
    "Lembang": "Kepala Lembang",
    "Negeri": "Kepala Pemerintah Negeri",
    "Ohoi": "Kepala Ohoi",
    "Kelurahan": "Lurah",
}
_BY_CODE = {province.code: province for province in PROVINCES}
_BY_NAME = {province.name.casefold(): province for province in PROVINCES}


def province_of(kode_wilayah: str) -> Province | None:
    """Return the province of "35.22.07.2004", None for a code that is not known here."""
    return _BY_CODE.get(kode_wilayah[:2])


def province_named(name: str) -> Province | None:
    return _BY_NAME.get(name.strip().casefold())


def head_of(term: str) -> str:
    """Return what the head of a village of this kind is called."""
    return TERMS.get(term, f"Kepala {term}")
