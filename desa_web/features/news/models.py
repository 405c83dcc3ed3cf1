"""Tables of news (core/migrations/0003_news.sql). Only the service modules write them."""

from __future__ import annotations

import peewee

from desa_web.core.db import FlagField, JsonField, Model


class RubricRow(Model):
    id = peewee.TextField(primary_key=True)
    slug = peewee.TextField()
    name = peewee.TextField()
    position = peewee.IntegerField()

    class Meta:
        table_name = "rubric"


class ArticleRow(Model):
    """Times are integer milliseconds UTC here; the dataclasses of article.py carry datetimes."""

    id = peewee.TextField(primary_key=True)
    kind = peewee.TextField()
    state = peewee.TextField()
    version = peewee.BigIntegerField()
    slug = peewee.TextField()
    author_id = peewee.TextField(null=True)
    author_name = peewee.TextField()
    working_revision_id = peewee.TextField()
    live_revision_id = peewee.TextField(null=True)
    live_rubric_id = peewee.TextField(null=True)
    note = peewee.TextField(default="")
    sends_to_kominfo = FlagField(default=True)
    is_expired = FlagField(default=False)
    created_at = peewee.BigIntegerField()
    updated_at = peewee.BigIntegerField()
    published_at = peewee.BigIntegerField(null=True)
    scheduled_at = peewee.BigIntegerField(null=True)
    trashed_at = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "article"


class RevisionRow(Model):
    id = peewee.TextField(primary_key=True)
    article_id = peewee.TextField()
    number = peewee.IntegerField()
    parent_id = peewee.TextField(null=True)
    author_label = peewee.TextField()
    author_name = peewee.TextField()
    created_at = peewee.BigIntegerField()
    saved_at = peewee.BigIntegerField()
    is_frozen = FlagField(default=False)
    title = peewee.TextField()
    standfirst = peewee.TextField()
    rubric_id = peewee.TextField(null=True)
    tags = JsonField()
    dateline = peewee.TextField()
    byline = peewee.TextField()
    initials = peewee.TextField()
    source = peewee.TextField()
    lead_photo_id = peewee.TextField(null=True)
    correction = peewee.TextField()
    corrected_on = peewee.TextField()
    expires_on = peewee.TextField()
    digest = peewee.TextField()
    body = peewee.TextField()

    class Meta:
        table_name = "revision"


class ArticleTagRow(Model):
    article_id = peewee.TextField()
    slug = peewee.TextField()
    name = peewee.TextField()
    published_at = peewee.BigIntegerField()

    class Meta:
        table_name = "article_tag"
        primary_key = peewee.CompositeKey("article_id", "slug")


class ArticleSlugRow(Model):
    slug = peewee.TextField(primary_key=True)
    article_id = peewee.TextField(null=True)
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "article_slug"


class OutboundDomainRow(Model):
    domain = peewee.TextField(primary_key=True)
    article_id = peewee.TextField()
    first_at = peewee.BigIntegerField()

    class Meta:
        table_name = "outbound_domain"


class EditLockRow(Model):
    article_id = peewee.TextField(primary_key=True)
    holder = peewee.TextField()
    holder_name = peewee.TextField()
    boot_id = peewee.TextField()
    until_s = peewee.DoubleField()

    class Meta:
        table_name = "edit_lock"


class AutosaveRow(Model):
    article_id = peewee.TextField()
    holder = peewee.TextField()
    base_revision_id = peewee.TextField()
    saved_at = peewee.BigIntegerField()
    fields = JsonField()

    class Meta:
        table_name = "autosave"
        primary_key = peewee.CompositeKey("article_id", "holder")
