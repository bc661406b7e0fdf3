"""One day of the test's shop: everything that goes wrong in it, and the alerts that Kibana sent.

Two regions go their own ways, so that two dozen alerts need one load of telemetry; whatever lies within four hours
before an alert in its own region is part of that scenario.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from tests.investigation.shop import Document, Moment, Place, Shop, daily_peak, during, rollout
from worker.domain.alert import Alert, Rule
from worker.domain.window import iso, parse_time

RULES = Path(__file__).parents[2] / "kibana_rules"
US, EU = "us-central1", "europe-west1"
SERVICES = ("frontend", "checkout", "payments", "ledger", "search")


def clock(text: str) -> datetime:
    """`14:57` or `14:57:20.500` on the shop's day."""
    return datetime.fromisoformat(f"2026-03-12T{text}").replace(tzinfo=UTC)


START, END = clock("05:00"), clock("15:12:37.400")
YOUNG = clock("10:45")

BAD_DEPLOYMENT, BAD_SINCE, DEPLOYED = "deploy-8841", clock("14:57"), clock("14:54:30")
INNOCENT_DEPLOYMENT = "deploy-8840"
SURGE_SINCE = clock("09:20")
SILENT_SINCE = clock("10:20")
OUTAGE_SINCE = clock("11:00")
CPU_SINCE = clock("12:10")
ERRORS_SINCE = clock("12:40")
UNSAMPLED_SINCE = clock("13:28")
CONTRADICTION_SINCE = clock("14:10")
LAB_SINCE = clock("14:15")

LAB = Place("sensor-hub", "basement-1", YOUNG)
KIOSK = Place("kiosk", "us-east5", YOUNG)
HOSTILE = {
    "markup": Place("<img src=x onerror=alert(1)>", "us-east1", YOUNG),
    "quotes": Place('it\'s "quoted" \\ {{name}} [e1] `x` | *', "us-east4", YOUNG),
    "commas": Place("checkout, us-central1,payments", "us-west1", YOUNG),
    "unicode": Place("кошик-🛒-\u202eعربة", "europe-west4", YOUNG),
    "long": Place("long-" * 60, "asia-east1", YOUNG),
}


def fail_and_retry(moment: Moment) -> None:
    moment.error_share, moment.error_type = 0.45, "PoolTimeoutError"
    moment.error_message = "no connection in the pool after 2000 ms"
    moment.slowness, moment.retry_share, moment.lines = 6.0, 0.35, 9
    moment.traffic *= 1.7
    moment.work = 1.9


def go_down(moment: Moment) -> None:
    moment.error_share, moment.error_type = 0.8, "DiskFullError"
    moment.error_message = "no space left on /var/lib/ledger"
    moment.slowness, moment.lines = 3.0, 8


def lose_ledger(moment: Moment) -> None:
    moment.error_share, moment.error_type = 0.5, "UpstreamTimeoutError"
    moment.error_message = "POST http://ledger/entries: timed out after 2000 ms"
    moment.slowness, moment.retry_share, moment.lines = 5.0, 0.2, 8


def fall_silent(moment: Moment) -> None:
    moment.is_silent = True


def burn_cpu(moment: Moment) -> None:
    moment.work = 2.4


def be_wanted(moment: Moment) -> None:
    moment.traffic *= 2.3
    moment.lines = 7


def reject_coupons(moment: Moment) -> None:
    moment.error_share, moment.error_type = 0.4, "CouponParseError"
    moment.error_message = "cannot parse coupon 'SPRING-26': unexpected token at 7"
    moment.lines = 6


def stay_unsampled(moment: Moment) -> None:
    moment.is_unsampled = True


def be_even(moment: Moment) -> None:
    """No rhythm of the day: what a request costs cannot be told from what idling does."""
    if (moment.service, moment.region) == KIOSK[:2]:
        moment.traffic = 700 + moment.at.minute % 7


FAULTS = (
    rollout("checkout", US, BAD_DEPLOYMENT, BAD_SINCE, END, change=fail_and_retry),
    rollout("search", US, INNOCENT_DEPLOYMENT, clock("14:46"), END),
    during(be_wanted, "frontend", US, SURGE_SINCE, clock("09:45")),
    during(fall_silent, "ledger", US, SILENT_SINCE, clock("10:50")),
    during(lose_ledger, "payments", US, SILENT_SINCE, clock("10:50")),
    during(lose_ledger, "checkout", US, SILENT_SINCE, clock("10:50")),
    during(go_down, "ledger", EU, OUTAGE_SINCE, clock("11:30")),
    during(lose_ledger, "payments", EU, OUTAGE_SINCE, clock("11:30")),
    during(lose_ledger, "checkout", EU, OUTAGE_SINCE, clock("11:30")),
    during(burn_cpu, "search", US, CPU_SINCE, clock("12:40")),
    during(reject_coupons, "search", EU, ERRORS_SINCE, clock("13:05")),
    during(stay_unsampled, "payments", US, UNSAMPLED_SINCE, clock("13:38")),
    during(be_wanted, KIOSK.service, KIOSK.region, LAB_SINCE, clock("14:45")),
    *(during(burn_cpu, place.service, place.region, LAB_SINCE, clock("14:45")) for place in (LAB, *HOSTILE.values())),
)


def state_grams_as_kilograms(document: Document) -> None:
    at = parse_time(document["@timestamp"])
    is_hit = (document["service"], document["region"]) == ("payments", EU)
    if is_hit and CONTRADICTION_SINCE <= at < clock("14:40"):
        document["emissions_kg_co2e"] *= 1000


