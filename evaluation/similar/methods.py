"""Ways to find past incidents that resemble a new one, to be compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from elasticsearch import Elasticsearch

from evaluation.similar.corpus import NOW, Asked, Company, Hit
from worker.agent.remembering import MOST_NEAR, gist_of_document
from worker.analysis.likeness.rank import WEIGHTS, Weights, rank
from worker.analysis.likeness.structure import Wanted
from worker.domain.embedding import Vector
from worker.domain.window import Window, parse_time
from worker.telemetry.decode import history
from worker.telemetry.queries import resembling
from worker.telemetry.waves import HISTORY_DAYS

MOST = 5
YEAR = Window.before(NOW, timedelta(days=HISTORY_DAYS))

Method = Callable[[Company, Asked], list[str]]

TEXT = Weights(text=1.0, service=0.0, region=0.0, kind=0.0, error=0.0, least=1e-9)
STRUCTURE = WEIGHTS._replace(text=0.0, least=1e-9)


def weighed_by(weights: Weights) -> Method:
    """SpikeTrace's own weighing of the whole history, with these weights."""

    def found(company: Company, asked: Asked) -> list[str]:
        return _weighed(company.history, asked.wanted, weights)

    return found


def of_engine(client: Elasticsearch, index: str) -> Method:
    """The order in which the engine's more_like_this finds them, by text alone."""

    def found(_: Company, asked: Asked) -> list[str]:
        return [hit["_id"] for hit in _search(client, index, Wanted(text=asked.wanted.text))][:MOST]

    return found


def found_and_weighed(client: Elasticsearch, index: str) -> Method:
    """What an investigation does where there is more than it reads: the engine finds, SpikeTrace weighs."""

    def found(_: Company, asked: Asked) -> list[str]:
        return _weighed(_search(client, index, asked.wanted), asked.wanted, WEIGHTS)

    return found


def _weighed(hits: Sequence[Hit], wanted: Wanted, weights: Weights) -> list[str]:
    return [hits[one.place]["_id"] for one in rank(wanted, [hit["_source"] for hit in hits], weights)][:MOST]


def _search(client: Elasticsearch, index: str, wanted: Wanted) -> list[Hit]:
    answer = client.search(index=index, body=resembling(wanted, YEAR))
    return history(answer.body)


def by_meaning(embed: Callable[[str], Vector], most: int = MOST) -> Method:
    """By the cosine of embeddings alone: what an exact kNN search finds."""
    vector_of = cache(embed)

    def found(company: Company, asked: Asked) -> list[str]:
        wanted = vector_of(asked.wanted.text)
        near = [(_dot(wanted, vector_of(gist_of_document(hit["_source"]))), hit["_id"]) for hit in company.history]
        return [name for _, name in sorted(near, key=lambda pair: (-pair[0], pair[1]))][:most]

    return found


def and_then(first: Method, then: Method) -> Method:
    """What the second finds first beyond the first stands behind it, as in a report."""

    def found(company: Company, asked: Asked) -> list[str]:
        told = first(company, asked)
        return [*told, *[name for name in then(company, asked) if name not in told][:MOST_NEAR]]

    return found


def _dot(one: Vector, other: Vector) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def until_now(company: Company, asked: Asked) -> list[str]:
    """What SpikeTrace did before: points for the same service and region, and for words that both have."""
    wanted = asked.wanted
    words = _plain_words(f"errors {wanted.kind or ''} {wanted.error_type or ''}")
    scored = [(_points(hit["_source"], wanted, words), hit) for hit in company.history]
    likely = [(score, hit) for score, hit in scored if score >= _least(hit["_source"], wanted)]
    ordered = sorted(likely, key=lambda pair: (-pair[0], -parse_time(pair[1]["_source"]["@timestamp"]).timestamp()))
    return [hit["_id"] for _, hit in ordered][:MOST]


def _points(document: Mapping[str, Any], wanted: Wanted, words: set[str]) -> float:
    tags = " ".join(document.get("tags", []))
    shared = words & _plain_words(f"{document['title']} {document['summary']} {tags}")
    place = 2.0 * (document.get("service") in wanted.services) + (document.get("region") in wanted.regions)
    return place + min(2.0, 0.5 * len(shared))


def _least(document: Mapping[str, Any], wanted: Wanted) -> float:
    return 2.0 if document.get("service") in wanted.services else 2.5


def _plain_words(text: str) -> set[str]:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return {word.removesuffix("s") for word in re.findall(r"[a-z0-9]{4,}", parted.lower())}
