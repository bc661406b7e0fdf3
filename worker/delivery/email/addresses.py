"""Mail addresses as people write them: "SpikeTrace <spiketrace@shop.example>, sre@shop.example"."""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.utils import getaddresses

# Stricter than the standard: what may stand in an envelope and a header of every server without being quoted.
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
LONGEST = 254


class InvalidAddresses(ValueError):
    """Something in the text is no mail address."""


def addresses(text: str) -> tuple[Address, ...]:
    """At least one, each once. Raises InvalidAddresses."""
    found = getaddresses([text]) if text.isprintable() else []
    if not found or any(not ADDRESS.fullmatch(address) or len(address) > LONGEST for _, address in found):
        raise InvalidAddresses(text)
    return tuple({address.lower(): _address(name, address) for name, address in found}.values())


def _address(name: str, address: str) -> Address:
    try:
        return Address(display_name=name, addr_spec=address)
    except ValueError as error:  # also of an address that the pattern lets through, such as one with two dots
        raise InvalidAddresses(address) from error
