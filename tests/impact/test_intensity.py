"""Hourly intensity of the grid: Electricity Maps as it documents itself, on a server of the test's own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from worker.assembly import open_intensity
from worker.domain.window import Window, iso, parse_time
from worker.errors import IntensityUnavailable
from worker.impact.electricity_maps import ElectricityMaps
from worker.impact.intensity import intensity_of
from worker.impact.tables import shipped
from worker.settings import load_settings

TOKEN = "a-token-of-the-test"
GRID = shipped().grids["gcp", "us-central1"]
NINE = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
WINDOW = Window(start=NINE + timedelta(minutes=45), end=NINE + timedelta(hours=1, minutes=30))

Answer = tuple[int, Any]


def documented(query: dict[str, str]) -> Answer:
    """https://portal.electricitymaps.com/developer-hub/api/reference, `carbon-intensity/past-range`."""
    start, end = parse_time(query["start"]), parse_time(query["end"])
    hours = int((end - start) / timedelta(hours=1))
    data = [
        {
            "zone": "US-MIDW-MISO",
            "carbonIntensity": 400 + 10 * (start + timedelta(hours=number)).hour,
            "datetime": iso(start + timedelta(hours=number)),
            "updatedAt": "2026-03-09T12:00:00.000Z",
            "createdAt": "2026-03-06T12:00:00.000Z",
            "emissionFactorType": "lifecycle",
            "isEstimated": False,
            "estimationMethod": None,
        }
        for number in range(hours)
    ]
    return 200, {"zone": "US-MIDW-MISO", "data": data}


@dataclass
class Vendor:
    url: str = ""
    answer: Callable[[dict[str, str]], Answer] = documented
    asked: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    known = Vendor()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            known.asked.append({"path": parts.path, "token": self.headers.get("auth-token", ""), **query})
            status, body = known.answer(query) if self.headers.get("auth-token") == TOKEN else (401, {})
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_request(self, *_: Any) -> None:
            """A test's output is its own."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        known.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield known
        server.shutdown()
        thread.join()


@pytest.fixture
def maps(vendor: Vendor) -> ElectricityMaps:
    return ElectricityMaps(vendor.url, TOKEN)


def test_a_data_centre_is_asked_for_as_its_provider_names_it(vendor: Vendor, maps: ElectricityMaps) -> None:
    maps.between("gcp", "us-central1", WINDOW)
    assert vendor.asked == [
        {
            "path": "/v3/carbon-intensity/past-range",
            "token": TOKEN,
            "dataCenterProvider": "gcp",
            "dataCenterRegion": "us-central1",
            "start": "2026-03-09T09:00:00.000Z",
            "end": "2026-03-09T11:00:00.000Z",
            "temporalGranularity": "hourly",
            "shouldUseFallbackCallerLookup": "false",
        }
    ]


def test_every_hour_that_touches_the_window_is_answered_and_remembered(vendor: Vendor, maps: ElectricityMaps) -> None:
    first = maps.between("gcp", "us-central1", WINDOW)
    assert [(hour.start.hour, hour.g_per_kwh) for hour in first] == [(9, 490), (10, 500)]
    assert maps.between("gcp", "us-central1", WINDOW) == first
    assert len(vendor.asked) == 1


def test_the_mean_is_weighted_by_the_time_in_each_hour(maps: ElectricityMaps) -> None:
    """15 minutes at 490 and 30 at 500."""
    found = intensity_of(GRID, WINDOW, shipped(), maps)
    assert found.g_per_kwh.likely == pytest.approx((15 * 490 + 30 * 500) / 45)
    assert (found.g_per_kwh.low, found.g_per_kwh.high) == (490, 500)
    assert found.source == "Electricity Maps, hourly"
    assert found.failure is None


def test_without_a_provider_the_table_speaks_and_nothing_failed() -> None:
    found = intensity_of(GRID, WINDOW, shipped(), None)
    assert (found.g_per_kwh.likely, found.source, found.failure) == (412.72, GRID.source, None)


FAILURES: dict[str, tuple[Answer, str]] = {
    "refused": ((403, {"message": "Access denied"}), "answered 403"),
    "throttled": ((429, {}), "answered 429"),
    "broken": ((500, b"oops"), "answered 500"),
    "no JSON": ((200, b"<html>"), "another form"),
    "another form": ((200, {"history": []}), "another form"),
    "an hour that is none": ((200, {"data": [{"datetime": "noon", "carbonIntensity": 5}]}), "another form"),
    "a negative intensity": ((200, {"data": [{"datetime": iso(NINE), "carbonIntensity": -5}]}), "another form"),
    "an hour without a value": ((200, {"data": [{"datetime": iso(NINE), "carbonIntensity": None}]}), "lacks 2"),
    "too few hours": ((200, {"data": [{"datetime": iso(NINE), "carbonIntensity": 400}]}), "lacks 1 of the window's 2"),
}


@pytest.mark.parametrize("name", list(FAILURES))
def test_a_failure_falls_back_to_the_table_and_says_why(vendor: Vendor, maps: ElectricityMaps, name: str) -> None:
    answer, reason = FAILURES[name]
    vendor.answer = lambda query: answer
    found = intensity_of(GRID, WINDOW, shipped(), maps)
    assert found.g_per_kwh.likely == 412.72
    assert found.failure
    assert reason in found.failure
    assert TOKEN not in found.failure


def test_a_vendor_that_is_away_falls_back_to_the_table(vendor: Vendor) -> None:
    nobody = ElectricityMaps("http://127.0.0.1:9", TOKEN)
    with pytest.raises(IntensityUnavailable, match="did not answer"):
        nobody.between("gcp", "us-central1", WINDOW)


def test_it_is_off_unless_a_token_is_set() -> None:
    assert open_intensity(load_settings({})) is None
    assert open_intensity(load_settings({"SPIKETRACE_ELECTRICITY_MAPS_TOKEN": TOKEN})) is not None
