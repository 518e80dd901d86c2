"""The key of hashed ids (`data.ids = hashed`): what it makes of names and hashes, and of facts on disk.

Who lacks the key can neither hash known names nor scans at hand to find a person in a table.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ablation.config.sections import DataConfig
from ablation.errors import UsageError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

ID_KEY = "ABLATE_ID_KEY"
"""Environment variable with the key of hashed ids."""
KEYED = "keyed:"
"""Before the hash of a truth that was made with the key."""


@dataclass(frozen=True, slots=True)
class IdKey:
    """A secret text.

    >>> key = IdKey("a secret")
    >>> key.of_name("Jane Doe"), key.of_truth("")
    ('P73498bbfb8de', '')
    >>> key.opened(key.closed("the facts"))
    'the facts'
    """

    secret: str = field(repr=False)

    def of_name(self, name: str) -> str:
        """Return the id of a patient: HMAC-SHA-256 of the name in the files."""
        return "P" + self._digest(name)[:12]

    def of_truth(self, truth_hash: str) -> str:
        """Return what stands in tables for the hash of a truth; "" where there is no truth."""
        return KEYED + self._digest(f"truth {truth_hash}")[:32] if truth_hash else ""

    def of_place(self, place: str) -> str:
        """Return a name for what is kept about a place."""
        return self._digest(f"place {place}")[:16]

    def closed(self, text: str) -> bytes:
        """Return a text encrypted (AES-128 and HMAC-SHA-256)."""
        return _cipher(self.secret).encrypt(text.encode())

    def opened(self, content: bytes) -> str:
        """Return an encrypted text.

        Raises:
            ValueError: It was encrypted with another key, or changed.
        """
        from cryptography.fernet import InvalidToken

        try:
            return _cipher(self.secret).decrypt(content).decode()
        except InvalidToken:
            raise ValueError("was written with another key, or changed") from None

    def _digest(self, text: str) -> str:
        return hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def key_in_use() -> IdKey | None:
    """Return the key that is set; None where none is."""
    secret = os.environ.get(ID_KEY, "")
    return IdKey(secret) if secret else None


def key_of(data: DataConfig) -> IdKey | None:
    """Return the key of hashed ids; None for plain ids.

    Raises:
        UsageError: Ids are to be hashed and there is no key.
    """
    if data.ids == "plain":
        return None
    key = key_in_use()
    if key is None:
        raise UsageError(
            f"data.ids=hashed needs a key and {ID_KEY} is not set",
            hint=f"Set {ID_KEY} to a secret text, the same for all runs of a study.",
        )
    return key


def _cipher(secret: str) -> Fernet:
    from cryptography.fernet import Fernet  # only with hashed ids: takes a moment to import

    digest = hmac.new(secret.encode(), b"facts on disk", hashlib.sha256).digest()
    return Fernet(urlsafe_b64encode(digest))
