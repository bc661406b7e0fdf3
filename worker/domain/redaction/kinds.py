"""What is redacted, and what stands in its place."""

from __future__ import annotations

import re
from enum import StrEnum


class Kind(StrEnum):
    PRIVATE_KEY = "private key"
    PASSWORD = "password"  # noqa: S105 - the word that is shown, and no password
    CREDENTIALS = "credentials"
    COOKIE = "cookie"
    TOKEN = "token"  # noqa: S105
    SECRET = "secret"  # noqa: S105
    EMAIL = "e-mail"
    CARD = "card number"
    IBAN = "IBAN"
    # Where a text cannot be brought to rest: none of it is shown.
    TEXT = "text"

    @property
    def placeholder(self) -> str:
        return f"[redacted {self.value}]"


PLACEHOLDER = re.compile(rf"\[redacted ({'|'.join(Kind)})\]")
