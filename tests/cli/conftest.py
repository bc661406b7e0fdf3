from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from tests.engines.servers import Engine
from worker.bootstrap import Stores, connect
from worker.settings import Settings, process_environment
from worker.store.templates import install_templates

Invoke = Callable[..., Result]


@pytest.fixture
def settings(embedded_engine: Engine, redis_url: str) -> Settings:
    return Settings(
        elasticsearch_url=embedded_engine.url, redis_url=redis_url, webhook_user="kibana", webhook_password="secret"
    )


@pytest.fixture
def stores(settings: Settings) -> Iterator[Stores]:
    found = connect(settings)
    install_templates(found.client)
    yield found
    found.client.close()


@pytest.fixture
def invoke(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    for name, value in process_environment(settings).items():
        if name.startswith("SPIKETRACE_"):
            monkeypatch.setenv(name, value)

    def run(command: click.Command, *arguments: str) -> Result:
        return CliRunner().invoke(command, arguments)

    return run


def printed(result: Result) -> Any:
    return json.loads(result.stdout)
