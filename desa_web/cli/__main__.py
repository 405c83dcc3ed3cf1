"""`python -m desa_web.cli`: the command `desa` where no console script is installed."""

import sys

from desa_web.cli import main

if __name__ == "__main__":
    sys.exit(main())
