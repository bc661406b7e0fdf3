from __future__ import annotations

from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from tests.engines.servers import Engine
from worker.elastic import connect_elasticsearch
from worker.settings import Settings
from worker.store.alerts import ElasticAlertStore
from worker.store.templates import install_templates


@pytest.fixture
def client(engine: Engine) -> Iterator[Elasticsearch]:
    """A client of each engine in turn, empty but for our templates."""
    with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as connected:
        install_templates(connected)
        yield connected


@pytest.fixture
def alerts(client: Elasticsearch) -> ElasticAlertStore:
    return ElasticAlertStore(client)
