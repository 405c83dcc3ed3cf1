"""`make bench`: every benchmark of this folder, one after the other, each a run of its own.

python -m tests.bench [NAME …]        names without bench_, for example: news serving
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    wanted = sys.argv[1:]
    failed = 0
    for file in sorted(Path(__file__).parent.glob("bench_*.py")):
        name = file.stem.removeprefix("bench_")
        if wanted and name not in wanted:
            continue
        print(f"\n== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"tests.bench.{file.stem}"], check=False)
        failed += done.returncode != 0
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
