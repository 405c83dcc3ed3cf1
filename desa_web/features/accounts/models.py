"""Tables of people and their devices. Only the services of this folder write them."""

from __future__ import annotations

import peewee

from desa_web.core.db import FlagField, Model


class User(Model):
    id = peewee.TextField(primary_key=True)
    login = peewee.TextField()
    name = peewee.TextField()
    initials = peewee.TextField()
    role = peewee.TextField()
    is_active = FlagField()
    password_hash = peewee.TextField()
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "user_account"


class UserSession(Model):
    id = peewee.TextField(primary_key=True)
    token_hash = peewee.TextField()
    user = peewee.ForeignKeyField(User, column_name="user_id", lazy_load=False)
    device = peewee.TextField()
    created_at = peewee.BigIntegerField()
    seen_at = peewee.BigIntegerField()

    class Meta:
        table_name = "user_session"


class KnownDevice(Model):
    user_id = peewee.TextField()
    device_hash = peewee.TextField()
    seen_at = peewee.BigIntegerField()

    class Meta:
        table_name = "known_device"
        primary_key = peewee.CompositeKey("user_id", "device_hash")


class LoginGuard(Model):
    subject = peewee.TextField()
    device = peewee.TextField()
    failures = peewee.IntegerField()
    boot_id = peewee.TextField()
    at_ms = peewee.BigIntegerField()

    class Meta:
        table_name = "login_guard"
        primary_key = peewee.CompositeKey("subject", "device")


class DelegationRow(Model):
    """`first_on` and `last_on` are days as "2026-12-01", so that they compare as text."""

    id = peewee.TextField(primary_key=True)
    giver_id = peewee.TextField()
    deputy_id = peewee.TextField()
    first_on = peewee.TextField()
    last_on = peewee.TextField()
    appointed_by = peewee.TextField()
    created_at = peewee.BigIntegerField()
    ended_at = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "delegation"


class OneTimeCode(Model):
    code_hash = peewee.TextField(primary_key=True)
    user_id = peewee.TextField()
    kind = peewee.TextField()
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "one_time_code"
