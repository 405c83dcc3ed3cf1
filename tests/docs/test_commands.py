"""The manual and the README say what the program does: commands, options, codes, nothing more."""

from __future__ import annotations

import importlib
import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import desa_web
from desa_web.cli import root
from desa_web.core.config import OPTIONS, as_toml
from desa_web.core.errors import DesaError
from tests.harness.site import ROOT

MANUAL = ROOT / "content/help/id"
TEXTS = [*sorted(MANUAL.glob("*.md")), ROOT / "README.md"]
_CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)


def lines_of_code(file: Path) -> Iterator[str]:
    for block, span in _CODE.findall(file.read_text(encoding="utf-8")):
        yield from (block or span).splitlines()


def commands_in(file: Path) -> Iterator[list[str]]:
    """Yield the words after `desa` of every command that the text shows."""
    for line in lines_of_code(file):
        words = shlex.split(line, comments=True)
        name = words[0].rpartition("/")[2] if words else ""
        if name == "desa" and len(words) > 1 and words[1][0] not in "[…":
            yield words[1:]


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        yield path
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None, name
        yield from leaves(below, (*path, name))


def problem_of(words: list[str]) -> str:
    """Return why the command does not exist as it is written, "" when it does."""
    command: click.Command = root
    known = _options(command)
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("--"):
            option = known.get(word.partition("=")[0])
            if option is None:
                return f"{word} is no option of {command.name}"
            if not option.is_flag and "=" not in word and rest:
                rest.pop(0)
        elif isinstance(command, click.Group):
            context = click.Context(command)
            # `desa search posyandu` is short for `desa search query posyandu`.
            below = command.get_command(context, word) or command.get_command(context, "query")
            if below is None:
                return f"{command.name} has no command {word}"
            command, known = below, _options(below)
        elif not any(isinstance(p, click.Argument) for p in command.params):
            return f"{command.name} takes no {word}"
    return ""


def _options(command: click.Command) -> dict[str, click.Option]:
    options = [p for p in command.params if isinstance(p, click.Option)]
    found = {name: option for option in options for name in option.opts}
    return {**found, "--help": click.Option(["--help"], is_flag=True)}


def _modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(desa_web.__path__, "desa_web."):
        if not module.name.endswith("__main__"):
            yield module.name


def _errors(kind: type[DesaError] = DesaError) -> Iterator[type[DesaError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _errors(below)


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.stem)
def test_every_command_in_a_text_exists_with_its_options(file: Path) -> None:
    wrong = {
        f"desa {' '.join(words)}": problem
        for words in commands_in(file)
        if (problem := problem_of(words))
    }
    assert wrong == {}


def test_the_texts_show_commands_at_all() -> None:
    assert sum(len(list(commands_in(file))) for file in TEXTS) > 60


@pytest.mark.parametrize(
    "words", [["terbang"], ["news", "terbang"], ["serve", "--warna"], ["doctor", "sekarang"]]
)
def test_a_command_that_does_not_exist_is_noticed(words: list[str]) -> None:
    assert problem_of(words)


def test_every_command_stands_in_the_technicians_chapter() -> None:
    shown = [" ".join(words) + " " for words in commands_in(MANUAL / "perintah-desa.md")]
    missing = [
        f"desa {' '.join(path)}"
        for path in leaves(root)
        if not any(words.startswith(" ".join(path) + " ") for words in shown)
    ]
    assert missing == []


def test_every_command_and_option_says_what_it_is_for() -> None:
    silent = []
    for path in leaves(root):
        command: click.Command = root
        for name in path:
            assert isinstance(command, click.Group)
            found = command.get_command(click.Context(command), name)
            assert found is not None
            command = found
        if not command.help:
            silent.append(" ".join(path))
        options = [p for p in command.params if isinstance(p, click.Option)]
        silent += [f"{' '.join(path)} {o.opts[0]}" for o in options if not o.help]
    assert silent == []


def test_every_option_of_the_server_stands_in_its_chapter_with_default_and_use() -> None:
    text = (MANUAL / "pilihan-server.md").read_text(encoding="utf-8")
    defaults = dict(re.findall(r"^# (\w+) = (.*)$", as_toml({}), flags=re.MULTILINE))
    rows = [f"| `{o.name}` | `{defaults[o.name]}` | {o.help} |" for o in OPTIONS]
    assert [row for row in rows if row not in text] == []
    assert text.count("\n| `") == len(OPTIONS)


def test_every_code_of_a_refusal_stands_in_its_chapter_with_its_numbers() -> None:
    for name in _modules():
        importlib.import_module(name)
    text = (MANUAL / "kode-kesalahan.md").read_text(encoding="utf-8")
    wanted = {(e.code, e.status, e.exit_code) for e in _errors()}
    shown = {
        (code, int(status), int(number))
        for code, status, number in re.findall(
            r"^\| `([a-z-]+)` \| (\d+) \| (\d+) \|", text, flags=re.MULTILINE
        )
    }
    assert wanted - shown == set()
    assert shown - wanted == set()


def test_codes_belong_to_one_kind_of_refusal_each() -> None:
    for name in _modules():
        importlib.import_module(name)
    kinds: dict[str, set[tuple[int, int]]] = {}
    for error in _errors():
        kinds.setdefault(error.code, set()).add((error.status, error.exit_code))
    assert {code for code, found in kinds.items() if len(found) > 1} == set()
