"""The demo shop at one moment, made once."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest

from demo.shop import Shop, documents, open_shop, tell_truth
from demo.truth import Truth

NOW = datetime(2026, 11, 23, 17, 37, 21, tzinfo=UTC)
SEED = 7

Documents = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="session")
def shop() -> Shop:
    return open_shop(NOW, SEED)


@pytest.fixture(scope="session")
def truth(shop: Shop) -> Truth:
    return tell_truth(shop)


@pytest.fixture(scope="session")
def by_index(shop: Shop) -> Documents:
    return group_by_index(shop)


def group_by_index(shop: Shop) -> Documents:
    grouped: Documents = defaultdict(list)
    for action in documents(shop):
        grouped[action["_index"]].append(action["_source"])
    return grouped
