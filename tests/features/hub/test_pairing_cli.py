"""Pairing and pushing by commands, two real programs that talk over a real socket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.hub import Desa, make_hub, serving_villages
from tests.harness.pairing import follow
from tests.harness.site import ROOT, run_desa


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Desa, Desa]]:
    """A served hub, and a village whose program is only called."""
    hub, desa = Desa(make_hub(tmp_path / "hub")), Desa.make(tmp_path / "desa")
    desa.publish("Panen raya")
    desa.follow()
    follow(hub.site)
    with serving_villages([hub], {"DESA_FOLLOW": "0"}):
        yield hub, desa
    hub.site.close()
    desa.site.close()


def hub_says(hub: Desa, *arguments: str) -> dict[str, str]:
    done = run_desa("--site", hub.site.path, "--json", "hub", "pair", *arguments)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return found[0] if isinstance(found, list) else found  # type: ignore[no-any-return]


def test_pair_waits_for_the_officer_and_push_sends(both: tuple[Desa, Desa]) -> None:
    hub, desa = both
    code = hub_says(hub, "invite", "--label", "Sukamaju")["code"]
    wrong = run_desa(
        "--site", desa.site.path, "sync", "pair", f"{(int(code) + 1) % 10**8:08d}", "--hub", hub.url
    )
    assert (wrong.returncode, "Kode tidak cocok" in wrong.stderr) == (1, True)
    child = subprocess.Popen(
        [sys.executable, "-m", "desa_web.cli", "--site", str(desa.site.path), "--json", "sync",
         "pair", code, "--hub", hub.url],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    with child, child.stdout:
        said = json.loads(child.stdout.readline())
        seen = hub_says(hub, "list")
        assert said["words"] == seen["words"].split()
        hub_says(hub, "confirm", seen["id"])
        assert json.loads(child.stdout.readline())["event"] == "paired"
        assert child.wait(timeout=30) == 0
    done = run_desa("--site", desa.site.path, "--json", "sync", "push")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["event"], told["receipts"]) == ("pushed", 1)
    assert hub_says(hub, "revoke", seen["name"])["event"] == "revoked"
    done = run_desa("--site", desa.site.path, "sync", "push")
    assert (done.returncode, "diputus" in done.stderr) == (1, True)


def test_push_before_and_after_the_officers_look(both: tuple[Desa, Desa]) -> None:
    hub, desa = both
    made = hub_says(hub, "invite")
    here = ("--site", desa.site.path)
    asked = ("sync", "pair", made["code"], "--hub", hub.url, "--no-wait")
    assert run_desa(*here, *asked).returncode == 0
    early = run_desa(*here, "sync", "push")
    assert (early.returncode, "belum mencocokkan empat kata" in early.stderr) == (1, True)
    hub_says(hub, "confirm", made["id"])
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "desa_web.cli", *map(str, here), "sync", "push"]
    sent = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    moving = os.read(ours, 10_000).decode()
    os.close(ours)
    assert sent.stdout.decode().startswith("Terkirim: 3 catatan")
    # The line that moves is gone before the sentence comes.
    assert "KB terkirim" in moving
    assert moving.endswith("\r\x1b[K")


def test_files_pair_by_commands(both: tuple[Desa, Desa], tmp_path: Path) -> None:
    hub, desa = both
    invitation, reply = tmp_path / "u.desa-undangan", tmp_path / "b.desa-balasan"
    hub_says(hub, "invite", "--file", str(invitation))
    arguments = ("sync", "invitation", "accept", invitation, "--output", reply)
    done = run_desa("--site", desa.site.path, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    seen = hub_says(hub, "reply", str(reply))
    assert json.loads(done.stdout)["words"] == seen["words"].split()
    hub_says(hub, "confirm", seen["id"])
    assert run_desa("--site", desa.site.path, "sync", "unpair", "--yes").returncode == 0
    done = run_desa("--site", desa.site.path, "sync", "push")
    assert (done.returncode, "belum tersambung" in done.stderr) == (1, True)


def test_a_copy_of_a_village_is_paired_with_nobody(both: tuple[Desa, Desa]) -> None:
    from desa_web.core.actor import operator
    from desa_web.core.db import write
    from desa_web.features.sync import hubs, service

    _hub, desa = both
    with desa.site.bound():
        with write(desa.site.database):
            hubs.begin(desa.site, "a" * 26, token="t", state="paired")
        service.became_copy(operator(desa.site))
        known = hubs.newest(desa.site)
        assert known is not None
        assert (known.state, known.token) == (hubs.State.ENDED, "")
