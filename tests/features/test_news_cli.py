"""`desa news`: the same rules on the command line; folders go in and out; bad files are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from desa_web.cli import main
from desa_web.core import journal
from desa_web.core.actor import Role, operator
from desa_web.core.site import Site
from desa_web.features.news import queries, service
from desa_web.features.news.article import State
from tests.features.test_news_workflow import ROLES, brought_to, expected
from tests.harness.site import actor_as


def desa(site: Site, *arguments: object, login: str = "") -> int:
    who = ["--as", login] if login else []
    return main(["--site", str(site.path), *who, *map(str, arguments)])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("state", list(State))
def test_the_commands_follow_the_one_table(site: Site, role: Role, state: State) -> None:
    actor, owner = actor_as(site, role), actor_as(site, Role.REPORTER, "penulis-lain")
    for op in service.Op:
        if op is service.Op.SAVE:
            continue
        article = brought_to(site, state, owner)
        details: list[object] = ["--version", article.version]
        if op is service.Op.RETURN:
            details += ["--note", "Tambah nama"]
        if op is service.Op.SCHEDULE:
            details.insert(0, "2099-12-24T07:00")
        code = desa(site, "news", op.value, article.id, *details, login=role.value)
        assert (code == 0) == expected(actor, op, article), op
        assert code in (0, 1)
        after = queries.get(operator(site), article.id, trashed=op is service.Op.TRASH and not code)
        assert (after[0].version > article.version) == (code == 0)


def test_a_reporter_cannot_publish_by_import(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    actor_as(site, Role.REPORTER)
    file = tmp_path / "berita.md"
    file.write_text("---\ntitle: Terobos\nstate: published\n---\n\nIsi berita.\n")
    assert desa(site, "news", "import", file, login="reporter") == 1
    assert queries.published(site) == []
    assert queries.desk(operator(site)) == []
    assert "Traceback" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"tanpa keterangan", "---"),
        (b"---\ntitle: [\n---\nx", "baris"),
        (b"---\n- a\n---\nx", "nama: nilai"),
        (b"---\ntitle: A\nwarna: merah\n---\nx", "warna"),
        (b"---\ntitle: A\nstate: apa\n---\nx", "apa"),
        (b"---\ntitle: A\npublished_at: 2026-01-01\n---\nx", "zona"),
        (b"---\ntitle: A\nphotos:\n- {file: ../../etc/passwd}\n---\nx", "foto"),
        (b"---\ntitle: A\nphotos:\n- {file: /etc/passwd}\n---\nx", "foto"),
        (b"---\ntitle: A\nphotos:\n- nama\n---\nx", "foto"),
        (b"---\ntitle: \xff\n---\nx", "UTF-8"),
        (b"---\ntitle: A\x00\n---\nx", "huruf"),
        (b"---\ntitle: ''\n---\nx", "judul"),
        (b"---\ntitle: A\nrubric: Tidak Ada\n---\nx", "Rubrik"),
        (b"---\ntitle: A\na: &a [*a]\n---\nx", "keterangan"),
        (b"---\n" + b"a: " + b"[" * 5000 + b"\n---\nx", "keterangan"),
    ],
)
def test_a_broken_file_is_refused_with_its_name_and_leaves_nothing(
    site: Site, tmp_path: Path, content: bytes, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rusak.md"
    file.write_bytes(content)
    head = journal.head(site)
    assert desa(site, "news", "import", file) == 1
    said = capsys.readouterr().out
    assert "rusak.md" in said
    assert word.casefold() in said.casefold()
    assert journal.head(site) == head


def test_one_broken_file_does_not_stop_the_others(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, head in (("a.md", "title: A"), ("b.md", "title: ["), ("c.md", "title: C")):
        (tmp_path / name).write_text(f"---\n{head}\n---\n\nIsi.\n")
    assert main(["--site", str(site.path), "--json", "news", "import", str(tmp_path)]) == 1
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [e["outcome"] for e in events] == ["created", "refused", "created"]


def test_list_and_show_speak_json(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    article = brought_to(site, State.PUBLISHED, operator(site))
    assert main(["--site", str(site.path), "--json", "news", "list"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["slug"] == article.slug
    assert main(["--site", str(site.path), "--json", "news", "show", article.slug]) == 0
    assert json.loads(capsys.readouterr().out)[0]["body"] == "<p>Warga bekerja bakti.</p>"
    assert desa(site, "news", "show", "tidak-ada") == 1
