"""Names that can be investigated: those that telemetry bears, by the look that questions take them from."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from interop.asking import Investigation
from worker.answering.names import NAMES_OF
from worker.domain.lookup import NamesSeen
from worker.domain.window import Window
from worker.errors import RequestRefused

NamesIn = Callable[[Window], NamesSeen]

MOST_LISTED = 12
# A refusal is read as our own words: a name that could be a sentence is not repeated in it.
_PLAIN = re.compile(r"[A-Za-z0-9][\w./:-]{0,62}", re.ASCII)


def refuse_unknown(asked: Investigation, at: datetime, names_in: NamesIn) -> None:
    """Raises RequestRefused, with the names there are, for one that no telemetry of `at` and the 14 days before bears.

    Where there are more names than could be read, or none at all, nothing is known to be unknown. Raises
    EvidenceUnavailable.
    """
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    seen = names_in(Window(start=midnight - NAMES_OF, end=midnight + timedelta(days=1)))
    if not seen.is_whole:
        return
    for kind, name, there in (("service", asked.service, seen.services), ("region", asked.region, seen.regions)):
        if name is not None and there and name not in there:
            days = NAMES_OF.days
            raise RequestRefused(f"{kind}: no telemetry of the {days} days before names it; there are {_listed(there)}")


def _listed(names: Sequence[str]) -> str:
    plain = [name for name in names if _PLAIN.fullmatch(name)][:MOST_LISTED]
    more = len(names) - len(plain)
    return ", ".join([*plain, *([f"{more} more"] if more else [])])
