from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from starlette.types import ASGIApp

from tests.engines.servers import Engine
from tests.standins.queue import Queued
from webhook.app import create_app
from webhook.bounded_http import BoundedHttp
from worker.bootstrap import Stores, connect
from worker.settings import Settings
from worker.store.templates import install_templates

USER, PASSWORD, TOKEN = "kibana", "pä:ss wörd", "a-token"


def webhook_settings(*, elasticsearch_url: str, redis_url: str, **changes: object) -> Settings:
    return Settings.model_validate(
        {
            "elasticsearch_url": elasticsearch_url,
            "redis_url": redis_url,
            "webhook_user": USER,
            "webhook_password": SecretStr(PASSWORD),
            "webhook_token": SecretStr(TOKEN),
            **changes,
        }
    )


class Serving:
    """An app behind a real server, in a thread."""

    def __init__(self, app: ASGIApp, http: type[BoundedHttp] = BoundedHttp) -> None:
        configuration = uvicorn.Config(
            app, host="127.0.0.1", port=0, http=http, ws="none", log_config=None, access_log=False
        )
        self._server = uvicorn.Server(configuration)
        self._thread = threading.Thread(target=self._server.run)

    def start(self) -> str:
        """Its address."""
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            time.sleep(0.01)
        return f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def tell_to_stop(self) -> None:
        self._server.should_exit = True

    def wait(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()


@contextmanager
def serving(app: ASGIApp) -> Iterator[httpx.Client]:
    """A client, which knows the password, of the app behind a real server."""
    running = Serving(app)
    try:
        with httpx.Client(base_url=running.start(), auth=(USER, PASSWORD), timeout=10) as client:
            yield client
    finally:
        running.tell_to_stop()
        running.wait()


@pytest.fixture
def settings(embedded_engine: Engine, redis_url: str) -> Settings:
    return webhook_settings(elasticsearch_url=embedded_engine.url, redis_url=redis_url)


@pytest.fixture
def stores(settings: Settings) -> Stores:
    connected = connect(settings)
    install_templates(connected.client)
    return connected


@pytest.fixture
def queue() -> Queued:
    return Queued()


@pytest.fixture
def client(settings: Settings, stores: Stores, queue: Queued) -> Iterator[httpx.Client]:
    with serving(create_app(settings, stores=stores, queue=queue)) as connected:
        yield connected
