"""Giving memory back is a help where glibc is, and nothing at all elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from desa_web.core import memory
from tests.harness.site import ROOT

# Small pieces between large ones: the heap cannot shrink by itself from its end.
_HOLDS = """
import re
from pathlib import Path
from desa_web.core import memory

def resident_kb():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

held = [bytearray(60_000) for _ in range(600)]
kept = held[::50]
before = resident_kb()
del held
freed = resident_kb()
memory.give_back()
print(freed - resident_kb())
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_free_pages_between_used_ones_go_back_to_the_system() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _HOLDS], capture_output=True, text=True, cwd=ROOT, check=True
    )
    if memory._of_glibc("malloc_trim") is None:
        pytest.skip("this C library is not glibc")
    assert int(done.stdout) > 20_000


def test_a_library_without_these_functions_is_no_error() -> None:
    assert memory._of_glibc("no_such_function_of_any_library") is None
    memory.give_back()
    memory.share_one_arena()
