from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines.servers import Engine
from worker.bootstrap import Stores, connect
from worker.settings import Settings
from worker.store.templates import install_templates


@pytest.fixture
def stores(embedded_engine: Engine) -> Iterator[Stores]:
    connected = connect(Settings(elasticsearch_url=embedded_engine.url))
    install_templates(connected.client)
    yield connected
    connected.client.close()
