"""Tables of media (core/migrations/0004_media.sql). Only the service modules write them."""

from __future__ import annotations

import peewee

from desa_web.core.db import Model


class PhotoRow(Model):
    """Times are integer milliseconds UTC here; the dataclasses of photo.py carry datetimes."""

    id = peewee.TextField(primary_key=True)
    master_sha256 = peewee.TextField()
    mime = peewee.TextField()
    width_px = peewee.IntegerField()
    height_px = peewee.IntegerField()
    size_bytes = peewee.BigIntegerField()
    dhash = peewee.TextField()
    taken_on = peewee.TextField()
    name = peewee.TextField()
    caption = peewee.TextField()
    credit = peewee.TextField()
    alt = peewee.TextField()
    licence = peewee.TextField()
    place = peewee.TextField()
    children = peewee.TextField()
    focus_x = peewee.DoubleField()
    focus_y = peewee.DoubleField()
    version = peewee.BigIntegerField()
    uploader_id = peewee.TextField(null=True)
    uploader_name = peewee.TextField()
    created_at = peewee.BigIntegerField()
    updated_at = peewee.BigIntegerField()
    trashed_at = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "photo"


class PhotoUploadRow(Model):
    sha256 = peewee.TextField(primary_key=True)
    photo_id = peewee.TextField()

    class Meta:
        table_name = "photo_upload"


class AlbumRow(Model):
    id = peewee.TextField(primary_key=True)
    slug = peewee.TextField()
    title = peewee.TextField()
    intro = peewee.TextField()
    created_at = peewee.BigIntegerField()
    updated_at = peewee.BigIntegerField()

    class Meta:
        table_name = "album"


class AlbumPhotoRow(Model):
    album_id = peewee.TextField()
    photo_id = peewee.TextField()
    position = peewee.IntegerField()

    class Meta:
        table_name = "album_photo"
        primary_key = peewee.CompositeKey("album_id", "photo_id")


class DocumentRow(Model):
    id = peewee.TextField(primary_key=True)
    sha256 = peewee.TextField()
    mime = peewee.TextField()
    size_bytes = peewee.BigIntegerField()
    name = peewee.TextField()
    title = peewee.TextField()
    uploader_id = peewee.TextField(null=True)
    uploader_name = peewee.TextField()
    created_at = peewee.BigIntegerField()
    trashed_at = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "document"
