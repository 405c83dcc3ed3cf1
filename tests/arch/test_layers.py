"""The house stands: layers, modules that stand alone, a command that starts quickly."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from tests.harness.site import ROOT

HEAVY = (
    "flask", "PIL", "whoosh", "peewee", "waitress", "lxml", "argon2", "nacl", "markdown_it",
    "aiohttp",
)  # fmt: skip
HELP_CPU_S = 0.25
# Imported once, before the forks: what is tested is our own modules, not how heavy others are.
_ALONE = """
import os, sys, traceback
for name in (
    "flask", "peewee", "PIL.Image", "lxml.html", "click", "waitress.server", "argon2",
    "nacl.signing", "markdown_it", "yaml", "nh3", "snowballstemmer", "jinja2.sandbox", "aiohttp",
):
    __import__(name)
failed = 0
for module in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        try:
            __import__(module)
        except BaseException:
            print(module, traceback.format_exc(), flush=True)
            os._exit(1)
        os._exit(0)
    failed += os.waitpid(child, 0)[1] != 0
sys.exit(failed != 0)
"""


def modules() -> list[str]:
    """Return the dotted names of all modules of the program."""
    found = []
    for file in sorted((ROOT / "desa_web").rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        if parts[-1] == "__main__":
            continue
        found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def test_a_module_imports_only_from_the_lines_below_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    code = lint_imports(config_filename="setup.cfg", no_cache=True)
    assert code == 0, capsys.readouterr().out


def test_the_layers_know_every_package() -> None:
    """A new package must find its line: import-linter passes over names it does not know."""
    text = (ROOT / "setup.cfg").read_text()
    layers = text.split("layers =", 1)[1].split("[", 1)[0].split()
    found = {path.stem for path in (ROOT / "desa_web").iterdir() if path.suffix == ".py"}
    found |= {path.parent.name for path in (ROOT / "desa_web").glob("*/__init__.py")}
    assert found - {"__init__"} == set(layers)


def test_each_module_can_be_imported_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ALONE, *modules()],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_a_feature_is_announced_without_its_models() -> None:
    loaded = _loaded("from desa_web.features import FEATURES; assert FEATURES")
    assert not loaded & set(HEAVY)
    assert "click" not in loaded


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["user", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    loaded = _loaded(f"from desa_web.cli import main; assert main({arguments!r}) == 0")
    assert not loaded & set(HEAVY)


def test_help_takes_a_quarter_of_a_cpu_second_at_most() -> None:
    assert min(_help_cpu_s() for _n in range(3)) <= HELP_CPU_S


def test_no_file_is_a_drawer_for_everything() -> None:
    drawers = {"utils.py", "helpers.py", "common.py", "misc.py"}
    found = [path for path in (ROOT / "desa_web").rglob("*.py") if path.name in drawers]
    assert found == []


def test_no_module_is_longer_than_600_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "desa_web").rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 600
    }
    assert long == {}


@pytest.mark.parametrize("file", ["cli.py"])
def test_the_program_starts_from_an_unpacked_folder(file: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / file), "--version"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout[:8]) == (0, "desa-web")


def _loaded(code: str) -> set[str]:
    """Return the top-level packages that are loaded after running `code` in a new process."""
    program = f"{code}\nimport sys; print('loaded', *{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rsplit("loaded", 1)[1].split())


def _help_cpu_s() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "desa_web.cli", "--help"],
        stdout=subprocess.DEVNULL, cwd=ROOT, check=True, env={**os.environ},
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
