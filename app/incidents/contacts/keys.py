"""Sealing a contact: AES-256-GCM under a key that lies in a file, never in the database.

The key file has one key a line, `id base64`, the newest last; it is readable by its owner alone. A
sealed text says by `key_id` which of them opens it, and opens for the one case whose id it was
sealed with: moved to another row it is noise.
"""

import base64
import binascii
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
PADDED_BYTES = 1_792
"""Every contact is sealed at one length: name, phone and note at their longest fit."""

_PURPOSE = b"minqing contact 1 "


class KeyFileError(ValueError):
    """The key file cannot be used, in words."""


class UnknownKeyError(ValueError):
    """Sealed with a key that the file does not have, or not sealed for this case."""


@dataclass(frozen=True)
class Sealed:
    """What the database keeps of a contact."""

    key_id: str
    nonce: bytes
    sealed: bytes


@dataclass(frozen=True, repr=False)
class KeyRing:
    """The keys of the file, the newest last."""

    keys: dict[str, bytes]

    @property
    def newest(self) -> str:
        """Id of the key with which is sealed."""
        return list(self.keys)[-1]

    def seal(self, case_id: UUID, content: bytes) -> Sealed:
        """Seal a contact for one case.

        Raises:
            ValueError: longer than `PADDED_BYTES`.
        """
        if len(content) > PADDED_BYTES:
            raise ValueError("a contact of that length cannot be sealed")
        nonce = secrets.token_bytes(NONCE_BYTES)
        padded = content.ljust(PADDED_BYTES)
        sealed = AESGCM(self.keys[self.newest]).encrypt(nonce, padded, _bound_to(case_id))
        return Sealed(self.newest, nonce, sealed)

    def open(self, case_id: UUID, sealed: Sealed) -> bytes:
        """The contact of that case.

        Raises:
            UnknownKeyError: no key of the file opens it for this case.
        """
        key = self.keys.get(sealed.key_id)
        if key is None:
            raise UnknownKeyError(f"the key file has no key {sealed.key_id}")
        try:
            padded = AESGCM(key).decrypt(sealed.nonce, sealed.sealed, _bound_to(case_id))
        except InvalidTag:
            raise UnknownKeyError("it was sealed for another case, or was changed") from None
        return padded.rstrip()


def _bound_to(case_id: UUID) -> bytes:
    return _PURPOSE + case_id.bytes


def load(path: Path) -> KeyRing:
    """The keys of a file.

    Raises:
        KeyFileError: not there, readable by others, or no key file.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise KeyFileError(f"{path} can be read by others: chmod 600 {path}")
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path} cannot be read: {type(error).__name__}") from None
    keys = {}
    for line in text.splitlines():
        name, _, encoded = line.partition(" ")
        try:
            keys[name] = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise KeyFileError(f"{path} is no key file") from None
    if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
        raise KeyFileError(f"{path} is no key file")
    return KeyRing(keys)


def ensure(path: Path) -> KeyRing:
    """The keys of a file; with one new key where there is no file yet.

    Raises:
        KeyFileError: as `load`, or it cannot be made.
    """
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = _written_beside(path, {**_new_key()})
            try:
                # Whoever comes second keeps the first one's file.
                os.link(fresh, path)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        except OSError as error:
            raise KeyFileError(f"{path} cannot be made: {type(error).__name__}") from None
    return load(path)


def add_key(path: Path) -> KeyRing:
    """The keys of a file after a new one was added to it.

    Raises:
        KeyFileError: as `ensure`.
    """
    ring = ensure(path)
    return _replace(path, {**ring.keys, **_new_key()})


def keep_keys(path: Path, key_ids: set[str]) -> KeyRing:
    """The keys of a file after all but these and the newest were taken out of it for ever.

    Raises:
        KeyFileError: as `load`.
    """
    ring = load(path)
    kept = {name: key for name, key in ring.keys.items() if name in key_ids or name == ring.newest}
    return _replace(path, kept)


def _new_key() -> dict[str, bytes]:
    return {secrets.token_hex(4): AESGCM.generate_key(KEY_BYTES * 8)}


def _replace(path: Path, keys: dict[str, bytes]) -> KeyRing:
    _written_beside(path, keys).replace(path)
    return KeyRing(keys)


def _written_beside(path: Path, keys: dict[str, bytes]) -> Path:
    """A new file, readable by its owner alone from its first moment on, and on the disk."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    lines = (f"{name} {base64.b64encode(key).decode()}\n" for name, key in keys.items())
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    return fresh
