"""People: who may sign in, with which role, on which devices, in whose name."""

from desa_web.core.actor import Permission
from desa_web.core.registry import Feature, MenuEntry

_HERE = "desa_web.features.accounts"

FEATURE = Feature(
    name="accounts",
    blueprints=(
        f"{_HERE}.web:blueprint",
        f"{_HERE}.admin:blueprint",
        f"{_HERE}.deputies:blueprint",
        f"{_HERE}.api:blueprint",
    ),
    commands={"user": f"{_HERE}.cli:user"},
    menu=(
        MenuEntry("Pengguna", "accounts_admin.users", "orang", Permission.MANAGE_USERS, 70),
        MenuEntry("Akun saya", "accounts_admin.account", "kunci", Permission.WRITE, 90),
    ),
    checks=(f"{_HERE}.health:CHECKS",),
)
