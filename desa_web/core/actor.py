"""Who acts: every service function takes an explicit `Actor`; permissions are one table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from desa_web.core.errors import Forbidden
from desa_web.core.i18n import _

if TYPE_CHECKING:
    from desa_web.core.site import Site


class Role(StrEnum):
    """admin: all; editor (Redaksi); approver (Kepala Desa, Sekdes); reporter (Kontributor KIM);
    officer: the media centre's editor, at a hub only."""

    ADMIN = "admin"
    EDITOR = "editor"
    APPROVER = "approver"
    REPORTER = "reporter"
    OFFICER = "officer"


class Permission(StrEnum):
    WRITE = "write"  # own drafts
    EDIT_ALL = "edit_all"  # drafts of others
    REVIEW = "review"  # approve and return
    PUBLISH = "publish"  # publish, schedule, withdraw what is approved
    MANAGE_PAGES = "manage_pages"
    MANAGE_USERS = "manage_users"
    MANAGE_SITE = "manage_site"  # settings, menus, colours, sync, backup
    RUN_HUB = "run_hub"  # at a hub: sources, inbox, receipts


_R, _P = Role, Permission
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    _R.ADMIN: frozenset(Permission),
    _R.EDITOR: frozenset({_P.WRITE, _P.EDIT_ALL, _P.PUBLISH, _P.MANAGE_PAGES}),
    _R.APPROVER: frozenset({_P.WRITE, _P.REVIEW, _P.PUBLISH}),
    _R.REPORTER: frozenset({_P.WRITE}),
    _R.OFFICER: frozenset({_P.WRITE, _P.EDIT_ALL, _P.REVIEW, _P.PUBLISH, _P.RUN_HUB}),
}

# What a deputy may do besides: decide, in the giver's name. It cannot be handed on.
LENT = frozenset({Permission.REVIEW})


@dataclass(frozen=True, slots=True)
class Deputy:
    """In whose name somebody decides, to the end of the day `last_on` in the village."""

    giver_id: str
    giver_name: str
    last_on: date


@dataclass(frozen=True, slots=True)
class Actor:
    """One person (or the operator, or the program's own ticker) acting on one site."""

    site: Site
    user_id: str | None
    name: str
    role: Role
    via: str
    deputy: Deputy | None = None

    def may(self, permission: Permission) -> bool:
        return permission in PERMISSIONS[self.role] or self.in_name_of(permission) is not None

    def in_name_of(self, permission: Permission) -> Deputy | None:
        """Return whose deputy `actor` is in using `permission`, None when it is their own."""
        is_lent = permission in LENT and permission not in PERMISSIONS[self.role]
        return self.deputy if is_lent else None

    @property
    def permissions(self) -> frozenset[Permission]:
        """Everything that `may` allows now."""
        return frozenset(permission for permission in Permission if self.may(permission))

    def require(self, permission: Permission) -> None:
        """Raise Forbidden with a sentence that says who can help."""
        if not self.may(permission):
            raise Forbidden(_("Peran Anda belum boleh melakukan ini. Mintalah bantuan Admin."))

    @property
    def label(self) -> str:
        """The form in which the journal names the actor."""
        return f"user:{self.user_id}" if self.user_id else self.name


def operator(site: Site, via: str = "cli") -> Actor:
    """The person at the machine itself, who may do everything."""
    return Actor(site, None, "operator", Role.ADMIN, via)


def program(site: Site) -> Actor:
    """The program acting on time (due work), on behalf of nobody."""
    return Actor(site, None, "program", Role.ADMIN, "due")
