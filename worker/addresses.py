"""Addresses in the settings: an absolute one, and nothing in it that must not be seen."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

SCHEMES = ("https", "http")


def _checked(value: str) -> str:
    """The address without a slash at its end. Raises ValueError, which repeats nothing of it."""
    try:
        parts = urlsplit(value)
        is_whole = parts.scheme in SCHEMES and parts.hostname and parts.port != 0 and not any(map(str.isspace, value))
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ValueError("an address is expected, such as https://HOST or https://HOST:PORT")
    if parts.username is not None:
        raise ValueError(
            "a user or a password in an address would stand in logs, reports and tickets: "
            "give them by settings of their own"
        )
    return value.rstrip("/")


# https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1 advises against what is refused here.
Url = Annotated[str, AfterValidator(_checked)]
# What it has to be `worker.delivery.email.server` says.
MailUrl = Annotated[str, AfterValidator(lambda value: value.rstrip("/"))]
