"""Tables of imports (core/migrations/0010_imports.sql). Only the service modules write them."""

from __future__ import annotations

import peewee

from desa_web.core.db import Model


class OriginRow(Model):
    source = peewee.TextField()
    origin_key = peewee.TextField()
    kind = peewee.TextField()
    object_id = peewee.TextField()
    digest = peewee.TextField()
    missing = peewee.IntegerField()
    revision_id = peewee.TextField()
    imported_at = peewee.BigIntegerField()

    class Meta:
        table_name = "import_origin"
        primary_key = peewee.CompositeKey("source", "origin_key")


class ImportedPhotoRow(Model):
    source = peewee.TextField()
    url = peewee.TextField()
    photo_id = peewee.TextField()

    class Meta:
        table_name = "import_photo"
        primary_key = peewee.CompositeKey("source", "url")


class AliasRow(Model):
    path = peewee.TextField()
    query = peewee.TextField()
    article_id = peewee.TextField(null=True)
    page_id = peewee.TextField(null=True)
    # Of a hashed address of a file: "photo:<id>" or "document:<id>" (old_files.py).
    leads_to = peewee.TextField()
    created_at = peewee.BigIntegerField()

    class Meta:
        table_name = "alias"
        primary_key = peewee.CompositeKey("path", "query")
