"""CPU per request of a kept page with 0 and with 900 idle connections beside it.

    python tests/bench/bench_idle.py [--idle 900] [--requests 2000]

Stock waitress (a bare hello, connection limit raised) is measured in the same run. Gates nothing.
"""

import argparse
import resource
import socket
import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.bench_serving import HELLO, OURS, TARGET, Client, Target, cpu_us, python_server

STOCK = HELLO.replace("port=0)", "port=0, connection_limit=2000, asyncore_use_poll=True)")


def with_idle(target: Target, path: str, idle: int, requests: int) -> tuple[float, float]:
    """CPU in us a request (without, with) idle connections."""
    client = Client(target.port, path)
    cpu_us(target, client, 200)
    alone = statistics.median(cpu_us(target, client, requests) for _ in range(3))
    crowd = [socket.create_connection(("127.0.0.1", target.port)) for _ in range(idle)]
    time.sleep(0.3)
    crowded = statistics.median(cpu_us(target, client, requests) for _ in range(3))
    for sock in crowd:
        sock.close()
    client.close()
    return alone, crowded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=int, default=900)
    parser.add_argument("--requests", type=int, default=2000)
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(8192, hard)), hard))
    with (
        tempfile.TemporaryDirectory() as folder,
        python_server("fast", OURS, str(Path(folder) / "pages"), "fast") as fast,
        python_server("stock", STOCK) as stock,
    ):
        for target, path, requests in (
            (fast, TARGET, options.requests),
            (stock, "/", max(80, options.requests // 10)),
        ):
            alone, crowded = with_idle(target, path, options.idle, requests)
            print(
                f"{target.name:6} {alone:7.1f} us alone, {crowded:7.1f} us beside"
                f" {options.idle} idle: {crowded / alone:.2f} times"
            )


if __name__ == "__main__":
    main()
