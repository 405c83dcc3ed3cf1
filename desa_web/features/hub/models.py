"""Tables of the hub (core/migrations/0007_hub.sql). Only the service modules write them."""

from __future__ import annotations

import peewee

from desa_web.core.db import FlagField, Model


class SourceRow(Model):
    """Times are integer milliseconds UTC here; the dataclasses carry datetimes."""

    id = peewee.TextField(primary_key=True)
    kind = peewee.TextField()
    name = peewee.TextField()
    slug = peewee.TextField()
    address = peewee.TextField()
    site = peewee.TextField(null=True)
    kode_wilayah = peewee.TextField()
    district = peewee.TextField()
    is_confirmed = FlagField()
    contact = peewee.TextField()
    trust = peewee.TextField()
    accepted = peewee.BigIntegerField()
    state = peewee.TextField()
    must_compare = FlagField()
    created_at = peewee.BigIntegerField()
    version = peewee.BigIntegerField()

    class Meta:
        table_name = "hub_source"


class PollRow(Model):
    source_id = peewee.TextField(primary_key=True)
    host = peewee.TextField()
    next_at = peewee.BigIntegerField()
    interval_s = peewee.BigIntegerField()
    failures = peewee.BigIntegerField()
    lease_owner = peewee.TextField()
    lease_until = peewee.BigIntegerField()
    tried_at = peewee.BigIntegerField()
    ok_at = peewee.BigIntegerField()
    news_at = peewee.BigIntegerField()
    error_code = peewee.TextField()
    error = peewee.TextField()
    etag = peewee.TextField()
    modified = peewee.TextField()

    class Meta:
        table_name = "hub_poll"


class ItemRow(Model):
    id = peewee.TextField(primary_key=True)
    source_id = peewee.TextField()
    object_id = peewee.TextField()
    op = peewee.TextField()
    rev = peewee.BigIntegerField()
    digest = peewee.TextField()
    title = peewee.TextField()
    published_at = peewee.BigIntegerField()
    received_at = peewee.BigIntegerField()
    state = peewee.TextField()
    needs_look = FlagField()
    is_lost = FlagField()
    article_id = peewee.TextField(null=True)
    taken_digest = peewee.TextField()
    taken_revision_id = peewee.TextField()
    lacks_photos = FlagField()
    reason = peewee.TextField()
    decided_by = peewee.TextField()
    decided_at = peewee.BigIntegerField()
    version = peewee.BigIntegerField()
    content = peewee.TextField()
    is_notice = FlagField()

    class Meta:
        table_name = "hub_item"


class PhotoRow(Model):
    source_id = peewee.TextField()
    ref = peewee.TextField()
    sha256 = peewee.TextField()
    size_bytes = peewee.BigIntegerField()
    state = peewee.TextField()
    reason = peewee.TextField()
    tries = peewee.BigIntegerField()
    photo_id = peewee.TextField(null=True)

    class Meta:
        table_name = "hub_photo"
        primary_key = peewee.CompositeKey("source_id", "ref")
