"""Which waitress the guarded server was built and tested on, by version and source digest."""

import hashlib
import importlib.metadata
from importlib.util import find_spec
from pathlib import Path

VERSION = "3.0.2"
SOURCES = {
    "adjustments.py": "f1ed00a8217a79f5d3ededad82b2cc8b426079d3167839714760ec9a3a8aea12",
    "buffers.py": "50bf15244d9056a94e4aa6e30cb97a915a02d484361168bd21b854250c5ecc89",
    "channel.py": "6b44713fd38f8917e6d29a5ab35d1579299d582980bcf5d390df7b70e8018215",
    "parser.py": "f3c294637d49ced327b97238e8f38714be72607b89e5909ccd5f008fa510b633",
    "receiver.py": "e4b4903d525a6d6af2b7067068a2a21e01bcd165cfa3f54b2bab4dc529a1cfa2",
    "server.py": "93fa60086cb5b979d176bfea7a390e67903d8f1745468abb84d043322d23e6c0",
    "task.py": "fc30d7eb4fde61349094420ef83a6575ddf1532f34ee5b2253edec86eaa984a0",
    "trigger.py": "98fc875bfc940b7627fa26c8216c13598a917b40c97ae6932ba8af398da8ff71",
    "utilities.py": "d7d243c4c848323efc00ef810503ffb72df5a935d5204a56be3ca8f4ad812bbd",
    "wasyncore.py": "ac7821b11b192a195716ecb3acd742b4ddb02fc6427577cd7a43ec644323066b",
}


def mismatch() -> str | None:
    """Say in which way the installed waitress is another one; None when it is the tested one."""
    version = importlib.metadata.version("waitress")
    if version != VERSION:
        return f"version {version}, tested is {VERSION}"
    spec = find_spec("waitress")
    folder = Path(spec.origin).parent if spec is not None and spec.origin else Path()
    for name, tested in SOURCES.items():
        try:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError:
            return f"{name} cannot be read"
        if found != tested:
            return f"{name} differs from the tested one"
    return None
