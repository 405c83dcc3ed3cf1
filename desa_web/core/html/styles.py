"""What an element's style says: hidden, bold, italic, a Word list or a Word leftover.

Gambling links are planted in pages that look fine, so whatever a reader would not see is told
apart here. It reads inline styles, old presentational attributes and the plain class rules of
style elements; it does not compute a cascade.
"""

import re
from dataclasses import dataclass

Css = dict[str, str]

_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.S)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\n\r\f]?|(.))", re.S)
_LENGTH = re.compile(
    r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,2})?)(px|pt|em|rem|ex|ch|vw|vh|vmin|vmax|cm|mm|in|pc|%)?$"
)
_PX = {
    "px": 1.0, "pt": 1.33, "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0, "vw": 4.0, "vh": 7.0,
    "vmin": 4.0, "vmax": 7.0, "cm": 37.8, "mm": 3.78, "in": 96.0, "pc": 16.0, "%": 4.0,
}  # fmt: skip
_OFF_SCREEN_PX = -300
_OFF_SCREEN = (
    "left", "right", "top", "bottom", "text-indent", "margin", "margin-left", "margin-top",
    "margin-right", "inset", "inset-inline-start", "margin-inline-start", "translate",
)  # fmt: skip
_READABLE_PX = 3
_HIDDEN_CLASS = re.compile(
    r"(?:^| )(?:msocommentreference|msocomanchor|msocomoff|msocomtxt|sr-only|visually-hidden|"
    r"screen-reader-text|d-none)(?= |$)"
)
_CLIPPED = re.compile(
    r"rect\((?:0|1)(?:px)?[ ,]+(?:0|1)(?:px)?[ ,]|inset\((?:50|[6-9][0-9]|100)%|circle\(0"
)
_MOVED = re.compile(r"translate(?:3d|x|y)?\(([^()]*)\)")
_SHRUNK = re.compile(r"(?:scale(?:3d|x|y)?|matrix)\(0(?:\.0[0-9]*)?[,)]")
_RGB = re.compile(r"rgba?\(([^()]{1,60})\)")
_NAMED = {
    "white": (255, 255, 255), "black": (0, 0, 0), "red": (255, 0, 0), "green": (0, 128, 0),
    "blue": (0, 0, 255), "yellow": (255, 255, 0), "silver": (192, 192, 192),
    "gray": (128, 128, 128), "grey": (128, 128, 128), "snow": (255, 250, 250),
    "ghostwhite": (248, 248, 255), "whitesmoke": (245, 245, 245), "ivory": (255, 255, 240),
    "window": (255, 255, 255),
}  # fmt: skip
_NEAR = 12  # of 255 in each channel: nobody reads that
_MSO_LEVEL = re.compile(r"\blevel([1-9])\b")

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Look:
    """What of an element's style matters; None = the style does not say."""

    is_hidden: bool = False
    strong: bool | None = None
    em: bool | None = None
    colour: Colour | None = None
    background: Colour | None = None
    list_level: int = 0
    is_list_marker: bool = False


PLAIN = Look()


def look_of(tag: str, attrs: dict[str, str], rules: dict[str, str]) -> Look:
    """Return what the attributes of a tag say; rules are those of `class_rules`."""
    style = attrs.get("style", "")
    classes = attrs.get("class", "").lower()
    if rules:
        names = ["." + name for name in attrs.get("class", "").split()]
        if "id" in attrs:
            names.append("#" + attrs["id"])
        style = ";".join([rules[n] for n in names if n in rules] + [style])
    css = _parse(style) if style else {}
    colour = _colour(css.get("color") or attrs.get("color", ""))
    background = _background(css, attrs)
    hidden = (
        "hidden" in attrs
        or attrs.get("aria-hidden", "").strip().lower() == "true"
        or (classes != "" and _HIDDEN_CLASS.search(classes) is not None)
        or _is_zero_box(tag, attrs)
        or _hides(css)
        or (colour is not None and background is not None and _same(colour, background))
    )
    level = _MSO_LEVEL.search(css.get("mso-list", ""))
    return Look(
        is_hidden=hidden,
        strong=_strong(css.get("font-weight", "")),
        em=_em(css.get("font-style", "")),
        colour=colour,
        background=background,
        list_level=int(level[1]) if level else 0,
        is_list_marker="ignore" in css.get("mso-list", ""),
    )


def class_rules(css: str) -> dict[str, str]:
    """Return the declarations of plain ".name" and "#name" rules that may hide something."""
    rules: dict[str, str] = {}
    for chunk in _COMMENT.sub("", css).split("}"):
        selectors, _, body = chunk.rpartition("{")
        if not body or len(rules) > 2000:
            continue
        if not _hides(_parse(body)):
            continue
        for selector in selectors.rpartition("{")[2].split(","):
            name = re.fullmatch(r"[a-z0-9]*([.#][A-Za-z0-9_-]{1,80})", selector.strip())
            if name:
                rules[name[1]] = body.strip()
    return rules


def is_invisible_on(colour: Colour | None, background: Colour) -> bool:
    """Tell whether a text of this colour cannot be seen on the background."""
    return colour is not None and _same(colour, background)


def _parse(style: str) -> Css:
    style = _ESCAPE.sub(_unescape, _COMMENT.sub("", style)) if "\\" in style else style
    style = _COMMENT.sub("", style).lower()
    css: Css = {}
    for part in style.split(";"):
        name, colon, value = part.partition(":")
        if colon:
            css[name.strip()] = value.replace("!important", "").strip()
    return css


