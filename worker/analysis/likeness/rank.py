"""Past incidents by how alike they are to a case: words and structure in one score.

    score = TEXT · likeness of the words + SERVICE · service + REGION · region + KIND · kind + ERROR · error type

Every part is 0–1 (`words.py`, `structure.py`). The weights were chosen on the tuning half of the corpus of
`python -m evaluation.similar` and checked on the other half (docs/similar.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from worker.analysis.likeness.structure import Past, Shared, Wanted, compare, past_of
from worker.analysis.likeness.words import Texts
from worker.domain.redaction.redact import redact

Document = Mapping[str, Any]
MOST_WORDS_TOLD = 4


class Weights(NamedTuple):
    """`least`: what is below is not similar. It is just above what service and region alone come to."""

    text: float = 1.0
    service: float = 0.1
    region: float = 0.01
    kind: float = 0.1
    error: float = 0.3
    least: float = 0.12


WEIGHTS = Weights()


@dataclass(frozen=True)
class Alike:
    """`place` is that of the document among those that were given; `text` is 0–1."""

    place: int
    score: float
    text: float
    words: list[str]
    shared: Shared
    past: Past


def rank(wanted: Wanted, documents: Sequence[Document], weights: Weights = WEIGHTS) -> list[Alike]:
    """Those that are similar, the likest first; of equals the one that was given first."""
    past = [past_of(document) for document in documents]
    texts = Texts([one.text for one in past]).likeness(wanted.text)
    found = [_weighed(place, wanted, one, *texts[place], weights) for place, one in enumerate(past)]
    return sorted((one for one in found if one.score >= weights.least), key=lambda one: (-one.score, one.place))


def _weighed(place: int, wanted: Wanted, past: Past, text: float, shared: list[str], weights: Weights) -> Alike:
    common = compare(wanted, past)
    score = (
        weights.text * text
        + weights.service * common.service
        + weights.region * common.region
        + weights.kind * common.kind
        + weights.error * common.error
    )
    return Alike(place, round(score, 6), text, shared, common, past)


def why(one: Alike, wanted: Wanted) -> str:
    """In words: `same cause: deployment in checkout; same error: PoolTimeout; same region; same words: pool`."""
    shared, said = one.shared, []
    if shared.cause:
        said.append(f"same cause: {wanted.kind} in {wanted.service}")
    elif shared.service:
        said.append("same service" if shared.service == 1.0 else "same service in trouble")
    if shared.error == 1.0 and wanted.error_type:
        said.append(f"same error: {wanted.error_type}")
    if shared.kind and not shared.cause:
        # Of a record that names no kind, it is guessed from its words.
        said.append(f"{'' if one.past.is_told else 'perhaps the '}same kind of cause: {wanted.kind}")
    if shared.region:
        said.append("same region")
    if words := _that_may_be_told(one):
        said.append(f"same words: {', '.join(words[:MOST_WORDS_TOLD])}")
    return "; ".join(said)


def _that_may_be_told(one: Alike) -> list[str]:
    """Not those of an address or a key, which likeness reads as words like any other."""
    left = redact(one.past.text).lower()
    return [word for word in one.words if word.lower() in left]
