from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from tests.engines.servers import Engine
from tests.profiles.shapes import ANNOTATIONS, Apm, OpenTelemetry
from tests.profiles.story import Story
from worker.elastic import connect_elasticsearch
from worker.settings import Settings

Load = Callable[[type[Apm] | type[OpenTelemetry], Story], Elasticsearch]
OURS = f"metrics-*,logs-*,{ANNOTATIONS}*"


@pytest.fixture
def load(engine: Engine) -> Iterator[Load]:
    """Fills the engine with a story in one shape; what was filled is deleted after the test."""
    with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client:
        _forget(client)

        def filled(shape: type[Apm] | type[OpenTelemetry], story: Story) -> Elasticsearch:
            fill(client, shape, story, embedded=engine.is_embedded)
            return client

        yield filled
        _forget(client)


def fill(client: Elasticsearch, shape: type[Apm] | type[OpenTelemetry], story: Story, *, embedded: bool) -> None:
    settings: dict[str, Any] = {"number_of_shards": 1, "number_of_replicas": 0}
    for index, fields in shape.indices(embedded=embedded).items():
        mappings = {"dynamic": False, "properties": fields}
        client.indices.create(index=index, mappings=mappings, settings=settings)
    actions = ({"_index": index, "_source": document} for index, document in shape.documents(story))
    bulk(client, actions, chunk_size=2000)
    client.indices.refresh(index=list(shape.indices(embedded=embedded)))


def _forget(client: Elasticsearch) -> None:
    if names := list(client.indices.get(index=OURS).body):
        client.indices.delete(index=names)
