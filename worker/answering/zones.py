"""Clocks that people name: an IANA zone, UTC, an offset, a city, or an abbreviation that can mean only one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, timedelta, timezone, tzinfo
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

# An abbreviation stands for the clock of the place, summer or winter. CST and IST are several places' and left out.
ABBREVIATIONS = {
    "z": "UTC", "utc": "UTC", "gmt": "UTC",
    "cet": "Europe/Berlin", "cest": "Europe/Berlin", "bst": "Europe/London", "eet": "Europe/Helsinki",
    "eest": "Europe/Helsinki", "est": "America/New_York", "edt": "America/New_York", "et": "America/New_York",
    "mst": "America/Denver", "mdt": "America/Denver", "cdt": "America/Chicago",
    "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "pt": "America/Los_Angeles", "jst": "Asia/Tokyo",
}  # fmt: skip
# The largest offsets in use: -12:00 and +14:00.
FURTHEST = timedelta(hours=14)
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+\-−])\s*(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)


class Zone(NamedTuple):
    """A clock under the name that people are told."""

    name: str
    clock: tzinfo


UTC_ZONE = Zone("UTC", UTC)


def zone_named(text: str) -> Zone | None:
    """The zone that `text` names, in any spelling of `docs/questions.md`; None where it names none."""
    name = " ".join(text.split())
    lowered = name.lower()
    if lowered in ABBREVIATIONS:
        return _iana(ABBREVIATIONS[lowered])
    if offset := _OFFSET.fullmatch(name):
        return _fixed(offset)
    if found := _names().get(lowered.replace(" ", "_")):
        return _iana(found)
    if found := _cities().get(lowered.replace("_", " ")):
        return _iana(found)
    return None


def _iana(name: str) -> Zone:
    return UTC_ZONE if name == "UTC" else Zone(name, ZoneInfo(name))


def _fixed(offset: re.Match[str]) -> Zone | None:
    hours, minutes = int(offset[2]), int(offset[3] or 0)
    length = timedelta(hours=hours, minutes=minutes)
    if minutes > 59 or length > FURTHEST:
        return None
    if not length:
        return UTC_ZONE
    is_west = offset[1] != "+"
    return Zone(f"{'-' if is_west else '+'}{hours:02}:{minutes:02}", timezone(-length if is_west else length))


@cache
def _names() -> Mapping[str, str]:
    """IANA's names (https://www.iana.org/time-zones) by their spelling in small letters."""
    return {name.lower(): name for name in sorted(available_timezones()) if "/" in name}


@cache
def _cities() -> Mapping[str, str]:
    """The last part of a name, where only one continent has it: "new york", "berlin"."""
    found: dict[str, str] = {}
    for name in sorted(available_timezones()):
        for city in _city(name):
            found[city] = "" if city in found else name
    return {city: name for city, name in found.items() if name}


def _city(name: str) -> Iterator[str]:
    continent, _, city = name.rpartition("/")
    if continent in ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"):
        yield city.replace("_", " ").lower()
