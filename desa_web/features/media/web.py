"""What readers get of media: pictures, masters and documents under addresses with a hash."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("media", __name__)
