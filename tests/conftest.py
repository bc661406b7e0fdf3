"""Engines for every test, started when the first test asks for one.

| fixture             | what it gives                                                                        |
|---------------------|--------------------------------------------------------------------------------------|
| `engine`            | an empty `Engine` (`.url`, `.name`, `.refresh()`), once for each engine              |
| `elasticsearch_url` | the same engines by address, not emptied: for fixtures that fill one for a module    |
| `embedded_engine`   | an empty `Engine`, only the embedded one: quick                                      |
| `embedded_url`      | its address                                                                          |
| `redis_url`         | a broker with an append-only file, emptied before each test                          |
| `broker`            | a broker of the test's own, which it may `kill()`, `restart()`, `lose_data()`        |

The engines are the embedded one and two versions of the real Elasticsearch, or those that
SPIKETRACE_TEST_ELASTICSEARCH_URL names (a comma-separated list; everything called `spiketrace-*` there is deleted).
`make test` runs several processes, each with engines of its own; where a URL is given, run `pytest` by itself.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.engines import maven, servers
from tests.engines.sentence_model import sentence_model
from tests.engines.servers import Broker, Engine

# A busy machine is no failure, so examples have no time limit of their own. A build judges the change, not the day's
# random examples, and takes half as many; whoever works on the code gets new ones each time.
settings.register_profile("desk", deadline=None)
settings.register_profile("build", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("build" if os.environ.get("CI") == "true" else "desk")

REAL_VERSIONS = ("8.19.8", "9.5.0")
EXTERNAL_URLS = [
    url.strip() for url in os.environ.get("SPIKETRACE_TEST_ELASTICSEARCH_URL", "").split(",") if url.strip()
]
MISSING = {} if EXTERNAL_URLS else {version: why for version in REAL_VERSIONS if (why := maven.missing_for(version))}
# A build that reports success must have met the real engine; a laptop without Java may go on with a warning.
MUST_HAVE_REAL_ENGINES = os.environ.get("CI") == "true"


def _engine_names() -> list[str]:
    if EXTERNAL_URLS:
        return ["embedded", *EXTERNAL_URLS]
    return ["embedded", *(version for version in REAL_VERSIONS if MUST_HAVE_REAL_ENGINES or version not in MISSING)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "any_engine" in metafunc.fixturenames:
        metafunc.parametrize("any_engine", _engine_names(), indirect=True, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays until the end: to look for garbage among it took a third of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def group_of(test: str) -> str:
    """Of a test's id: the real engine that it asks for, or its folder. One process runs all tests of a group.

    In several processes each would start every engine, and fill it for each module.
    """
    parameters = test.partition("[")[2].removesuffix("]")
    named = [part for part in parameters.split("-") if part in REAL_VERSIONS]
    return named[0] if named else test.split("/")[1]


class ByGroup(LoadScopeScheduling):  # type: ignore[misc]
    """Not by xdist's `loadgroup`: what its 3.8 appends to a test's id is not what pytest 9.2 reads."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByGroup:
    return ByGroup(config, log)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch the servers before the first test's clock runs."""
    if session.config.option.collectonly or MISSING:
        return
    wanted = {item.callspec.params.get("any_engine") for item in session.items if hasattr(item, "callspec")}
    for version in wanted.intersection(REAL_VERSIONS):
        maven.archive(version)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MISSING:
        terminalreporter.section("REAL ELASTICSEARCH WAS NOT TESTED", red=True, bold=True)
        for version, why in MISSING.items():
            terminalreporter.line(f"{version}: {why}")
        terminalreporter.line("Install Java 17 and 21 and Maven, or set SPIKETRACE_TEST_ELASTICSEARCH_URL.")


@pytest.fixture(scope="session")
def sentence_model_folder() -> Path:
    """A real model: where it cannot be had, what needs it is skipped, and pytest's summary says why."""
    try:
        return sentence_model()
    except maven.EngineUnavailable as error:
        pytest.skip(f"no sentence model: {error}")


@pytest.fixture(scope="session")
def any_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One engine after the other: pytest runs all tests of one before it starts the next."""
    name: str = request.param
    if name in EXTERNAL_URLS:
        yield Engine(name="external", url=name.rstrip("/"))
        return
    if name in MISSING:
        pytest.fail(f"CI=true, and Elasticsearch {name} cannot run here: {MISSING[name]}")
    with servers.embedded_engine() if name == "embedded" else servers.real_engine(name) as running:
        yield running


@pytest.fixture(scope="session")
def elasticsearch_url(any_engine: Engine) -> str:
    return any_engine.url


@pytest.fixture
def engine(any_engine: Engine) -> Engine:
    any_engine.wipe()
    return any_engine


@pytest.fixture(scope="session")
def _quick_engine() -> Iterator[Engine]:
    with servers.embedded_engine() as running:
        yield running


@pytest.fixture
def embedded_engine(_quick_engine: Engine) -> Engine:
    _quick_engine.wipe()
    return _quick_engine


@pytest.fixture
def embedded_url(embedded_engine: Engine) -> str:
    return embedded_engine.url


@pytest.fixture(scope="session")
def _shared_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    running = Broker(tmp_path_factory.mktemp("broker"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def redis_url(_shared_broker: Broker) -> str:
    with redis.Redis.from_url(_shared_broker.url) as client:
        client.flushall()
    return _shared_broker.url


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    own = Broker(tmp_path / "broker")
    own.start()
    yield own
    own.stop()
