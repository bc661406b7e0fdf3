"""The shop of `timeline.py`, loaded once into each engine, and what was found of its alerts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from elasticsearch import Elasticsearch, helpers

from tests.engines.servers import Engine
from tests.investigation import timeline
from tests.investigation.shop import Action, Shop
from worker.domain.alert import Alert
from worker.domain.report import Report
from worker.elastic import connect_elasticsearch
from worker.investigate import Investigator
from worker.settings import Settings
from worker.store.templates import install_templates
from worker.telemetry.profiles import load_profile
from worker.telemetry.search import ElasticTelemetry


@dataclass
class Investigations:
    """Reports of the shop's alerts by their names in `timeline.ALERTS`, each investigated once."""

    client: Elasticsearch = field(repr=False)
    shop: Shop = field(repr=False)
    _known: dict[str, Report] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> Report:
        if name not in self._known:
            self._known[name] = self.investigate(timeline.ALERTS[name])
        return self._known[name]

    def investigate(self, alert: Alert) -> Report:
        return investigate(self.client, alert)

    @contextmanager
    def planted(self, actions: Iterable[Action]) -> Iterator[None]:
        """More documents for a while, each in an index or under an id of its own."""
        listed = list(actions)
        load(self.client, listed, ids="planted")
        try:
            yield
        finally:
            deletions = (
                {"_op_type": "delete", "_index": index, "_id": f"planted-{number}"}
                for number, (index, _) in enumerate(listed)
            )
            helpers.bulk(self.client, deletions, refresh=True)


def investigate(client: Elasticsearch, alert: Alert) -> Report:
    return Investigator(ElasticTelemetry(client, load_profile("spiketrace")))(alert, "a1")


def load(client: Elasticsearch, actions: Iterable[Action], *, ids: str | None = None) -> None:
    """Writes all documents, under `ids`-0, `ids`-1… if given, and makes them visible to searches."""
    named = (
        {"_index": index, "_source": document} | ({"_id": f"{ids}-{number}"} if ids else {})
        for number, (index, document) in enumerate(actions)
    )
    helpers.bulk(client, named, chunk_size=2000)
    client.indices.refresh(index="spiketrace-*")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The shop takes the embedded engine longest to load: a build has it on the real ones, which people run."""
    for item in items:
        if "reports" in getattr(item, "fixturenames", ()) and "embedded" in item.name:
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="module")
def reports(any_engine: Engine) -> Iterator[Investigations]:
    any_engine.wipe()
    shop = timeline.open_shop()
    settings = Settings(elasticsearch_url=any_engine.url, elasticsearch_timeout_seconds=60)
    with connect_elasticsearch(settings) as client:
        install_templates(client)
        load(client, shop.documents())
        yield Investigations(client, shop)
