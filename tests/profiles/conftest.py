from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from tests.engines.servers import Engine
from tests.profiles.shapes import Apm, OpenTelemetry
from tests.profiles.story import Story
from worker.elastic import connect_elasticsearch
from worker.settings import Settings

Load = Callable[[type[Apm] | type[OpenTelemetry], Story], Elasticsearch]


@pytest.fixture
def load(engine: Engine) -> Iterator[Load]:
    """Fills every engine in turn with a story in one shape; what was filled is deleted after the test."""
    with filling(engine) as filled:
        yield filled


@pytest.fixture
def quick_load(embedded_engine: Engine) -> Iterator[Load]:
    with filling(embedded_engine) as filled:
        yield filled


@contextmanager
def filling(engine: Engine) -> Iterator[Load]:
    spare_the_owner(engine)
    with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client:
        forget(client)

        def filled(shape: type[Apm] | type[OpenTelemetry], story: Story) -> Elasticsearch:
            fill(client, shape, story, embedded=engine.is_embedded)
            return client

        yield filled
        forget(client)


def fill(client: Elasticsearch, shape: type[Apm] | type[OpenTelemetry], story: Story, *, embedded: bool) -> None:
    settings: dict[str, Any] = {"number_of_shards": 1, "number_of_replicas": 0}
    for index, fields in shape.indices(embedded=embedded).items():
        mappings = {"dynamic": False, "properties": fields}
        client.indices.create(index=index, mappings=mappings, settings=settings)
    actions = ({"_index": index, "_source": document} for index, document in shape.documents(story))
    bulk(client, actions, chunk_size=2000)
    client.indices.refresh(index=list(shape.indices(embedded=embedded)))


def spare_the_owner(engine: Engine) -> None:
    """A cluster that somebody named for the tests may have indices of its own by these names."""
    if engine.name == "external":
        pytest.skip("fills and deletes indices with Elastic's own names: only on engines that the tests start")


def forget(client: Elasticsearch) -> None:
    for shape in (Apm, OpenTelemetry):
        client.indices.delete(index=list(shape.indices(embedded=True)), ignore_unavailable=True)
