"""The village's own colours: three choices become all accent tokens, light and dark, checked.

Contrast is WCAG 2.2's ratio. The tokens and their least contrasts are those of the shipped theme's
look: text ≥ 4.5, borders and band ≥ 3, white on buttons ≥ 4.5. A choice that fails is refused with
a sentence; it is never silently "improved", because the desk shows what readers will see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PAPER, PAPER2, CARD, INK = "#fbf6ec", "#f2e9d8", "#fffdf8", "#231f1a"
DARK_PAPER, DARK_PAPER2, DARK_CARD, DARK_INK = "#161b18", "#1e2521", "#222a25", "#efe7d8"
TEXT_RATIO, EDGE_RATIO = 4.5, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Accents:
    """A village's three colours, "#rrggbb": green acts, brick marks, gold decorates."""

    green: str = "#1b4d3a"
    brick: str = "#a23f26"
    gold: str = "#d39c3b"

    @property
    def band_ground(self) -> str:
        """The dark green of the band, for the browser's own bar."""
        return tokens(self)["--m1"]


SHIPPED_ACCENTS = Accents()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccentProblem:
    """A choice that cannot be read: the colour, the ratio found and needed, a sentence."""

    colour: str
    ratio: float
    needed: float
    sentence: str


def contrast_ratio(one: str, other: str) -> float:
    """Return the contrast of two "#rrggbb" colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def check_accents(accents: Accents) -> list[AccentProblem]:
    """Return what a reader could not read with these colours; an empty list means they are fine."""
    problems = [
        AccentProblem(
            colour=name,
            ratio=1,
            needed=TEXT_RATIO,
            sentence=f"Warna {name} ditulis #rrggbb, misalnya #1b4d3a.",
        )
        for name, value in (
            ("hijau", accents.green),
            ("bata", accents.brick),
            ("emas", accents.gold),
        )
        if not _is_colour(value)
    ]
    if problems:
        return problems
    light, dark = tokens(accents), dark_tokens(accents)
    return [
        *_unreadable(light, (PAPER, PAPER2, CARD), "latar terang"),
        *_unreadable(dark, (DARK_PAPER, DARK_CARD), "latar gelap"),
    ]


def tokens(accents: Accents) -> dict[str, str]:
    """Return the accent tokens for light pages, by custom property."""
    green, brick, gold = accents.green, accents.brick, accents.gold
    if accents == SHIPPED_ACCENTS:
        return dict(_LIGHT)
    button = _mix(green, "#000000", 0.26)
    return {
        "--hijau": green,
        "--hijau2": button,
        "--hijau3": _mix(PAPER, green, 0.12),
        "--bata": brick,
        "--bata3": _mix(PAPER, brick, 0.12),
        "--emas": gold,
        "--emas2": _until(gold, "#000000", PAPER2, 5.5),
        "--emas3": _mix(PAPER, gold, 0.2),
        "--m1": button,
        "--m2": gold,
        "--m3": _mix(brick, gold, 0.2),
        "--kaki": _mix(green, "#000000", 0.43),
        "--tombol": button,
    }


def dark_tokens(accents: Accents) -> dict[str, str]:
    """Return the accent tokens for dark pages, by custom property."""
    green, brick, gold = accents.green, accents.brick, accents.gold
    if accents == SHIPPED_ACCENTS:
        return dict(_DARK)
    ground = _mix(green, "#000000", 0.45)
    return {
        "--hijau": _until(green, "#ffffff", DARK_CARD, 7),
        "--hijau2": ground,
        "--hijau3": _mix(DARK_PAPER, green, 0.25),
        "--bata": _until(brick, "#ffffff", DARK_CARD, 6.3),
        "--bata3": _mix(DARK_PAPER, brick, 0.25),
        "--emas": _until(gold, "#ffffff", DARK_PAPER, 6),
        "--emas2": _until(gold, "#ffffff", DARK_CARD, 8),
        "--emas3": _mix(DARK_PAPER, gold, 0.17),
        "--m1": ground,
        "--kaki": ground,
        "--tombol": _until(_mix(green, "#ffffff", 0.12), "#000000", "#ffffff", 6),
    }


def stylesheet(accents: Accents) -> str:
    """Return the rules a page needs for these colours, "" for the shipped ones.

    Raises ValueError for a colour that is not "#rrggbb": this text goes into a stylesheet.
    """
    if accents == SHIPPED_ACCENTS:
        return ""
    if not all(_is_colour(value) for value in (accents.green, accents.brick, accents.gold)):
        raise ValueError("an accent colour is not #rrggbb")
    light = ";".join(f"{name}:{value}" for name, value in tokens(accents).items())
    dark = ";".join(f"{name}:{value}" for name, value in dark_tokens(accents).items())
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"


# Drawn by hand for the shipped look; the derivation below serves every other choice.
_LIGHT = {
    "--hijau": "#1b4d3a",
    "--hijau2": "#12382a",
    "--hijau3": "#e2ebdc",
    "--bata": "#a23f26",
    "--bata3": "#f7e2d7",
    "--emas": "#d39c3b",
    "--emas2": "#75500d",
    "--emas3": "#f8ebcb",
    "--m1": "#12382a",
    "--m2": "#d39c3b",
    "--m3": "#b9502f",
    "--kaki": "#0e2c21",
    "--tombol": "#12382a",
}
_DARK = {
    "--hijau": "#8fcaa8",
    "--hijau2": "#0f2b21",
    "--hijau3": "#21372c",
    "--bata": "#ee9a7b",
    "--bata3": "#42261b",
    "--emas": "#dcab53",
    "--emas2": "#e6bd6f",
    "--emas3": "#3a2f17",
    "--m1": "#0d241b",
    "--kaki": "#0e2c21",
    "--tombol": "#2c6b51",
}


def _unreadable(found: dict[str, str], grounds: tuple[str, ...], where: str) -> list[AccentProblem]:
    pairs = [
        ("hijau", found["--hijau"], ground, TEXT_RATIO, f"teks pada {where}") for ground in grounds
    ]
    pairs += [
        ("bata", found["--bata"], ground, TEXT_RATIO, f"teks pada {where}") for ground in grounds
    ]
    pairs += [
        ("hijau", found["--hijau"], found["--hijau3"], TEXT_RATIO, f"teks pada kotak, {where}"),
        ("bata", found["--bata"], found["--bata3"], TEXT_RATIO, f"teks pada kotak, {where}"),
        ("emas", found["--emas2"], found["--emas3"], TEXT_RATIO, f"teks pada kotak, {where}"),
        ("emas", found["--emas2"], grounds[0], EDGE_RATIO, f"garis fokus pada {where}"),
        ("hijau", "#ffffff", found["--tombol"], TEXT_RATIO, f"tulisan putih di tombol, {where}"),
        ("hijau", "#ffffff", found["--kaki"], 7.0, f"tulisan putih di kaki halaman, {where}"),
        ("emas", found["--emas"], found["--m1"], EDGE_RATIO, f"pita tenun, {where}"),
    ]
    worst: dict[str, AccentProblem] = {}
    for colour, text, ground, needed, use in pairs:
        ratio = contrast_ratio(text, ground)
        if ratio >= needed or (
            colour in worst and worst[colour].ratio / worst[colour].needed <= ratio / needed
        ):
            continue
        said, want = f"{ratio:.1f}".replace(".", ","), f"{needed:.1f}".replace(".", ",")
        sentence = (
            f"Warna {colour} sulit dibaca sebagai {use}: kontrasnya {said}, perlu {want}. "
            "Pilih warna lain yang lebih jauh terangnya."
        )
        worst[colour] = AccentProblem(colour=colour, ratio=ratio, needed=needed, sentence=sentence)
    return list(worst.values())


def _is_colour(value: str) -> bool:
    return re.fullmatch(r"#[0-9a-fA-F]{6}", value) is not None


def _channels(colour: str) -> tuple[int, int, int]:
    if not _is_colour(colour):
        raise ValueError(f"not a colour: {colour!r}")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    # WCAG 2.2, "relative luminance".
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in _channels(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mix(one: str, other: str, share: float) -> str:
    """Return one with a share (0 to 1) of the other."""
    mixed = (
        round(a + (b - a) * share) for a, b in zip(_channels(one), _channels(other), strict=True)
    )
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _until(colour: str, towards: str, ground: str, ratio: float) -> str:
    """Return the colour, moved towards white or black just until it stands out from the ground."""
    for step in range(41):
        moved = _mix(colour, towards, step / 40)
        if contrast_ratio(moved, ground) >= ratio:
            return moved
    return towards
