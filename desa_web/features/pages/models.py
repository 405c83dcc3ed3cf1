"""Tables of pages and menu (migration 0005). Only the service modules write them."""

from __future__ import annotations

import peewee

from desa_web.core.db import Model


class PageRow(Model):
    """Times are integer milliseconds UTC here; the dataclasses of page.py carry datetimes."""

    id = peewee.TextField(primary_key=True)
    slug = peewee.TextField()
    parent_id = peewee.TextField(null=True)
    position = peewee.IntegerField()
    kind = peewee.TextField()
    version = peewee.BigIntegerField()
    revision_id = peewee.TextField()
    created_at = peewee.BigIntegerField()
    updated_at = peewee.BigIntegerField()
    trashed_at = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "page"


class PageRevisionRow(Model):
    id = peewee.TextField(primary_key=True)
    page_id = peewee.TextField()
    number = peewee.IntegerField()
    author_label = peewee.TextField()
    author_name = peewee.TextField()
    created_at = peewee.BigIntegerField()
    title = peewee.TextField()
    standfirst = peewee.TextField()
    lead_photo_id = peewee.TextField(null=True)
    digest = peewee.TextField()
    body = peewee.TextField()

    class Meta:
        table_name = "page_revision"


class PageSlugRow(Model):
    slug = peewee.TextField(primary_key=True)
    page_id = peewee.TextField(null=True)
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "page_slug"


class MenuItemRow(Model):
    id = peewee.TextField(primary_key=True)
    parent_id = peewee.TextField(null=True)
    position = peewee.IntegerField()
    title = peewee.TextField()
    page_id = peewee.TextField(null=True)
    path = peewee.TextField(default="")

    class Meta:
        table_name = "menu_item"
