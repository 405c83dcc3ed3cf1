"""Certificates for loopback addresses, made by openssl: a good one, and one of the future."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CA = """
[ca]
default_ca = own
[own]
new_certs_dir = {folder}
database = {folder}/index
serial = {folder}/serial
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
subjectAltName = {names}
"""


@dataclass(frozen=True, slots=True)
class Certificates:
    """`client` trusts the issuer of both servers' certificates."""

    good: ssl.SSLContext
    future: ssl.SSLContext
    client: ssl.SSLContext


def make(folder: Path, addresses: Sequence[str] = ("127.0.0.1",)) -> Certificates:
    """Make an issuer and two server certificates in `folder`: ca.pem, good.pem, good.key …"""
    (folder / "index").touch()
    (folder / "serial").write_text("01")
    (folder / "ca.cnf").write_text(
        _CA.format(folder=folder, names=",".join(f"IP:{one}" for one in addresses))
    )
    _openssl(
        folder, "req", "-x509", *_new_key("ca"), "-days", "3650", "-subj", "/CN=Uji",
        "-out", "ca.pem",
    )  # fmt: skip
    spans = {"good": ("20200101000000Z", "21000101000000Z"),
             "future": ("20900101000000Z", "21000101000000Z")}  # fmt: skip
    for name, (begin, end) in spans.items():
        _openssl(folder, "req", *_new_key(name), "-subj", f"/CN={name}", "-out", f"{name}.csr")
        _openssl(
            folder, "ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", "ca.pem",
            "-keyfile", "ca.key", "-startdate", begin, "-enddate", end,
            "-in", f"{name}.csr", "-out", f"{name}.pem",
        )  # fmt: skip
    client = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    return Certificates(_server(folder, "good"), _server(folder, "future"), client)


def _new_key(name: str) -> list[str]:
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            f"{name}.key"]  # fmt: skip


def _server(folder: Path, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
