"""The forms of SPIKETRACE_REDIS_URL, and what Celery is told of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.app import create_app
from worker.broker_url import BrokerAddress, Tls, completed, parse_broker_url
from worker.errors import ConfigurationError
from worker.settings import Settings, load_settings

HOSTS = st.lists(
    st.tuples(st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z]{2,5})?", fullmatch=True), st.integers(1, 65_535)),
    min_size=1,
    max_size=5,
)
# Whatever a generator of passwords may come to.
SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(HOSTS, st.integers(0, 15), SECRETS, SECRETS, st.booleans())
def test_what_is_written_is_read_whatever_is_in_a_password(
    hosts: list[tuple[str, int]], database: int, password: str, own: str, is_tls: bool
) -> None:
    scheme = "rediss+sentinel" if is_tls else "redis+sentinel"
    named = ",".join(f"{host}:{port}" for host, port in hosts)
    url = f"{scheme}://ana:{quote(password, safe='')}@{named}/{database}?master=m"
    assert parse_broker_url(completed(url, sentinel_password=own)) == BrokerAddress(
        hosts=tuple(hosts), database=database, user="ana", password=password,
        tls=Tls() if is_tls else None, master="m", sentinel_password=own,
    )  # fmt: skip


def test_what_is_left_out_is_as_everywhere() -> None:
    assert parse_broker_url("redis://broker") == BrokerAddress((("broker", 6379),))
    assert parse_broker_url("rediss://broker") == BrokerAddress((("broker", 6379),), tls=Tls())
    assert parse_broker_url("redis+sentinel://a,[::1]:1?master=m").hosts == (("a", 26379), ("::1", 1))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://a", "http is not understood: begin with one of redis://"),
        ("a:6379", "is not understood"),
        ("sentinel://a:26379", r"write redis\+sentinel://"),
        ("redis+cluster://a", "a Redis Cluster cannot be the broker"),
        ("unix:///tmp/redis.sock", "a socket's file is not supported"),
        ("redis://a,b", "several hosts are for"),
        ("redis+sentinel://a", "master=NAME is needed"),
        ("redis+sentinel://a,?master=m", "a host is missing"),
        ("redis://a:port", "a port is a number"),
        ("redis://a/first", "the number of a database"),
        ("redis://a?ssl_ca_certs=/ca.pem", "is for TLS, which the URL does not ask for"),
        ("redis://a?master=m", "is for a URL that begins with redis.sentinel"),
        ("rediss://a?ssl_cert_reqs=optional", "ssl_cert_reqs is required or none"),
        ("rediss://a?ssl_check_hostname=no", "ssl_check_hostname is true or false"),
        ("rediss://a?ssl_keyfile=/key.pem", "a key without its certificate"),
        ("rediss://a?ssl_cert_req=required", "ssl_cert_req is not understood"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_says_what_to_write(url: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^SPIKETRACE_REDIS_URL: .*{said}"):
        load_settings({"SPIKETRACE_REDIS_URL": url})


def test_a_complaint_repeats_no_secret() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({"SPIKETRACE_REDIS_URL": "redis://:hunter2@a:x/0"})
    assert "hunter2" not in caught.value.reason


def test_a_file_is_named_in_one_place() -> None:
    environment = {"SPIKETRACE_REDIS_URL": "rediss://a?ssl_ca_certs=/a.pem", "SPIKETRACE_REDIS_CA_FILE": "/b.pem"}
    with pytest.raises(ConfigurationError, match="ssl_ca_certs is said twice"):
        load_settings(environment)


def test_certificates_are_checked_unless_the_url_says_otherwise() -> None:
    assert Tls().is_closed
    unchecked = parse_broker_url("rediss://a?ssl_cert_reqs=none").tls
    anybody = parse_broker_url("rediss://a?ssl_check_hostname=false").tls
    assert (unchecked, anybody) == (Tls(checks_certificate=False, checks_hostname=False), Tls(checks_hostname=False))


def test_an_alert_waits_for_a_replica_where_one_takes_over() -> None:
    assert Settings(redis_url="redis://a").broker_replicas == 0
    assert Settings(redis_url="redis+sentinel://a?master=m").broker_replicas == 1
    assert Settings(redis_url="redis+sentinel://a?master=m", redis_replicas=0).broker_replicas == 0


def told(settings: Settings) -> Any:
    """kombu's Connection."""
    return create_app(settings).connection_for_write()


@given(SECRETS)
def test_celery_is_told_the_same(password: str) -> None:
    login = f":{quote(password, safe='')}@"
    by_tls = told(Settings.model_validate({"redis_url": f"rediss://{login}a:1/2", "redis_ca_file": "/ca.pem"}))
    assert (by_tls.transport_cls, by_tls.hostname, by_tls.port, by_tls.virtual_host) == ("rediss", "a", 1, "2")
    assert by_tls.password == password
    assert (by_tls.ssl["ssl_cert_reqs"], by_tls.ssl["ssl_check_hostname"]) == ("required", True)
    assert by_tls.ssl["ssl_ca_certs"] == "/ca.pem"


def test_celery_asks_all_sentinels() -> None:
    url = "rediss+sentinel://:secret@a:1,[::1]:2/3?master=m&sentinel_password=own"
    connection = told(Settings(redis_url=url))
    assert connection.alt == ["sentinel://:secret@a:1/3", "sentinel://:secret@[::1]:2/3"]
    options = connection.transport_options
    assert options["master_name"] == "m"
    assert options["sentinel_kwargs"]["password"] == "own"
    assert options["sentinel_kwargs"]["ssl_cert_reqs"] == connection.ssl["ssl_cert_reqs"] == "required"


def test_without_tls_nothing_speaks_of_it() -> None:
    assert not told(Settings(redis_url="redis://a")).ssl


ROOT = Path(__file__).resolve().parents[2]
CONNECTS = re.compile(r"from_url\(|redis\.(?:asyncio\.)?(?:Redis|StrictRedis|ConnectionPool)\(")


def test_there_is_one_place_that_connects() -> None:
    """Whatever connects by itself does not know all forms; the demo starts a broker of its own, and waits for it."""
    rooms = ("webhook", "tasks", "worker", "interop", "kibana", "evaluation", "demo", "cli")
    files = (file for room in rooms for file in (ROOT / room).rglob("*.py"))
    found = {str(file.relative_to(ROOT)) for file in files if CONNECTS.search(file.read_text(encoding="utf-8"))}
    assert found == {"worker/store/broker.py", "demo/engines.py"}
