"""Hostile files: no crash, the right outcome, little CPU time, nothing of theirs in the result."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from desa_web.engines.images import PhotoRefused, Studio, probe
from desa_web.engines.images.kinds import HEAD_BYTES, kind_of
from tests.harness.hostile_images import CLEAN, PAYLOADS, Hostile, corpus
from tests.harness.hostile_kinds import kinds

# Pillow warns about the broken Exif that it is asked to write.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

MAX_CPU_S = 0.5
# Each of these once became a black picture, a crash, or a second of work.
ALWAYS = {
    "saring-5.png", "piksel-jendela.png", "piksel-gzip.png", "photo-dalam.heic", "photo-dalam.avif",
    "rata-7000-16-6.png", "beban-7000-8-2.png", "adobe-ycc-pendek5.jpg",
}  # fmt: skip
# Heavy files of the corpus; a decoder's memory beside its libraries.
MAX_PEAK_MB = 260


def outcome(studio: Studio, file: Hostile, folder: Path) -> tuple[str, Path]:
    upload, master = folder / "upload", folder / f"master-{file.name}"
    upload.write_bytes(file.data)
    try:
        studio.ingest(upload, master)
    except PhotoRefused as refusal:
        return str(refusal.reason), master
    return CLEAN, master


def refused_at_once(upload: Path) -> str | None:
    """What the upload form hears before it queues a photo."""
    try:
        probe(upload)
    except PhotoRefused as refusal:
        return str(refusal.reason)
    return None


def problems(studio: Studio, file: Hostile, folder: Path) -> list[str]:
    became, master = outcome(studio, file, folder)
    usage = studio.last_usage
    found = []
    if became not in file.outcomes:
        found.append(f"{file.name}: {became}")
    if usage["cpu_s"] >= MAX_CPU_S or usage["peak_mb"] > MAX_PEAK_MB:
        found.append(f"{file.name}: {usage}")
    if (became == CLEAN) != master.exists():
        found.append(f"{file.name}: {became}, but a master is there or missing")
    if refused_at_once(folder / "upload") not in (None, became):
        found.append(f"{file.name}: {became}, but the probe says something else")
    if became == CLEAN:
        data = master.read_bytes()
        found += [f"{file.name}: {payload!r}" for payload in PAYLOADS if payload in data]
    return found


def checked(files: list[Hostile], folder: Path) -> None:
    found: list[str] = []
    with Studio() as studio:
        for file in files:
            found += problems(studio, file, folder)
        helper_restarts = studio.restarts
    assert found == []
    assert helper_restarts == 0


def test_a_sample_of_the_corpus_is_refused_or_cleaned(tmp_path: Path) -> None:
    files = [file for i, file in enumerate(corpus(is_light=True)) if i % 5 == 0]
    assert len(files) >= 130
    checked(files, tmp_path)


def test_a_sample_of_the_other_kinds_is_refused_or_cleaned(tmp_path: Path) -> None:
    files = [file for i, file in enumerate(kinds()) if i % 4 == 0 or file.name in ALWAYS]
    assert len(files) >= 160
    checked(files, tmp_path)


def test_every_stranger_is_told_what_it_is() -> None:
    for file in kinds():
        if file.name.startswith(("foto-", "video-", "berkas-", "vektor-")):
            (wanted,) = file.outcomes
            with pytest.raises(PhotoRefused) as refusal:
                kind_of(file.data[:HEAD_BYTES])
            assert refusal.value.reason == wanted, file.name


@pytest.mark.long
def test_the_whole_corpus_is_refused_or_cleaned_and_carries_no_tag(tmp_path: Path) -> None:
    files = [*corpus(), *kinds()]
    assert len(files) >= 1200
    checked(files, tmp_path)
    (tmp_path / "upload").unlink()
    command = ["exiftool", "-j", "-G1", "-r", tmp_path]
    listing = subprocess.run(command, capture_output=True, check=True)
    tags = {key for photo in json.loads(listing.stdout) for key in photo}
    assert {key.split(":")[0] for key in tags} <= {
        "SourceFile",
        "ExifTool",
        "System",
        "File",
        "JFIF",
        "PNG",
        "Composite",
    }
    assert not [key for key in tags if "GPS" in key or "Make" in key or "Model" in key]
