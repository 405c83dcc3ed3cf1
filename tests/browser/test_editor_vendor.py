"""The built and vendored front-end files are the ones that packaging/editor builds."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "packaging" / "editor"
BUILT = ROOT / "desa_web" / "web" / "static" / "editor"


def listed() -> list[dict[str, str]]:
    with (RECIPE / "VENDOR.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_every_vendored_file_is_listed_with_its_hash_and_licence() -> None:
    for row in listed():
        found = hashlib.sha256((ROOT / row["file"]).read_bytes()).hexdigest()
        assert found == row["sha256"], row["file"]
        assert row["licence"] in ("MIT", "MPL-2.0")
        assert row["made of"]


def test_no_vendored_file_is_unlisted() -> None:
    names = {row["file"] for row in listed()}
    vendored = {p for p in (ROOT / "tests/vendor/axe").rglob("*") if p.is_file()}
    vendored |= {p for p in BUILT.iterdir() if p.suffix != ".css"}
    assert {str(p.relative_to(ROOT)) for p in vendored} == names


def test_the_built_files_are_of_the_present_sources() -> None:
    """Fails when src/ changed and nobody built: see packaging/editor/build.mjs."""
    sources = [f"src/{p.name}" for p in sorted((RECIPE / "src").iterdir())]
    lines = [
        f"{name} {hashlib.sha256((RECIPE / name).read_bytes()).hexdigest()}\n"
        for name in [*sources, "package-lock.json", "build.mjs"]
    ]
    present = f"sources {hashlib.sha256(''.join(lines).encode()).hexdigest()}"
    built = [row for row in listed() if (ROOT / row["file"]) in set(BUILT.glob("*.js"))]
    assert {row["made of"] for row in built} == {present}


def test_the_lock_pins_every_package_and_names_no_host() -> None:
    lock = json.loads((RECIPE / "package-lock.json").read_text(encoding="utf-8"))
    for name, package in lock["packages"].items():
        if name:
            assert package["integrity"].startswith("sha512-"), name
            assert "resolved" not in package, name


def test_every_package_in_the_bundle_has_its_licence_beside_it() -> None:
    texts = (BUILT / "LICENSES.txt").read_text("utf-8")
    made = next(row["made of"] for row in listed() if row["file"].endswith("LICENSES.txt"))
    assert "prosemirror-view" in made
    for part in made.split(", "):
        name, version, _licence = part.split(" ")
        assert f"{name} {version}\n" in texts


@pytest.mark.long
@pytest.mark.skipif(
    shutil.which("npm") is None or not os.environ.get("DESA_VENDOR_CHECK"),
    reason="rebuilds from the npm registry: needs npm and DESA_VENDOR_CHECK=1",
)
def test_a_rebuild_gives_the_same_bytes() -> None:
    done = subprocess.run(
        ["bash", str(RECIPE / "check.sh")], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
