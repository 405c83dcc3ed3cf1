"""desa-web on shared hosting with Passenger ("Setup Python App" in cPanel).

Put this file into the application's folder, the site beside it in `situs`, and a cron job

    * * * * *   cd APPLICATION && VENV/bin/desa --site situs follow --once

Lost here, against `desa serve`: the fast path and the guards against slow clients (the host's web
server has its own), work at the very minute (the cron job comes once a minute), and whatever the
host does to sleeping programs: the first reader after a rest waits for the start.
"""

import os
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
os.environ.setdefault("DESA_SITE", str(_HERE / "situs"))
# `pip install --target vendor desa-web` is enough where no environment can be made.
if (_HERE / "vendor").is_dir():
    sys.path.insert(0, str(_HERE / "vendor"))

from desa_web.app import wsgi as application  # noqa: E402

__all__ = ["application"]
