from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.standins.server import Vendors, running_vendors


@pytest.fixture(scope="package")
def _running_vendors() -> Iterator[Vendors]:
    with running_vendors() as vendors:
        yield vendors


@pytest.fixture
def vendors(_running_vendors: Vendors) -> Vendors:
    httpx.delete(f"{_running_vendors.url}/received").raise_for_status()
    return _running_vendors
