"""Tables in the terminal: heads and words in Indonesian, times of the place, raw values in JSON."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desa_web.cli import main
from desa_web.core.actor import Role
from desa_web.core.console import HEADS, Column, Console, Stopped
from desa_web.core.site import Site
from tests.harness.hub import Desa
from tests.harness.site import actor_as

LISTS = (
    "user list", "news list", "page list", "media list", "theme list", "visits days",
    "config list", "doctor", "search status", "search panen", "user show admin",
)  # fmt: skip
AT = datetime(2026, 11, 22, 7, 5, 0, 123456, UTC)


@pytest.fixture
def village(tmp_path: Path) -> Site:
    desa = Desa.make(tmp_path)
    actor_as(desa.site, Role.ADMIN)
    lead = desa.add_photo(caption="Panen.", credit="Nur Aini")
    desa.publish("Panen raya", lead_photo_id=lead)
    return desa.site


def console(*, is_json: bool = False) -> Console:
    return Console(None, None, is_json, lambda *_: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("words", LISTS)
def test_no_list_has_a_programmers_word_in_its_head(
    capsys: pytest.CaptureFixture[str], village: Site, words: str
) -> None:
    village.close()
    assert main(["--site", str(village.path), "search", "rebuild"]) == 0
    capsys.readouterr()
    main(["--site", str(village.path), *words.split()])
    heard = capsys.readouterr()
    heads = re.split(r" {2,}", heard.out.splitlines()[0])
    english = {name for name, head in HEADS.items() if name != head}
    assert not english & set(heads), heard.err
    assert not [head for head in heads if "_" in head and words != "config list"]
    assert not re.search(r"\d{4}-\d\d-\d\dT\d\d", heard.out)


def test_a_moment_is_read_in_the_zone_of_the_village_and_a_day_as_a_day(
    capsys: pytest.CaptureFixture[str], site: Site
) -> None:
    from desa_web.core import settings
    from desa_web.core.actor import operator

    settings.change(operator(site), {"time_zone": "WIT"})
    record = {"updated_at": AT.isoformat(), "seen_at": AT, "last_on": "2026-12-07", "next_at": None}
    console().show([record])
    assert capsys.readouterr().out.splitlines() == [
        "diubah             terakhir dipakai   sampai      ditanya lagi",
        "22 Nov 2026 16.05  22 Nov 2026 16.05  7 Des 2026  -",
    ]
    console(is_json=True).show([record])
    assert (
        json.loads(capsys.readouterr().out)[0]["updated_at"] == "2026-11-22T07:05:00.123456+00:00"
    )


def test_a_value_is_said_in_words_and_stays_raw_for_programs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = {"state": "new", "is_used": True, "error": ""}
    columns = (Column("state", words={"new": "baru"}), "is_used", Column("error", "halangan"))
    console().show([record], columns)
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["keadaan", "dipakai", "halangan"], ["baru", "ya", "-"],
    ]  # fmt: skip
    console().show_one(record, columns)
    assert capsys.readouterr().out.splitlines()[0] == "keadaan   baru"
    console(is_json=True).show_one(record, columns)
    assert json.loads(capsys.readouterr().out) == [record]
    console().show([], columns, empty="Tidak ada kabar.")
    assert capsys.readouterr().out == "Tidak ada kabar.\n"


@pytest.mark.parametrize(
    ("typed", "goes_on"),
    [("y\n", True), ("YA\n", True), ("t\n", False), ("\n", False), ("", False), ("x\ny\n", True)],
)
def test_a_question_waits_for_ya(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, typed: str, goes_on: bool
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    if goes_on:
        console().confirm("Hapus?", is_sure=False)
    else:
        with pytest.raises(Stopped):
            console().confirm("Hapus?", is_sure=False)
    assert capsys.readouterr().err.startswith("Hapus? [y/t] ")


def test_who_is_sure_and_a_program_are_not_asked(capsys: pytest.CaptureFixture[str]) -> None:
    console().confirm("Hapus?", is_sure=True)
    console(is_json=True).confirm("Hapus?", is_sure=False)
    assert capsys.readouterr().err == ""
