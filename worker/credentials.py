"""Who may do what at the webhook: credentials, each with a name that is logged and the roles that it has."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

# Nobody guesses so much at whatever rate, so that nobody has to be locked out: https://pages.nist.gov/800-63-4/sp800-63b.html
SHORTEST_SECRET = 16
EVERYTHING = "all"


class Role(StrEnum):
    """`deliver`: post alerts. `read`: see pages, documents and metrics, and ask. `act`: replays, tickets."""

    DELIVER = "deliver"
    READ = "read"
    ACT = "act"


ALL_ROLES = frozenset(Role)


class Credential(NamedTuple):
    """Someone's user name and secret; the secret alone is a token. Either may be missing."""

    name: str
    roles: frozenset[Role]
    password: str | None
    token: str | None

    def __repr__(self) -> str:
        return f"Credential({self.name!r}, {sorted(self.roles)})"


def parse_credentials(text: str) -> list[Credential]:
    """One a line: name, roles with commas between them, secret. Empty lines and those that begin with # are left out.

    A name may have several lines, which is how a secret is rotated. Raises ValueError, which repeats no secret.
    """
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1)]
    found = [_credential(number, words) for number, words in lines if words and not words[0].startswith("#")]
    if len({one.token for one in found}) < len(found):
        raise ValueError("two lines have the same secret, so nobody could tell who it is")
    return found


def _credential(number: int, words: Sequence[str]) -> Credential:
    if len(words) != 3:
        raise ValueError(f"line {number}: a name, roles and a secret are expected, with white space between them")
    name, roles, secret = words
    if ":" in name:
        raise ValueError(f"line {number}: a name has no colon, which ends it where it is sent")
    if len(secret) < SHORTEST_SECRET:
        raise ValueError(f"line {number}: the secret is shorter than {SHORTEST_SECRET} characters")
    return Credential(name, _roles(number, roles), password=secret, token=secret)


def _roles(number: int, text: str) -> frozenset[Role]:
    if text == EVERYTHING:
        return ALL_ROLES
    try:
        return frozenset(Role(role) for role in text.split(","))
    except ValueError:
        known = ", ".join(Role)
        raise ValueError(
            f"line {number}: roles are some of {known} with commas between them, or {EVERYTHING}"
        ) from None
