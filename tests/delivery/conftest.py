from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.standins.server import Vendors, running_vendors


@pytest.fixture(scope="package")
def _running_vendors() -> Iterator[Vendors]:
    with running_vendors() as vendors:
        yield vendors


@pytest.fixture
def vendors(_running_vendors: Vendors) -> Vendors:
    _running_vendors.forget()
    return _running_vendors
