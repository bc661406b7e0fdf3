from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.delivery_paths import kibana_documents
from tests.engines.servers import Engine
from worker.bootstrap import Stores, connect
from worker.errors import QueueUnavailable
from worker.settings import Settings
from worker.store.templates import install_templates


class Queued:
    """A queue that remembers, and refuses when told to."""

    def __init__(self) -> None:
        self.alert_ids: list[str] = []
        self.is_away = False

    def investigate(self, alert_ids: Sequence[str]) -> None:
        if self.is_away:
            raise QueueUnavailable("away")
        self.alert_ids += alert_ids

    def deliver(self, incident_id: str, report_id: str, destination: str) -> None:
        raise AssertionError("nothing is delivered here")


@contextmanager
def _connected(engine: Engine) -> Iterator[Stores]:
    stores = connect(Settings(elasticsearch_url=engine.url))
    with stores.client:
        install_templates(stores.client)
        kibana_documents.drop_alerts_index(stores.client)
        yield stores
        kibana_documents.drop_alerts_index(stores.client)


@pytest.fixture
def queue() -> Queued:
    return Queued()


@pytest.fixture
def stores(engine: Engine) -> Iterator[Stores]:
    """Of each engine in turn; no broker is needed here."""
    with _connected(engine) as connected:
        yield connected


@pytest.fixture
def embedded_stores(embedded_engine: Engine) -> Iterator[Stores]:
    with _connected(embedded_engine) as connected:
        yield connected
