"""Refusals of sync with the exit codes that scripts rely on: 4 security, 5 disk or database."""

from __future__ import annotations

from desa_web.core.errors import Damaged, DesaError


class Tampered(DesaError):
    """What arrived is not what was signed, or two sites sign with one key."""

    code = "sinkron-tidak-cocok"
    status = 422
    exit_code = 4


class NotStored(DesaError):
    """The disk or the database refused; nothing was half-written."""

    code = "sinkron-tidak-tersimpan"
    status = 507
    exit_code = 5


class BrokenBundle(Damaged):
    """A file from a stick is broken or no bundle at all: what a person chose, not our disk."""

    code = "kiriman-rusak"
    status = 422
