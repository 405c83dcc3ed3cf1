"""Start desa-web from an unpacked folder: python3 cli.py serve …

Packages that lie in `vendor/` beside this file (pip install --target vendor) are used first.
"""

import sys
from pathlib import Path

_VENDOR = Path(__file__).resolve().parent / "vendor"
if _VENDOR.is_dir():
    sys.path.insert(1, str(_VENDOR))

from desa_web.cli import main  # noqa: E402 - vendor/ must be known first

if __name__ == "__main__":
    sys.exit(main())