def emit_less_than_nothing(document: Document) -> None:
    """Both statements of it agree, and both are impossible."""
    at = parse_time(document["@timestamp"])
    if (document["service"], document["region"]) == ("checkout", EU) and clock("14:20") <= at < clock("14:22"):
        document["estimated_co2_grams"] *= -1
        document["emissions_kg_co2e"] *= -1


def deployment(at: datetime, service: str, region: str, deployment_id: str, version: str) -> Document:
    return {
        "@timestamp": iso(at),
        "service": service,
        "region": region,
        "deployment_id": deployment_id,
        "version": version,
        "status": "succeeded",
    }


def past_incident(days: int, minutes: float, orders: float, usd: float) -> Document:
    return {
        "@timestamp": iso(END - timedelta(days=days)),
        "title": "checkout: pool exhausted",
        "summary": "Connections leaked until none was left.",
        "service": "checkout",
        "region": US,
        "tags": ["checkout", "pool"],
        "severity": "high",
        "status": "mitigated",
        "duration_minutes": minutes,
        "orders_affected": orders,
        "revenue_lost_usd": usd,
    }


def open_shop() -> Shop:
    return Shop(
        start=START,
        end=END,
        places=[
            *(Place(service, region) for service in SERVICES for region in (US, EU)),
            LAB,
            KIOSK,
            *HOSTILE.values(),
        ],
        habits=[daily_peak("frontend", EU, hour=15, height=0.9), be_even],
        faults=FAULTS,
        edits=[state_grams_as_kilograms, emit_less_than_nothing],
        deployments=[
            deployment(clock("05:30"), "checkout", US, "deploy-8800", "2.2.9"),
            deployment(clock("08:10"), "payments", EU, "deploy-8811", "5.0.1"),
            deployment(clock("14:45:10"), "search", US, INNOCENT_DEPLOYMENT, "7.1.0"),
            deployment(DEPLOYED, "checkout", US, BAD_DEPLOYMENT, "2.3.0"),
        ],
        incidents=[past_incident(9, 30, 60, 3000), past_incident(20, 20, 30, 1800)],
    )


@cache
def _shipped_rule(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RULES / f"spiketrace-{name}.json").read_text(encoding="utf-8"))
    return found


def alert(shipped_rule: str, group: str, at: str | datetime, **changes: Any) -> Alert:
    """What that rule would send about `group`; `changes` replace fields of the alert."""
    shipped = _shipped_rule(shipped_rule)
    fields: dict[str, Any] = {
        "rule": Rule(
            id=f"spiketrace-{shipped_rule}",
            name=shipped["name"],
            type=shipped["rule_type_id"],
            tags=tuple(shipped["tags"]),
            params=shipped["params"],
        ),
        "instance": group,
        "uuid": "0c1f9a3e-0000-4000-8000-000000000001",
        "action_group": shipped["actions"][0]["group"],
        "date": clock(at) if isinstance(at, str) else at,
        "title": f"alert {shipped['name']} group {group} met threshold",
        "value": shipped["params"]["threshold"][0] * 1.5,
        "group": group if shipped["rule_type_id"] == ".index-threshold" else "",
    }
    return Alert.model_validate(fields | changes)


BARE_RULE = Rule(id="a-rule-nobody-knows")
REGION_FIRST_RULE = Rule(
    id="carbon-by-region-and-service",
    type=".es-query",
    params=_shipped_rule("carbon-order-path")["params"] | {"termField": ["region", "service"]},
)
CARBON_RULE_ID = "spiketrace-carbon-by-service"

ALERTS = {
    "bad deployment, by service": alert("carbon-by-service", "checkout", END),
    "bad deployment, by region": alert("carbon-by-region", US, END),
    "bad deployment, by service and region": alert("carbon-order-path", f"checkout,{US}", END),
    "bad deployment, by its errors": alert("errors-by-service", "checkout", END),
    "bad deployment, by its latency": alert("latency-by-service", "checkout", END),
    "bad deployment, by the region's errors": alert("errors-by-region", US, END),
    "bad deployment, four minutes old": alert("errors-by-service", "checkout", "15:01:02"),
    "bad deployment, summary": alert("carbon-by-service", "", END, instance=CARBON_RULE_ID),
    "bad deployment, rule without parameters": alert("carbon-by-service", "", END, rule=BARE_RULE, instance="unknown"),
    "bad deployment, unknown group": alert("carbon-by-service", "no-such-service", END),
    "surge": alert("carbon-by-service", "frontend", "09:36:10"),
    "surge of an even service": alert("carbon-by-service", KIOSK.service, "14:31:09"),
    "silent dependency": alert("errors-by-service", "payments", "10:34:05"),
    "dependency": alert("errors-by-service", "payments", "11:13:30"),
    "cpu": alert("carbon-by-service", "search", "12:26:41"),
    "errors": alert("errors-by-service", "search", "12:52:48"),
    "collector catching up": alert("carbon-order-path", f"payments,{US}", "13:39:20"),
    "contradictory emissions": alert("carbon-order-path", f"payments,{EU}", "14:35:15"),
    "negative emissions": alert("carbon-order-path", f"checkout,{EU}", "14:36:10"),
    "quiet": alert("carbon-by-service", "payments", "09:58:03"),
    "quiet, unknown group": alert("carbon-by-service", "no-such-service", "09:58:03"),
    "daily peak": alert("carbon-by-service", "frontend", "15:05:22", value=130.0),
    "daily peak, region first": alert("carbon-order-path", f"{EU},frontend", "15:05:22", rule=REGION_FIRST_RULE),
    "region without factors": alert("carbon-by-service", LAB.service, "14:31:09"),
    **{f"hostile name: {name}": alert("carbon-by-service", HOSTILE[name].service, "14:31:09") for name in HOSTILE},
}
