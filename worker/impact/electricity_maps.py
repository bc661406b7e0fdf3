"""Hourly grid intensity from Electricity Maps: one request for a region and a window, remembered by the hour.

https://portal.electricitymaps.com/developer-hub/api/reference (v3, `carbon-intensity/past-range`): a data centre is
named as its provider names it, so no table of zones is needed. Intensity is the grid's average over its life cycle,
location-based, as SCI asks.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, Field, ValidationError

from worker.domain.window import Window, iso, parse_time
from worker.errors import IntensityUnavailable
from worker.ports import IntensityHour
from worker.settings import is_loopback

HOUR = timedelta(hours=1)
# An investigation does not wait long for a figure that a table can stand in for.
TIMEOUT = httpx.Timeout(connect=2.0, write=2.0, read=3.0, pool=2.0)
MOST_REMEMBERED = 5_000


class _Hour(BaseModel):
    carbonIntensity: float | None = Field(default=None, gt=0, lt=3000)  # noqa: N815 - the vendor's name
    datetime: str


class _Range(BaseModel):
    data: list[_Hour]


class ElectricityMaps:
    """Safe to share between threads; connects when it is first asked."""

    name = "Electricity Maps, hourly"

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url}/v3/carbon-intensity/past-range"
        self._client = httpx.Client(
            headers={"auth-token": token, "accept": "application/json"},
            timeout=TIMEOUT,
            trust_env=not is_loopback(urlsplit(url).hostname or ""),
        )
        self._known: dict[tuple[str, str, datetime], float] = {}
        self._lock = Lock()

    def between(self, provider: str, region: str, window: Window) -> list[IntensityHour]:
        """Raises IntensityUnavailable, with a reason that holds no secret."""
        hours = _hours_of(window)
        with self._lock:
            if any((provider, region, hour) not in self._known for hour in hours):
                self._remember(provider, region, self._ask(provider, region, hours))
            known = [(hour, self._known.get((provider, region, hour))) for hour in hours]
        found = [IntensityHour(hour, hour + HOUR, value) for hour, value in known if value is not None]
        if len(found) < len(hours):
            raise IntensityUnavailable(
                f"{self.name} lacks {len(hours) - len(found)} of the window's {len(hours)} hours"
            )
        return found

    def _ask(self, provider: str, region: str, hours: list[datetime]) -> list[_Hour]:
        asked = {
            "dataCenterProvider": provider,
            "dataCenterRegion": region,
            "start": iso(hours[0]),
            "end": iso(hours[-1] + HOUR),
            "temporalGranularity": "hourly",
            # Else a region that it does not know is answered with the place this request comes from.
            "shouldUseFallbackCallerLookup": "false",
        }
        try:
            answer = self._client.get(self._url, params=asked)
            answer.raise_for_status()
            return _Range.model_validate_json(answer.content).data
        except httpx.HTTPStatusError as error:
            raise IntensityUnavailable(f"{self.name} answered {error.response.status_code}") from None
        except httpx.HTTPError as error:
            raise IntensityUnavailable(f"{self.name} did not answer ({type(error).__name__})") from None
        except ValidationError:
            raise IntensityUnavailable(f"{self.name} answered in another form than it documents") from None

    def _remember(self, provider: str, region: str, hours: list[_Hour]) -> None:
        if len(self._known) > MOST_REMEMBERED:
            self._known.clear()
        for hour in hours:
            try:
                start = parse_time(hour.datetime)
            except ValueError:
                raise IntensityUnavailable(f"{self.name} answered in another form than it documents") from None
            if hour.carbonIntensity is not None:
                self._known[provider, region, start] = hour.carbonIntensity


def _hours_of(window: Window) -> list[datetime]:
    first = window.start.replace(minute=0, second=0, microsecond=0)
    count = -((first - window.end) // HOUR)
    return [first + number * HOUR for number in range(count)]
