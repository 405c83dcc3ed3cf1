"""`desa hub …` in the terminal: words for people, values for programs, the next step for both."""

from __future__ import annotations

import io
import json
import socket
from pathlib import Path

import pytest

from desa_web.cli import main
from desa_web.core.site import Site
from desa_web.features.hub import items, sources
from desa_web.features.hub.source import Kind
from tests.harness.hub import Desa, make_hub


@pytest.fixture
def hub(tmp_path: Path) -> Site:
    """A hub with one village, two articles of it, and a feed."""
    made, desa = make_hub(tmp_path / "hub"), Desa.make(tmp_path)
    desa.publish("Panen raya")
    desa.publish("Rapat desa")
    desa.known_to(made, kode_wilayah="35.22.07.2004", district="Dander")
    desa.sync(made)
    with made.bound():
        sources.register(
            Desa(made).actor, kind=Kind.FEED, name="Lama", address="https://lama.id/feed"
        )
    return made


@pytest.fixture
def silent_address() -> str:
    """An address of this machine where nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def desa(capsys: pytest.CaptureFixture[str], site: Site, *words: str) -> tuple[int, str, str]:
    site.close()
    code = main(["--site", str(site.path), *words])
    heard = capsys.readouterr()
    return code, heard.out, heard.err


def test_the_list_of_sources_is_for_people_and_its_json_for_programs(
    capsys: pytest.CaptureFixture[str], hub: Site
) -> None:
    _code, told, _err = desa(capsys, hub, "hub", "source", "list")
    head = told.splitlines()[0]
    for word in ("nama", "jenis", "keadaan", "terbit", "terakhir berhasil", "kendala"):
        assert word in head
    assert "situs desa" in told
    assert "diperiksa dulu" in told
    assert "22 Nov 2026 08.00" in told
    assert "active" not in told
    assert "+00:00" not in told
    found = json.loads(desa(capsys, hub, "hub", "source", "list", "--json")[1])
    assert {(one["kind"], one["state"], one["trust"]) for one in found} == {
        ("desa", "active", "review"), ("feed", "active", "review"),
    }  # fmt: skip
    assert {"last_ok_at", "error_code", "id", "slug"} <= set(found[0])


def test_one_source_is_shown_in_lines_with_words(
    capsys: pytest.CaptureFixture[str], hub: Site
) -> None:
    _code, told, _err = desa(capsys, hub, "hub", "source", "show", "lama")
    lines = dict(line.split("  ", 1) for line in told.splitlines())
    assert lines["jenis"].strip() == "feed"
    assert lines["keadaan"].strip() == "aktif"
    assert lines["berita baru"].strip() == "0"
    (found,) = json.loads(desa(capsys, hub, "hub", "source", "show", "lama", "--json")[1])
    assert (found["kind"], found["state"], found["new"]) == ("feed", "active", 0)


def test_the_inbox_is_read_in_the_time_of_the_place(
    capsys: pytest.CaptureFixture[str], hub: Site
) -> None:
    _code, told, _err = desa(capsys, hub, "hub", "inbox", "list")
    head, *rows = told.splitlines()
    assert head.split() == ["id", "sumber", "judul", "keadaan", "diterima"]
    assert len(rows) == 2
    assert all(row.split()[-5:] == ["baru", "22", "Nov", "2026", "08.00"] for row in rows)
    found = json.loads(desa(capsys, hub, "hub", "inbox", "list", "--json")[1])
    assert {one["state"] for one in found} == {"new"}
    assert all(one["received_at"].startswith("2026-11-22T01:00:00.") for one in found)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["inbox", "list", "--shelf", "held"], "Tidak ada yang disimpan."),
        (["pair", "list"], "desa hub pair invite"),
    ],
)
def test_nothing_there_is_said_with_what_comes_first(
    capsys: pytest.CaptureFixture[str], hub: Site, words: list[str], sentence: str
) -> None:
    assert sentence in desa(capsys, hub, "hub", *words)[1]


@pytest.mark.parametrize(
    "words",
    [
        ["source", "list"],
        ["source", "add", "https://sukamaju.desa.id", "--kind", "desa"],
        ["source", "pause", "x"],
        ["inbox", "list"],
        ["inbox", "hold", "x"],
        ["pair", "invite"],
        ["pair", "list"],
        ["source", "export-opml", "x.opml"],
    ],
)
def test_at_a_village_every_command_says_that_it_is_for_a_media_centre(
    capsys: pytest.CaptureFixture[str], site: Site, words: list[str]
) -> None:
    code, told, complaint = desa(capsys, site, "hub", *words)
    assert (code, told) == (1, "")
    assert "Ini situs desa, bukan hub" in complaint
    assert "desa sync push" in complaint


def test_an_address_that_is_silent_adds_nothing_and_says_the_way_round(
    capsys: pytest.CaptureFixture[str], hub: Site, silent_address: str
) -> None:
    code, _told, complaint = desa(capsys, hub, "hub", "source", "add", silent_address)
    assert code == 1
    assert "Belum ada yang ditambahkan" in complaint
    assert f"desa hub source add {silent_address} --kind desa" in complaint
    assert "Dicoba lagi nanti" not in complaint
    with hub.bound():
        assert len(sources.listed(hub)) == 2
    code, told, _err = desa(capsys, hub, "hub", "source", "add", silent_address, "--kind", "desa")
    assert (code, "ditambahkan sebagai situs desa" in told) == (0, True)


def test_confirm_pause_and_resume_say_the_next_step(
    capsys: pytest.CaptureFixture[str], hub: Site
) -> None:
    assert (
        "hub source trust lama --auto" in desa(capsys, hub, "hub", "source", "confirm", "lama")[1]
    )
    assert "hub source resume lama" in desa(capsys, hub, "hub", "source", "pause", "Lama")[1]
    (found,) = json.loads(
        "[" + desa(capsys, hub, "hub", "source", "resume", "lama", "--json")[1] + "]"
    )
    assert (found["state"], found["confirmed"]) == ("active", True)
    code, _told, complaint = desa(capsys, hub, "hub", "source", "pause", "tidak-ada")
    assert (code, "desa hub source list" in complaint) == (1, True)


def test_several_items_are_decided_on_and_each_is_told(
    capsys: pytest.CaptureFixture[str], hub: Site
) -> None:
    with hub.bound():
        ids = [one.id for one in items.listing(items.Shelf.NEW)]
    code, told, complaint = desa(capsys, hub, "hub", "inbox", "hold", *ids, "bukan-id")
    assert code == 1
    assert told.count("Disimpan: ") == 2
    assert complaint.strip()


@pytest.mark.parametrize(
    ("answer", "code", "left"), [("ya\n", 0, 1), ("t\n", 130, 2), ("eh\ny\n", 0, 1), ("", 130, 2)]
)
def test_a_question_is_answered_with_ya_or_tidak(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, hub: Site,
    answer: str, code: int, left: int,
) -> None:  # fmt: skip
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    done, _told, complaint = desa(capsys, hub, "hub", "source", "remove", "lama")
    assert done == code
    assert "Hapus Lama dari daftar? [y/t]" in complaint
    assert ("--yes" in complaint) == (answer == "")
    with hub.bound():
        assert len(sources.listed(hub)) == left


def test_a_file_for_a_folder_that_is_not_there_says_how_to_make_it(
    capsys: pytest.CaptureFixture[str], hub: Site, tmp_path: Path
) -> None:
    missing = tmp_path / "stik"
    for words in (
        ["hub", "source", "export-opml", str(missing / "sumber.opml")],
        ["hub", "pair", "invite", "--file", str(missing / "undangan.desa-undangan")],
        ["sync", "bundle", "create", str(missing)],
    ):
        code, _told, complaint = desa(capsys, hub, *words)
        assert (code, f"mkdir -p {missing}" in complaint) == (1, True), words
    code, _told, complaint = desa(capsys, hub, "hub", "source", "import-opml", str(missing))
    assert (code, "tidak ada" in complaint) == (2, True)
