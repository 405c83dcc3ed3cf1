"""The questions: what each step's form holds, what is wrong with it, which settings it becomes.

A step is checked as a whole, with sentences in the form, and kept as typed; `settings_of` turns all
answers into the village's settings at the end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from desa_web.core import settings
from desa_web.core.clock import zone_names
from desa_web.core.errors import InvalidInput
from desa_web.core.i18n import _
from desa_web.features.accounts import passwords
from desa_web.features.accounts.service import checked_person
from desa_web.features.setup import palettes, places
from desa_web.features.setup.answers import Answers
from desa_web.web.accents import SHIPPED_ACCENTS, check_accents
from desa_web.web.forms import Form

OTHER = "lainnya"
FIELDS: dict[str, tuple[str, ...]] = {
    "desa": (
        "village_term",
        "other_term",
        "village_name",
        "head_term",
        "kode_wilayah",
        "district",
        "regency",
        "province",
        "time_zone",
        "public_address",
    ),
    "kontak": ("kim_name", "kim_term", "address", "phone", "whatsapp", "office_hours"),
    "tampilan": ("palette", "accent_green", "accent_red", "accent_gold", "band", "approval"),
    "akun": ("name", "login"),
}
_PASSWORD_MAX = 1000
_ACCENT_FIELDS = {"hijau": "accent_green", "bata": "accent_red", "emas": "accent_gold"}
_LINES_MAX = 1000


def check(step: str, form: Form, answers: Answers, *, is_hub: bool = False) -> dict[str, str]:
    """Return the answers of a step. Raises InvalidInput; its sentences are in the form, too.

    is_hub: a media centre's own code is that of a kabupaten, a province or a kecamatan.
    """
    values = {
        name: form.text(name, limit=_LINES_MAX if name in ("address", "office_hours") else 200)
        for name in FIELDS[step]
    }
    if step == "desa":
        _check_village(form, values, is_hub=is_hub)
    elif step == "kontak":
        _note(form, _contact_settings(values))
    elif step == "tampilan":
        _check_look(form, values)
    else:
        values["hash"] = _checked_account(form, values, answers.of("desa"))
    form.check()
    return values


def settings_of(answers: Answers) -> dict[str, Any]:
    """Return all answers as settings."""
    return {
        **_village_settings(answers.of("desa")),
        **_contact_settings(answers.of("kontak")),
        **_look_settings(answers.of("tampilan")),
    }


def full_name(answers: Answers) -> str:
    """Return "Nagari Kapau": what the site will be called."""
    return settings.Settings(_village_settings(answers.of("desa"))).full_name


def _check_village(form: Form, values: dict[str, str], *, is_hub: bool) -> None:
    term = values["village_term"]
    if term == OTHER and not values["other_term"]:
        form.problems["other_term"] = _("Tulis sebutannya, misalnya Kute.")
    elif term != OTHER and term not in places.TERMS:
        form.problems["village_term"] = _("Pilih salah satu yang ada di daftar.")
    if not values["village_name"]:
        form.problems["village_name"] = _("Isi nama desanya, misalnya Sukamaju.")
    _check_place(form, values, is_hub=is_hub)
    _note(form, _village_settings(values), is_hub=is_hub)
    if "time_zone" not in form.problems and _zone(values) not in zone_names():
        form.problems["time_zone"] = _("Pilih zona waktunya, supaya jam berita betul.")


def _check_place(form: Form, values: dict[str, str], *, is_hub: bool) -> None:
    """Refuse a province that is not the one of the code: one of the two is mistyped."""
    chosen = values["province"]
    if chosen and places.province_named(chosen) is None:
        form.problems["province"] = _("Pilih salah satu yang ada di daftar.")
        return
    code = settings.dotted_code(values["kode_wilayah"])
    is_code = not settings.problems({"kode_wilayah": code}, is_hub=is_hub)
    by_code = places.province_of(code) if is_code else None
    if chosen and by_code is not None and by_code.name != chosen:
        form.problems["province"] = _(
            "Kode {code} milik {province}. Samakan provinsinya, atau periksa lagi kodenya."
        ).format(code=by_code.code, province=by_code.name)


def _village_settings(values: Mapping[str, str]) -> dict[str, Any]:
    term = values.get("village_term", "")
    term = values.get("other_term", "") if term == OTHER else term
    code = settings.dotted_code(values.get("kode_wilayah", ""))
    by_code = places.province_of(code)
    return {
        "village_term": term,
        "village_name": values.get("village_name", ""),
        "head_term": values.get("head_term", "") or places.head_of(term),
        "kode_wilayah": code,
        "district": values.get("district", ""),
        "regency": values.get("regency", ""),
        "province": values.get("province", "") or (by_code.name if by_code else ""),
        "time_zone": _zone(values),
        "public_address": _address(values.get("public_address", "")),
    }


def _zone(values: Mapping[str, str]) -> str:
    """Return the chosen zone, otherwise the province's, "" when that is not known either."""
    if values.get("time_zone"):
        return values["time_zone"]
    province = places.province_named(values.get("province", "")) or places.province_of(
        settings.dotted_code(values.get("kode_wilayah", ""))
    )
    return province.zone if province else ""


