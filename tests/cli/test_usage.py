"""What `desa` says to a command that is written wrongly, and its help: in Indonesian, all of it."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from desa_web.cli import main, root
from desa_web.cli.indonesian import WORDS
from tests.docs.test_commands import problem_of

# Said to programmers, to shells or to Windows, never to a person at `desa`.
NEVER_SHOWN = {
    "_termui_impl.py", "_winconsole.py", "shell_completion.py", "utils.py",
    "Argument takes", "Arguments take exactly", "Boolean option {decl!r}", "Choice({choices})",
    "Could not determine name", "DeprecationWarning", "Invalid start character", "Name '{name}'",
    "No options defined", "Unknown color", "(Deprecated) {text}",
}  # fmt: skip


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Return the exit code and all that the command printed."""
    code = main(words)
    heard = capsys.readouterr()
    return code, heard.out + heard.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["sync", "pair"], "Belum ditulis: 'KODE'."),
        (["hub", "inbox", "return", "x"], "Belum ditulis: '--reason'."),
        (["sync", "push", "--jsno"], "Pilihan '--jsno' tidak ada."),
        (["sync", "pair", "--hum", "x"], "Pilihan '--hum' tidak ada. Mungkin maksudnya '--hub'?"),
        (["sync", "pair", "1", "--hub"], "Pilihan '--hub' perlu isian di belakangnya."),
        (["terbang"], "Perintah 'terbang' tidak ada."),
        (["sync", "stauts"], "Perintah 'stauts' tidak ada. Mungkin maksudnya 'status'?"),
        (["hub", "source", "ad"], "Mungkin maksudnya"),
        (["init", "x", "--role", "kota"], "'kota' tidak dikenal. Pilih salah satu: 'desa', 'hub'."),
        (["serve", "--port", "abc"], "'abc' bukan angka. Tulis angka saja"),
        (["search", "x", "--limit", "500"], "500 di luar batas. Tulis 1 sampai 100."),
        (["hub", "pair", "reply", "tidak-ada"], "Berkas 'tidak-ada' tidak ada."),
        (["hub", "pair", "reply", "/"], "'/' adalah folder; yang diminta berkas."),
        (["sync", "bundle", "check", "a", "b"], "Kelebihan kata: b."),
        (["doctor", "--trust-clock=ya"], "Pilihan '--trust-clock' ditulis tanpa isian."),
        (["doctor", "--site", "situs"], "--site ditulis sebelum perintahnya: desa --site …"),
        (["news", "list", "--as", "nur"], "--as ditulis sebelum perintahnya"),
        (["user", "role", "nur", "raja"], "Isian 'PERAN': 'raja' tidak dikenal."),
    ],
)
def test_a_command_written_wrongly_is_told_in_indonesian_what_is_wrong(
    capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    code, heard = said(capsys, *words)
    assert code == 2
    assert sentence in heard
    assert_indonesian(heard)


def test_a_wrong_command_is_shown_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    _code, heard = said(capsys, "sync", "pair")
    assert heard.splitlines()[:2] == [
        "Pemakaian: desa sync pair [PILIHAN] KODE",
        "Lihat caranya: desa sync pair --help",
    ]


def commands(
    command: click.Command = root, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, (*path, name))


def test_the_help_of_every_command_is_indonesian(capsys: pytest.CaptureFixture[str]) -> None:
    for path, _command in commands():
        code, heard = said(capsys, *path, "--help")
        assert code == 0, path
        assert heard.startswith("Pemakaian: desa"), path
        assert "Tampilkan penjelasan ini." in heard, path
        assert_indonesian(heard)


def test_what_an_argument_is_stands_in_the_help_under_its_own_name() -> None:
    """The word in the usage line is the word that the explanation uses, and it is Indonesian."""
    english = {
        " ".join(path): param.make_metavar(click.Context(command))
        for path, command in commands()
        for param in command.params
        if isinstance(param, click.Argument)
        and param.make_metavar(click.Context(command)).strip("[]. …") == (param.name or "").upper()
        and (param.name or "").upper() not in {"FOLDER", "ID"}
    }
    assert english == {}


def test_examples_stand_one_on_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    _code, heard = said(capsys, "--help")
    lines = heard.splitlines()
    assert "    desa --site situs doctor" in lines
    assert "·" not in heard


def test_every_command_shows_an_example_that_exists() -> None:
    wrong = {}
    for path, command in commands():
        examples = (command.epilog or "").removeprefix("Contoh:").split("·")
        for example in examples:
            # What stands in brackets behind it is a remark.
            words = shlex.split(example.partition("   (")[0].partition("  (")[0].strip())
            # --json may stand anywhere.
            words = [word for word in words if word != "--json"]
            problem = problem_of(words[1:]) if words[:1] == ["desa"] else "no example"
            if problem:
                wrong[" ".join(path)] = f"{example.strip()}: {problem}"
    assert wrong == {}


def test_every_sentence_of_click_that_people_can_see_is_in_the_table() -> None:
    """A new version of click may say something new: it is seen here before a village sees it."""
    folder = Path(click.__file__).parent
    missing = sorted(
        f"{file.name}: {sentence}"
        for file in folder.glob("*.py")
        if file.name not in NEVER_SHOWN
        for sentence in sentences(file)
        if sentence not in WORDS and not sentence.startswith(tuple(NEVER_SHOWN))
    )
    assert missing == []


def test_a_translation_asks_for_nothing_that_click_does_not_give() -> None:
    for theirs, ours in WORDS.items():
        assert fields(ours) <= fields(theirs), theirs


def fields(sentence: str) -> set[str]:
    from string import Formatter

    return {name.partition(".")[0] for _t, name, _s, _c in Formatter().parse(sentence) if name}


def sentences(file: Path) -> Iterator[str]:
    """Yield what a module of click gives to gettext."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        many = {"_": 1, "ngettext": 2}.get(node.func.id, 0)
        for word in node.args[:many]:
            if isinstance(word, ast.Constant):
                yield str(word.value)


ENGLISH = (
    "Usage", "Options:", "Commands:", "Error", "Try '", "Missing", "No such", "Invalid value",
    "Did you mean", "not a valid", "is not one of", "unexpected", "requires", "does not exist",
    "Show this message", "[default:", "[required]", "[OPTIONS]", "COMMAND", "INTEGER", " TEXT",
    " PATH", " USER ",
)  # fmt: skip


def assert_indonesian(text: str) -> None:
    assert [word for word in ENGLISH if word in text] == []
