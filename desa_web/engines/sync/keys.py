"""The site's signing keys: secret halves in data/keys, never in the database, readable by us only.

    signing-<16 digits>.key   one secret key, 0600; its name begins like its public half
    signing.enc               the newest one, locked by the printed recovery code; goes into backups

The code is 25 letters and digits (125 bits), shown once. Argon2id makes guessing dear even so.
"""

from __future__ import annotations

import base64
import json
import secrets
from contextlib import suppress
from pathlib import Path

from nacl import pwhash
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox
from nacl.signing import SigningKey

from desa_web.core.disk import write_atomic
from desa_web.core.errors import InvalidInput, NotFound
from desa_web.core.i18n import _

_LOCKED = "signing.enc"
# No I, L, O and U: they are misread on paper.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS, _GROUP = 5, 5
_OPS, _MEM_BYTES = 3, 64 << 20


class KeyRing:
    """The keys in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self) -> SigningKey:
        """Make a new key and keep it, durable, before anybody learns of it."""
        key = SigningKey.generate()
        self._keep(key)
        return key

    def find(self, public: str) -> SigningKey | None:
        """Return the secret half of `public`, None when it is not here."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            value = json.loads(self._path(public).read_text())
            key = SigningKey(base64.b64decode(value["seed"]))
            if public_of(key) == public:
                return key
        return None

    def only(self) -> SigningKey | None:
        """Return the key of a folder that holds exactly one, as after a lost database."""
        found = [path.stem.removeprefix("signing-") for path in self._folder.glob("signing-*.key")]
        if len(found) != 1:
            return None
        with suppress(OSError, ValueError, KeyError, TypeError):
            path = self._folder / f"signing-{found[0]}.key"
            return SigningKey(base64.b64decode(json.loads(path.read_text())["seed"]))
        return None

    def is_locked(self) -> bool:
        """Is a locked key here, as after a restore?"""
        return (self._folder / _LOCKED).exists()

    def lock(self, key: SigningKey) -> str:
        """Keep a copy of `key` that only the returned recovery code opens; show it once."""
        code = _new_code()
        salt = secrets.token_bytes(pwhash.argon2id.SALTBYTES)
        box = SecretBox(_stretched(code, salt, _OPS, _MEM_BYTES)).encrypt(bytes(key))
        value = {
            "v": 1, "kdf": "argon2id", "ops": _OPS, "mem": _MEM_BYTES,
            "salt": base64.b64encode(salt).decode(), "box": base64.b64encode(box).decode(),
            "public": public_of(key),
        }  # fmt: skip
        write_atomic(self._folder / _LOCKED, json.dumps(value).encode(), mode=0o600)
        return code

    def locked_public(self) -> str:
        """Return which public key the locked copy belongs to, "" without one."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            return str(json.loads((self._folder / _LOCKED).read_text())["public"])
        return ""

    def unlock(self, code: str) -> SigningKey:
        """Open the locked key and keep it for use. Raises NotFound, InvalidInput."""
        try:
            value = json.loads((self._folder / _LOCKED).read_text())
            salt, box = (base64.b64decode(value[name]) for name in ("salt", "box"))
            ops, mem = int(value["ops"]), min(int(value["mem"]), _MEM_BYTES)
        except OSError as error:
            sentence = _(
                "Di folder situs ini tidak ada kunci yang terkunci: tidak ada yang dibuka."
            )
            raise NotFound(sentence) from error
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput(_("Kunci terkunci rusak. Pulihkan dari cadangan lain.")) from error
        try:
            key = SigningKey(SecretBox(_stretched(_plain(code), salt, ops, mem)).decrypt(box))
        except (CryptoError, ValueError) as error:
            sentence = _("Kode pemulihan tidak cocok. Periksa huruf demi huruf, lalu coba lagi.")
            raise InvalidInput(sentence) from error
        self._keep(key)
        return key

    def forget_all(self) -> None:
        """Remove every key: this folder is a copy, and its keys belong to the original."""
        for path in [*self._folder.glob("signing-*.key"), self._folder / _LOCKED]:
            path.unlink(missing_ok=True)

    def _keep(self, key: SigningKey) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"v": 1, "seed": base64.b64encode(bytes(key)).decode()})
        write_atomic(self._path(public_of(key)), text.encode(), mode=0o600)

    def _path(self, public: str) -> Path:
        return self._folder / f"signing-{public[:16]}.key"


def public_of(key: SigningKey) -> str:
    """Return the public half as 64 hex digits."""
    return bytes(key.verify_key).hex()


def _new_code() -> str:
    groups = ("".join(secrets.choice(_LETTERS) for _n in range(_GROUP)) for _g in range(_GROUPS))
    return "-".join(groups)


def _plain(code: str) -> str:
    """Return the code as it was made, however it was typed."""
    letters = "".join(letter for letter in code.upper() if letter.isalnum())
    letters = letters.translate(str.maketrans("ILOU", "110V"))
    return "-".join(letters[i : i + _GROUP] for i in range(0, len(letters), _GROUP))


def _stretched(code: str, salt: bytes, ops: int, mem_bytes: int) -> bytes:
    return pwhash.argon2id.kdf(
        SecretBox.KEY_SIZE, code.encode(), salt, opslimit=ops, memlimit=mem_bytes
    )