def _contact_settings(values: Mapping[str, str]) -> dict[str, Any]:
    return {
        "kim_name": values.get("kim_name", ""),
        "kim_term": values.get("kim_term", ""),
        "address": values.get("address", ""),
        "phone": values.get("phone", ""),
        "whatsapp": _whatsapp(values.get("whatsapp", "")),
        "office_hours": values.get("office_hours", ""),
    }


def _check_look(form: Form, values: dict[str, str]) -> None:
    known = {palette.key for palette in palettes.PALETTES} | {palettes.OWN}
    if values["palette"] not in known:
        form.problems["palette"] = _("Pilih salah satu warna.")
    elif values["palette"] == palettes.OWN:
        for problem in check_accents(palettes.accents_of(values)):
            form.problems.setdefault(_ACCENT_FIELDS[problem.colour], problem.sentence)
    _note(form, _look_settings(values))


def _look_settings(values: Mapping[str, str]) -> dict[str, Any]:
    accents = palettes.accents_of(values)
    shipped = accents == SHIPPED_ACCENTS
    return {
        "accent_green": "" if shipped else accents.green,
        "accent_red": "" if shipped else accents.brick,
        "accent_gold": "" if shipped else accents.gold,
        "band": values.get("band", ""),
        "approval": values.get("approval", ""),
    }


def _checked_account(form: Form, values: dict[str, str], village: Mapping[str, str]) -> str:
    """Return the hash of the password; "" when something is wrong, said in the form."""
    values["login"] = values["login"].casefold()
    try:
        checked_person(name=values["name"], login=values["login"])
    except InvalidInput as error:
        form.refuse(error)
    password = form.text("password", limit=_PASSWORD_MAX, required=True, strip=False)
    again = form.text("again", limit=_PASSWORD_MAX, strip=False)
    words = (values["login"], values["name"], village.get("village_name", ""))
    if "password" not in form.problems:
        if (found := passwords.problem(password, words)) is not None:
            form.problems["password"] = found
        elif password != again:
            form.problems["again"] = _("Kedua isian kata sandi belum sama.")
    return "" if form.problems else passwords.hashed(password)


def _note(form: Form, values: Mapping[str, Any], *, is_hub: bool = False) -> None:
    """Say what the settings' own rules say, beside the fields; what a field said before stays."""
    for name, sentence in settings.problems(values, is_hub=is_hub).items():
        if name in form.values and not (name == "time_zone" and not form.values[name]):
            form.problems.setdefault(name, sentence)


def _address(text: str) -> str:
    return f"https://{text}" if text and "://" not in text else text


def _whatsapp(text: str) -> str:
    """0812-3456-7890 and +62 812 3456 7890 are 6281234567890."""
    digits = re.sub(r"[\s().+-]", "", text)
    return "62" + digits[1:] if digits.startswith("0") else digits
