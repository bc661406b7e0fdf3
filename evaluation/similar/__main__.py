"""How often the right past incident is found: python -m evaluation.similar [--elasticsearch-url URL] [--json]

Lays the corpus out ten times (`corpus.py`), once with SpikeTrace's own records in the history and once with people's
alone, asks each method for five, and prints for the held-out half of the causes: hit rate at 1 and at 3, and mean
reciprocal rank (MRR) of the first right one, how many were told, and how many of these are right; for the tuning half,
on which the weights were chosen, as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from os import cpu_count
from typing import Any

import click
from elasticsearch import Elasticsearch, helpers

from evaluation.similar import methods
from evaluation.similar.corpus import SEEDS, Company, company
from evaluation.similar.methods import Method
from worker.agent.remembering import MOST_NEAR
from worker.analysis.likeness.rank import WEIGHTS
from worker.assembly import open_embedder
from worker.domain.embedding import Vector
from worker.elastic import connect_elasticsearch
from worker.settings import load_settings

Embed = Callable[[str], Vector]

INDEX = "spiketrace-evaluation-similar"
MAPPINGS = {
    "properties": {
        "@timestamp": {"type": "date"},
        "title": {"type": "text"},
        "summary": {"type": "text"},
        "service": {"type": "keyword"},
        "region": {"type": "keyword"},
    }
}


@dataclass(frozen=True)
class Score:
    """Shares of 0–1 of `asked` new incidents. `shown` is how many were told of each on average, `right` of these."""

    asked: int
    hit_1: float
    hit_3: float
    mrr: float
    shown: float
    right: float


def score(method: Method, companies: Sequence[Company], half: str) -> Score:
    places, shown, right = [], 0, 0
    for one in companies:
        for asked in (new for new in one.asked if new.half == half):
            found = method(one, asked)
            places.append(next((place for place, name in enumerate(found, 1) if name in asked.right), None))
            shown += len(found)
            right += sum(name in asked.right for name in found)
    known = [place for place in places if place]
    count = len(places)
    return Score(
        asked=count,
        hit_1=sum(place == 1 for place in known) / count,
        hit_3=sum(place <= 3 for place in known) / count,
        mrr=sum(1 / place for place in known) / count,
        shown=shown / count,
        right=right / count,
    )


def by_people_alone(one: Company) -> Company:
    return Company([hit for hit in one.history if "root_cause" not in hit["_source"]], one.asked)


def measured(
    client: Elasticsearch | None, companies: Sequence[Company], half: str, embed: Embed | None = None
) -> dict[str, Score]:
    """By method. Each history is in the engine while it is asked; what needs what there is not is left out."""
    in_memory = {
        "as before this": methods.until_now,
        "text alone": methods.weighed_by(methods.TEXT),
        "structure alone": methods.weighed_by(methods.STRUCTURE),
        "text and structure": methods.weighed_by(WEIGHTS),
    }
    if embed:
        in_memory["embeddings alone"] = methods.by_meaning(embed)
        beyond = methods.by_meaning(embed, most=methods.MOST + MOST_NEAR)
        in_memory["both, then embeddings"] = methods.and_then(methods.weighed_by(WEIGHTS), beyond)
    found = {name: score(method, companies, half) for name, method in in_memory.items()}
    if client is None:
        return found
    asking = {"more_like_this alone": methods.of_engine, "found by more_like_this": methods.found_and_weighed}
    return found | {name: _asked_of(client, of, companies, half) for name, of in asking.items()}


def _asked_of(
    client: Elasticsearch, of: Callable[[Elasticsearch, str], Method], companies: Sequence[Company], half: str
) -> Score:
    scores = []
    for one in companies:
        with loaded(client, one):
            scores.append(score(of(client, INDEX), [one], half))
    return _together(scores)


def _together(scores: Sequence[Score]) -> Score:
    count = len(scores)
    means = {
        name: sum(getattr(one, name) for one in scores) / count for name in ("hit_1", "hit_3", "mrr", "shown", "right")
    }
    return Score(asked=sum(one.asked for one in scores), **means)


@contextmanager
def loaded(client: Elasticsearch, one: Company) -> Iterator[None]:
    client.indices.create(index=INDEX, mappings=MAPPINGS)
    try:
        actions = ({"_index": INDEX, "_id": hit["_id"], "_source": hit["_source"]} for hit in one.history)
        helpers.bulk(client, actions, refresh=True)
        yield
    finally:
        client.indices.delete(index=INDEX)


def report(
    client: Elasticsearch | None, seeds: Sequence[int] = SEEDS, embed: Embed | None = None
) -> dict[str, dict[str, dict[str, Score]]]:
    """Half → history → method → score."""
    companies = [company(seed) for seed in seeds]
    histories = {"people and SpikeTrace": companies, "people alone": [by_people_alone(one) for one in companies]}
    return {
        half: {name: measured(client, those, half, embed) for name, those in histories.items()}
        for half in ("tuning", "held_out")
    }


@contextmanager
def _engine(url: str | None) -> Iterator[Elasticsearch | None]:
    if url is None:
        yield None
        return
    with connect_elasticsearch(load_settings().model_copy(update={"elasticsearch_url": url})) as client:
        yield client


def _embed() -> Embed:
    settings = load_settings()
    if not settings.embeddings:
        raise click.UsageError("SPIKETRACE_EMBEDDINGS is not true: there is no model to measure")
    embedder = open_embedder(settings)
    return cache(lambda text: embedder.embed(text, seconds=settings.embedding_max_seconds))


def lines(found: Mapping[str, Mapping[str, Mapping[str, Score]]]) -> Iterator[str]:
    yield f"{datetime.now(UTC):%Y-%m-%d}, {cpu_count()} cores"
    for half, histories in found.items():
        for history, by_method in histories.items():
            yield f"\n{half.replace('_', ' ')} causes, a history by {history}: {_asked(by_method)} new incidents"
            yield f"  {'':24} {'hit at 1':>8} {'hit at 3':>8} {'MRR':>6} {'shown':>6} {'right':>6}"
            for method, one in by_method.items():
                hits = f"{one.hit_1:8.3f} {one.hit_3:8.3f} {one.mrr:6.3f}"
                yield f"  {method:24} {hits} {one.shown:6.1f} {one.right:6.2f}"


def _asked(by_method: Mapping[str, Score]) -> int:
    return next(iter(by_method.values())).asked


@click.command(help=__doc__.split("\n\n", 1)[1])
@click.option("--elasticsearch-url", help="Ask this engine's more_like_this, too.")
@click.option(
    "--embeddings", is_flag=True, help="Measure the settings' embedding model, too; Gemini's takes 700 calls."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(elasticsearch_url: str | None, embeddings: bool, as_json: bool) -> None:
    with _engine(elasticsearch_url) as client:
        found = report(client, embed=_embed() if embeddings else None)
    if as_json:
        plain: Any = {
            half: {name: {method: asdict(one) for method, one in of.items()} for name, of in histories.items()}
            for half, histories in found.items()
        }
        click.echo(json.dumps(plain, indent=2))
    else:
        click.echo("\n".join(lines(found)))


if __name__ == "__main__":
    main()
