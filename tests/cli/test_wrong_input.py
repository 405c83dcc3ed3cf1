"""Wrong places, people and machines: each is a sentence with the next step, never a bug."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from desa_web.cli import main
from desa_web.core.site import Site
from tests.harness.hub import Desa
from tests.harness.site import ROOT

# Root may write everywhere. The command gives up the two capabilities that pass over permissions
# before it begins; as another user it could not read the site either.
_WITHOUT_POWERS = """
import ctypes, os, struct, sys
from desa_web.cli import main
if os.geteuid() == 0:
    # linux/capability.h: version 3; CAP_DAC_OVERRIDE 1, CAP_DAC_READ_SEARCH 2.
    libc = ctypes.CDLL(None, use_errno=True)
    head = struct.pack("Ii", 0x20080522, 0)
    data = ctypes.create_string_buffer(24)
    assert libc.capget(head, data) == 0
    sets = list(struct.unpack("6I", data.raw))
    sets[0] &= ~0b110
    assert libc.capset(head, struct.pack("6I", *sets)) == 0
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def here(site: Site) -> Path:
    site.close()
    return site.path


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str]:
    code = main([str(word) for word in words])
    heard = capsys.readouterr()
    assert "Traceback" not in heard.out + heard.err
    assert "Ada kesalahan di program" not in heard.err
    return code, heard.err


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["backup", "create", "--to", "NONE/a.zip"], 1, "mkdir -p"),
        (["backup", "create", "--to", "NONE"], 1, "Bila itu stik, pasang dulu"),
        (["backup", "verify", "NONE"], 1, "Periksa nama dan foldernya"),
        (["backup", "verify", "FILE"], 1, "bukan berkas .zip"),
        (["backup", "restore", "NONE", "--yes"], 1, "Periksa nama dan foldernya"),
        (["news", "import", "NONE"], 1, "tidak ada. Periksa nama berkas"),
        (["page", "import", "NONE"], 1, "tidak ada. Periksa nama berkas"),
        (["media", "add", "NONE"], 2, "tidak ada. Periksa ejaan dan foldernya."),
        (["import", "wordpress", "NONE"], 2, "tidak ada. Periksa ejaan dan foldernya."),
        (["import", "feed", "NONE"], 1, "nama berkasnya"),
        (["sync", "bundle", "create", "NONE"], 1, "mkdir -p"),
        (["sync", "bundle", "check", "NONE"], 1, "tidak ada"),
        (["sync", "bundle", "import", "DIR"], 2, "adalah folder"),
        (["sync", "invitation", "accept", "FILE", "--output", "NONE/x"], 1, "mkdir -p"),
        (["sync", "push"], 1, "desa sync pair KODE --hub ALAMAT"),
        (["sync", "pair", "12345678", "--hub", "x.id"], 1, "desa follow --once"),
        (["sync", "unlock", "--code", "X"], 1, "tidak ada kunci yang terkunci"),
        (["news", "publish", "tidak-ada"], 1, "Lihat daftarnya: desa news list"),
        (["news", "restore", "tidak-ada"], 1, "desa news list --trash"),
        (["page", "trash", "tidak-ada"], 1, "Lihat daftarnya: desa page list"),
        (["user", "reset", "tidak-ada"], 1, "Periksa ejaannya"),
        (["serve", "--host", "bukan-alamat.invalid"], 1, "--host 127.0.0.1"),
        (["serve", "--port", "70000"], 2, "Tulis 0 sampai 65535."),
        (["config", "set", "port", "x"], 1, "Pilihan port di perintah ini harus seperti 8080."),
        (["config", "set", "follow", "x"], 1, "harus seperti true atau false."),
        (["config", "set", "database_url", "mysql://x"], 1, "postgresql://pengguna@localhost/desa"),
        (["search", "x", "--kind", "foto"], 1, "Pilih salah satu:"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_with_a_next_step(
    capsys: pytest.CaptureFixture[str], here: Path, tmp_path: Path,
    words: list[str], code: int, sentence: str,
) -> None:  # fmt: skip
    file = tmp_path / "FILE"
    file.write_text("bukan apa-apa")
    (tmp_path / "DIR").mkdir()
    places = {"NONE", "NONE/a.zip", "NONE/x", "FILE", "DIR"}
    typed = [str(tmp_path / word) if word in places else word for word in words]
    done, complaint = said(capsys, "--site", here, *typed)
    assert done == code
    assert sentence in complaint
    assert not (tmp_path / "NONE").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("# baik\nport = = 3\n", "tidak terbaca di baris 2"),
        ("warna = 3\n", "Pilihan warna di desa.toml tidak dikenal"),
        ('port = "x"\n', "Pilihan port di desa.toml harus seperti 8080"),
    ],
)
def test_a_mistake_in_desa_toml_is_found_by_its_line_or_name(
    capsys: pytest.CaptureFixture[str], here: Path, text: str, sentence: str
) -> None:
    (here / "desa.toml").write_text(text)
    code, complaint = said(capsys, "--site", here, "news", "list")
    assert (code, sentence in complaint) == (1, True), complaint


def test_a_folder_without_a_site_says_how_to_make_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, complaint = said(capsys, "--site", tmp_path, "doctor")
    assert (code, f"desa init {tmp_path}" in complaint) == (1, True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DESA_SITE", raising=False)
    code, complaint = said(capsys, "doctor")
    assert (code, "--site FOLDER" in complaint) == (1, True)


@pytest.mark.parametrize(
    ("url", "word"),
    [("mysql://x", "postgresql://"), ("postgresql://127.0.0.1:1/x", "PostgreSQL tidak bisa")],
)
def test_an_init_without_its_database_leaves_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, url: str, word: str
) -> None:
    pytest.importorskip("psycopg2")
    for folder in (tmp_path / "baru", tmp_path / "kosong"):
        if folder.name == "kosong":
            folder.mkdir()
        code, complaint = said(
            capsys, "init", folder, "--name", "X", "--role", "hub", "--database-url", url
        )
        assert code in (1, 75)
        assert word in complaint
    assert [path.name for path in tmp_path.iterdir()] == ["kosong"]
    assert list((tmp_path / "kosong").iterdir()) == []


def test_a_place_of_somebody_else_is_named(here: Path, tmp_path: Path) -> None:
    closed = tmp_path / "punya-orang"
    closed.mkdir(mode=0o500)
    words = ["--site", str(here), "backup", "create", "--to", str(closed / "a.zip")]
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_POWERS, *words],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert (done.returncode, "ls -ld" in done.stderr) == (1, True), done.stderr


def test_a_silent_feed_brings_nothing_and_promises_nothing(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("DESA_ALLOW_PRIVATE_SOURCES", "1")
    address = f"http://127.0.0.1:{port}/feed"
    code, complaint = said(capsys, "--site", here, "import", "feed", address)
    assert code == 1
    assert "Belum ada yang masuk" in complaint
    assert "Ulangi perintahnya nanti" in complaint
    assert "Dicoba lagi nanti" not in complaint


def test_a_first_pairing_that_fails_promises_no_second_try(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    desa = Desa.make(tmp_path)
    desa.publish("Panen raya")
    with desa.site.bound():
        desa.follow()
    desa.site.close()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    code, complaint = said(
        capsys, "--site", desa.site.path, "sync", "pair", "12345678",
        "--hub", f"http://127.0.0.1:{port}",
    )  # fmt: skip
    assert code == 3
    assert "Belum tersambung." in complaint
    assert "Dicoba lagi nanti" not in complaint
