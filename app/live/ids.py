"""How places in the stream are written for viewers: sealed, so that they tell of no number.

The numbers of the stream are those of the whole city; whoever watches one cell could count by them
what happens elsewhere. So an id is the epoch, and the number in one block of AES under a key of the
epoch, which every server over the same database knows, and no viewer. With it go four bytes of
chance: the ids of two heartbeats do not show whether anything happened between them.
"""

import base64
import binascii
import re
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from app.live.rules import Cursor

KEY_BYTES = 32
_NUMBER_BYTES = 8
_ZERO = bytes(4)
"""By which a number that we have sealed is known."""
_CHANCE_BYTES = 4
_FORM = re.compile(r"([0-9a-f]{12}):([A-Za-z0-9_-]{22})", re.ASCII)
# 16 bytes are 22 characters and two of padding, which are left out.
_PADDING = "=="


class Ids:
    """The ids of one epoch. To be used from one thread."""

    def __init__(self, epoch: str, key: bytes) -> None:
        """
        Args:
            epoch: 12 characters, as viewers see it.
            key: `KEY_BYTES` long, and no viewer's.
        """
        self.epoch = epoch
        self._key = key
        # Of a single block this is AES itself, which nothing could be hidden behind.
        cipher = Cipher(algorithms.AES(key), modes.ECB())
        self._sealing, self._opening = cipher.encryptor(), cipher.decryptor()

    def of_epoch(self, epoch: str) -> "Ids":
        """Those of another epoch, of which nothing is known but the name."""
        return Ids(epoch, self._key)

    def text(self, seq: int) -> str:
        """The id of a number, another one each time."""
        chance = secrets.token_bytes(_CHANCE_BYTES)
        block = self._sealing.update(seq.to_bytes(_NUMBER_BYTES) + _ZERO + chance)
        return f"{self.epoch}:{base64.urlsafe_b64encode(block).decode()[:-2]}"

    def cursor(self, text: str) -> Cursor | None:
        """The place that an id stands for; None where it is none of ours. Of another epoch only
        that is known."""
        match = _FORM.fullmatch(text)
        if match is None:
            return None
        if match[1] != self.epoch:
            return Cursor(match[1], 0)
        try:
            block = self._opening.update(base64.urlsafe_b64decode(match[2] + _PADDING))
        except binascii.Error:
            return None
        if block[_NUMBER_BYTES : _NUMBER_BYTES + len(_ZERO)] != _ZERO:
            return None
        return Cursor(self.epoch, int.from_bytes(block[:_NUMBER_BYTES]))
