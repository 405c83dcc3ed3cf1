"""desa-web: an offline-first village website and media kit."""

from datetime import date

__version__ = "0.1.0"

# A clock that says less than this is wrong (a dead battery says 1970).
RELEASED_ON = date(2026, 11, 1)
