"""What `spiketrace doctor` says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

PATIENCE_SECONDS = 5.0
# Leases of some seconds hold across machines only while their clocks agree better than that.
MOST_CLOCK_SKEW = timedelta(seconds=3)


@dataclass(frozen=True)
class Check:
    """What was looked at and found; `advice` is what to do where it is not well."""

    name: str
    found: str
    advice: str | None = None


def clock_check(name: str, skew: timedelta) -> Check:
    """`skew` is how far the other clock is ahead of ours."""
    found = f"{abs(skew.total_seconds()):.1f} s {'ahead of' if skew > timedelta() else 'behind'} this machine's"
    if abs(skew) <= MOST_CLOCK_SKEW:
        return Check(name, found)
    return Check(name, found, "set the clocks by NTP: leases and the order of alerts rest on them")
