from __future__ import annotations

import sys

import pytest

from demo.extra import NEEDED, require_embedded
from worker.errors import ConfigurationError


def test_where_the_extra_is_missing_whoever_asks_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    require_embedded("--embedded")
    monkeypatch.setitem(sys.modules, NEEDED[0], None)
    with pytest.raises(ConfigurationError, match=rf"--embedded needs more \({NEEDED[0]} .*spiketrace\[embedded\]"):
        require_embedded("--embedded")
