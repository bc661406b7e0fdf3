from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.delivery_paths import kibana_documents
from tests.engines.servers import Engine
from tests.standins.queue import Queued
from worker.bootstrap import Stores, connect
from worker.settings import Settings
from worker.store.templates import install_templates


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
