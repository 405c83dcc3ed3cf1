"""Colours a village can take without knowing anything of colours, each readable as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from desa_web.web.accents import SHIPPED_ACCENTS, Accents, stylesheet

OWN = "sendiri"


@dataclass(frozen=True, slots=True)
class Palette:
    key: str
    name: str
    accents: Accents


PALETTES: tuple[Palette, ...] = (
    Palette("sawah", "Hijau sawah", SHIPPED_ACCENTS),
    Palette("laut", "Biru laut", Accents(green="#1d4a66", brick="#9c4221", gold="#d9a441")),
    Palette("manggis", "Ungu manggis", Accents(green="#5a2a4f", brick="#a03c22", gold="#d9a648")),
    Palette("kopi", "Cokelat kopi", Accents(green="#54361f", brick="#9a3a1e", gold="#d6a24a")),
    Palette("nila", "Biru nila", Accents(green="#2b3d70", brick="#a23f26", gold="#d3a03b")),
)
_BY_KEY = {palette.key: palette for palette in PALETTES}


def accents_of(answers: Mapping[str, str]) -> Accents:
    """Return the colours that somebody chose: a palette, or three of their own."""
    key = answers.get("palette", "")
    if key == OWN:
        return Accents(
            green=answers.get("accent_green", "").lower(),
            brick=answers.get("accent_red", "").lower(),
            gold=answers.get("accent_gold", "").lower(),
        )
    return _BY_KEY.get(key, PALETTES[0]).accents


def swatches(chosen: Accents) -> str:
    """Return a stylesheet: the page in the chosen colours, and a swatch of every palette."""
    rules = [stylesheet(chosen)]
    for palette in PALETTES:
        parts = (palette.accents.green, palette.accents.brick, palette.accents.gold)
        rules += [
            f".w-{palette.key} i:nth-child({at}){{background:{colour}}}"
            for at, colour in enumerate(parts, start=1)
        ]
    return "\n".join(rules)
