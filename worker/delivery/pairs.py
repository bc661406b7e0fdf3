"""Settings that hold several named secrets: "payments=…, search=…"."""

from __future__ import annotations

import re

from worker.errors import ConfigurationError

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


def pairs(text: str, variable: str, *, separators: str) -> dict[str, str]:
    """By name; `separators` are the characters that stand between two of them.

    Raises ConfigurationError, which tells the place of what is wrong and repeats no value.
    """
    found: dict[str, str] = {}
    items = [item for item in re.split(f"[{separators}]+", text) if item]
    for position, item in enumerate(items, start=1):
        name, separator, value = item.partition("=")
        if not (separator and value and NAME.fullmatch(name)):
            raise ConfigurationError(
                f"{variable}: item {position} is not name=value with a name of lower-case letters, digits and hyphens"
            )
        if name in found:
            raise ConfigurationError(f"{variable} names {name} twice")
        found[name] = value
    return found
