from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
from elasticsearch import Elasticsearch

from kibana.client import connect_kibana
from kibana.setup.apply import Done
from kibana.setup.session import Setup
from tests.engines.servers import Engine
from tests.standins.kibana import Kibana, running_kibana
from worker.elastic import connect_elasticsearch
from worker.settings import Settings

SECRETS = {
    "webhook_password": "webhook-password-of-the-tests",
    "jira_token": "jira-token-of-the-tests",
    "slack_webhook_url": "https://hooks.slack.example/slack-secret-of-the-tests",
    "gemini_gcp_credentials": '{"private_key": "gemini-key-of-the-tests"}',
}
EVERYTHING: dict[str, Any] = {
    "webhook_user": "kibana",
    "jira_url": "https://jira.example.com",
    "jira_user": "spiketrace@shop.example",
    "jira_project": "OPS",
    "gemini_gcp_project": "shop",
    "gemini_gcp_region": "europe-west1",
    **SECRETS,
}

Open = Callable[..., Any]
StartKibana = Callable[..., Kibana]


@pytest.fixture
def start_kibana() -> Iterator[StartKibana]:
    """Starts a stand-in of that version and licence."""
    with ExitStack() as running:
        yield lambda **options: running.enter_context(running_kibana(**options))


@pytest.fixture
def elasticsearch(embedded_engine: Engine) -> Iterator[Elasticsearch]:
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
        yield client


@pytest.fixture
def open_setup(elasticsearch: Elasticsearch) -> Open:
    """A set-up of that Kibana, as one run of the command opens it: what it remembers it reads anew."""

    @contextmanager
    def opened(kibana: Kibana, *, transport: httpx.BaseTransport | None = None, **changes: Any) -> Iterator[Setup]:
        settings = Settings(kibana_url=kibana.url, **{**EVERYTHING, **changes})
        with connect_kibana(settings, transport=transport, first_wait_seconds=0.0) as client:
            yield Setup(settings, client, elasticsearch)

    return opened


def silent(_: Done) -> None:
    """No progress."""
