"""The helper process: `python -m desa_web.engines.images.child IDLE_S`, a JSON job a line.

It stays single-threaded, loads the decoders once, and forks a child for each photo, because
forking the threaded server is unsafe. The child has limits of memory, CPU time, file size and
open files, is the first to die when the machine runs out of memory, and answers with one line
of JSON. The helper ends when its input closes or after an idle minute.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

CPU_S = 20
# The spool of a 50 MP picture is the largest file.
FILE_BYTES = 256 * 2**20

_LIMIT_SIGNALS = {signal.SIGXCPU: "too_hard", signal.SIGKILL: "busy"}


def main() -> None:
    """Serve jobs from standard input; the argument is how long to wait for the next one."""
    idle_s = float(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Readers come first: a burst of photos must not slow down the pages on the same cores.
    os.nice(19)
    if sys.platform == "linux":
        # What is idle never takes the processor from a reader; photos wait calmly meanwhile.
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    # Loaded here, for all children, with everything it needs of Pillow.
    from desa_web.engines.images import outputs  # noqa: F401
    from desa_web.engines.images.picture import preload

    preload()
    requests = os.fdopen(0, "rb", buffering=0)
    while select.select([requests], [], [], idle_s)[0]:
        line = requests.readline()
        if not line:
            return
        reply = _in_child(json.loads(line))
        os.write(1, json.dumps(reply).encode() + b"\n")


def _in_child(job: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _work(job, writing)
    os.close(writing)
    answer = _answer(reading, pid, job["wall_s"])
    _, status, usage = os.wait4(pid, 0)
    if not answer.endswith(b"\n"):
        reply = {"failed": _cause_of_death(status)}
    else:
        reply = json.loads(answer)
    return reply | {
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_mb": usage.ru_maxrss // 1024,
        "wall_s": round(time.monotonic() - started, 3),
    }


def _answer(reading: int, pid: int, wall_s: float) -> bytes:
    parts = []
    deadline = time.monotonic() + wall_s
    while True:
        left = max(0.0, deadline - time.monotonic())
        if not select.select([reading], [], [], left)[0]:
            os.kill(pid, signal.SIGKILL)
            break
        part = os.read(reading, 65536)
        if not part:
            break
        parts.append(part)
    os.close(reading)
    return b"".join(parts)


def _cause_of_death(status: int) -> str:
    """A crash is the photo's doing (a decoder's bug); SIGKILL is the machine short of memory."""
    if not os.WIFSIGNALED(status):
        return "busy"
    return _LIMIT_SIGNALS.get(signal.Signals(os.WTERMSIG(status)), "damaged")


def _work(job: dict[str, Any], writing: int) -> None:
    """Do the job in this child, answer on the pipe, and leave without Python's farewells."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _limit(job["memory_bytes"])
        os.write(writing, json.dumps(_outcome(job)).encode() + b"\n")
        code = 0
    finally:
        os._exit(code)


def _limit(memory_bytes: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    memory = pages * resource.getpagesize() + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 2))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _outcome(job: dict[str, Any]) -> dict[str, Any]:
    from desa_web.engines.images.facts import PhotoRefused
    from desa_web.engines.images.outputs import make_master, make_renditions

    try:
        photo, target = Path(job["photo"]), Path(job["target"])
        if job["do"] == "master":
            made = asdict(make_master(photo, target, job["max_edge_px"]))
            made["taken_on"] = made["taken_on"] and made["taken_on"].isoformat()
            return {"master": made}
        return {"renditions": [asdict(one) for one in make_renditions(photo, target)]}
    except PhotoRefused as refusal:
        return {"refused": refusal.reason.value}
    except MemoryError:
        return {"failed": "busy"}
    except OSError as error:
        return {"errno": error.errno, "error": str(error)}
    except Exception as error:
        return {"bug": f"{type(error).__name__}: {error}"[:500]}


if __name__ == "__main__":
    main()