def _unescape(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[2]
    code = int(match[1], 16)
    return chr(code) if 0 < code < 0x110000 else "\ufffd"


def _hides(css: Css) -> bool:
    if not css or css.get("mso-list", "") == "ignore":
        return False
    if css.get("display", "").split(" ")[0] == "none":
        return True
    if css.get("visibility", "") in ("hidden", "collapse") or css.get("mso-hide") == "all":
        return True
    if "comment" in css.get("mso-element", "") + css.get("mso-special-character", ""):
        return True
    if _small(css.get("opacity"), 0.1) or _small(css.get("zoom"), 0.05):
        return True
    if "alpha(opacity=0)" in css.get("filter", "").replace(" ", ""):
        return True
    if css.get("content-visibility") == "hidden":
        return True
    return _is_tiny(css) or _is_away(css)


def _is_tiny(css: Css) -> bool:
    size = css.get("font-size") or _size_of_font(css.get("font", ""))
    px = _px(size)
    if px is not None and not size.endswith("%") and px < _READABLE_PX:
        return True
    if size.endswith("%") and px is not None and px < 15 * 4:
        return True
    if _SHRUNK.search(css.get("transform", "").replace(" ", "")) or css.get("scale") == "0":
        return True
    clip = css.get("clip", "") + " " + css.get("clip-path", "")
    if _CLIPPED.search(clip):
        return True
    if not css.get("overflow", css.get("overflow-y", "visible")).startswith("visible"):
        for name in ("width", "height", "max-width", "max-height"):
            px = _px(css.get(name, ""))
            if px is not None and px <= 1:
                return True
    return False


def _is_away(css: Css) -> bool:
    for name in _OFF_SCREEN:
        value = css.get(name)
        if value and any((_px(v) or 0) <= _OFF_SCREEN_PX for v in value.replace(",", " ").split()):
            return True
    positioned = css.get("position") in ("absolute", "fixed")
    if positioned:
        for name in ("left", "top", "right", "bottom"):
            if (_px(css.get(name, "")) or 0) >= 5000:
                return True
        if re.fullmatch(r"-[0-9]+", css.get("z-index", "")):
            return True
    moved = _MOVED.search(css.get("transform", ""))
    return moved is not None and any(
        (_px(v) or 0) <= _OFF_SCREEN_PX for v in moved[1].replace(",", " ").split()
    )


def _is_zero_box(tag: str, attrs: dict[str, str]) -> bool:
    if tag in ("td", "th", "col", "img", "table", "tr"):
        return False
    return any(
        attrs.get(name, "").strip().removesuffix("px") in ("0", "1") for name in ("width", "height")
    )


def _size_of_font(font: str) -> str:
    for word in font.split():
        word = word.split("/")[0]
        if _LENGTH.match(word) and not re.fullmatch(r"[1-9]00", word):
            return word
    return ""


def _px(value: str | None) -> float | None:
    match = _LENGTH.match(value) if value and len(value) < 40 else None
    return float(match[1]) * _PX[match[2] or "px"] if match else None


def _small(value: str | None, limit: float) -> bool:
    match = _LENGTH.match(value) if value and len(value) < 40 else None
    if match is None:
        return False
    return float(match[1]) / (100 if match[2] == "%" else 1) < limit


def _strong(weight: str) -> bool | None:
    if weight in ("bold", "bolder", "600", "700", "800", "900"):
        return True
    if weight in ("normal", "lighter", "100", "200", "300", "400", "500"):
        return False
    return None


def _em(style: str) -> bool | None:
    return {"italic": True, "oblique": True, "normal": False}.get(style)


def _background(css: Css, attrs: dict[str, str]) -> Colour | None:
    value = css.get("background-color") or css.get("background") or attrs.get("bgcolor", "")
    if not value or "url(" in value:
        return None
    if "rgb" in value or " " not in value:
        return _opaque(value)
    return next((c for c in map(_colour, value.split()) if c), None)


def _opaque(value: str) -> Colour | None:
    if value.startswith("rgba") and re.search(r"[,/] *0(?:\.[0-4][0-9]*)? *\)", value):
        return None  # a see-through background is none
    colour = _colour(value)
    return None if colour is not None and colour[0] < 0 else colour


def _colour(value: str) -> Colour | None:
    value = value.strip().lower()
    if value == "transparent" or re.fullmatch(r"rgba\([^()]*[,/] *0(?:\.0[0-9]*)?%? *\)", value):
        return (-1, -1, -1)
    if value.startswith("#"):
        digits = value[1:]
        if re.fullmatch(r"[0-9a-f]{3,4}", digits):
            digits = "".join(2 * c for c in digits[:3])
        if re.fullmatch(r"[0-9a-f]{6}(?:[0-9a-f]{2})?", digits):
            return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
        return None
    rgb = _RGB.match(value)
    if rgb:
        parts = re.split(r"[ ,/]+", rgb[1].strip())[:3]
        if len(parts) == 3 and all(re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{1,3})?", p) for p in parts):
            red, green, blue = (int(float(p)) for p in parts)
            return red, green, blue
        return None
    return _NAMED.get(value)


def _same(one: Colour, other: Colour) -> bool:
    return one[0] < 0 or all(abs(a - b) <= _NEAR for a, b in zip(one, other, strict=True))
