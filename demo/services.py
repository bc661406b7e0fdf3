"""The demo shop: its regions, its services, and what they write to their logs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

CLOUD_PROVIDER = "gcp"


@dataclass(frozen=True)
class Region:
    """`utc_offset_hours` sets the phase of the daily rhythm, `traffic` its share of us-central1's."""

    name: str
    utc_offset_hours: int
    traffic: float
    grid_gco2e_per_kwh: float


# Grid intensity: the provider's own yearly figures for 2024.
US = Region("us-central1", -6, 1.0, 412.72)
EUROPE = Region("europe-west1", 1, 0.8, 103.37)
ASIA = Region("asia-east1", 8, 0.5, 439.29)
REGIONS = {region.name: region for region in (US, EUROPE, ASIA)}


@dataclass(frozen=True)
class OrdinaryError:
    """An error that happens every day. `latency_ms` is what such a request takes; None: as any other."""

    error_type: str
    message: str
    latency_ms: float | None = None


@dataclass(frozen=True)
class Service:
    """`requests_per_min` is the daily mean in us-central1; one log line is kept in `log_sampling` requests."""

    name: str
    requests_per_min: float
    cpu_ms_per_request: float
    latency_ms: float
    error_share: float
    log_sampling: int
    memory_pct: float
    version: str
    regions: tuple[Region, ...]
    info: tuple[str, ...]
    warnings: tuple[str, ...]
    errors: tuple[OrdinaryError, ...]


EVERYWHERE = (US, EUROPE, ASIA)
# Asia browses at home and orders overseas.
ORDERING = (US, EUROPE)

FRONTEND = Service(
    "frontend", 48_000, 110, 120, 0.0035, 105_000, 58, "5.41.2", EVERYWHERE,
    info=(
        "GET /p/{sku} 200 {ms}ms user={user} trace={trace}",
        "GET /c/{category}?page={n} 200 {ms}ms user={user} trace={trace}",
        "GET / 200 {ms}ms bytes={bytes} trace={trace}",
        "POST /bag/add 303 {ms}ms user={user} sku={sku}",
        "GET /account/orders/{order} 200 {ms}ms user={user}",
    ),
    warnings=("slow render /p/{sku}: {ms}ms (budget 800ms)", "GET /p/{sku} 404 {ms}ms referer=newsletter"),
    errors=(
        OrdinaryError("UpstreamReset", "GET http://catalog/v3/items/{sku} failed: connection reset by peer"),
        OrdinaryError("RenderError", "render /p/{sku}: cannot read property 'price' of undefined trace={trace}"),
        OrdinaryError("ClientDisconnect", "client closed request after {ms}ms GET /c/{category} ip={ip}"),
    ),
)  # fmt: skip
SEARCH = Service(
    "search", 16_000, 260, 85, 0.002, 36_000, 66, "3.12.0", EVERYWHERE,
    info=(
        "query q='{words}' hits={bytes} took={ms}ms shard={n}",
        "suggest prefix='{words}' took={ms}ms",
        "query q='{words}' filters=size,color hits={n} took={ms}ms cache=miss",
    ),
    warnings=("query q='{words}' took={ms}ms over soft limit, partial facets", "synonym set stale by {n}m, reloading"),
    errors=(
        OrdinaryError("QueryParseError", "cannot parse query '{words}(': unbalanced parenthesis at {n}"),
        OrdinaryError("ShardTimeout", "shard {n} did not answer within 1500ms, query aborted trace={trace}", 1500),
    ),
)  # fmt: skip
CATALOG = Service(
    "catalog", 32_000, 90, 32, 0.0015, 34_000, 61, "7.3.4", EVERYWHERE,
    info=(
        "item {sku} served in {ms}ms cache=hit",
        "items batch={n} served in {ms}ms cache=hit",
        "item {sku} served in {ms}ms cache=miss source=db",
        "category {category} page={n} served in {ms}ms",
    ),
    warnings=("item {sku} has no image for locale de-DE", "item {sku}: price older than {n} minutes"),
    errors=(
        OrdinaryError("ItemNotFound", "item {sku} referenced by campaign {n} does not exist"),
        OrdinaryError("DatabaseTimeout", "select from items where sku='{sku}' canceled after 3000ms", 3000),
    ),
)  # fmt: skip
RECOMMENDATIONS = Service(
    "recommendations", 14_000, 520, 140, 0.0015, 31_000, 72, "1.28.0", EVERYWHERE,
    info=(
        "scored {n} candidates for {user} in {ms}ms model=r14",
        "similar items for {sku}: {n} in {ms}ms",
        "session features of {user} loaded in {ms}ms",
    ),
    warnings=("cold start for {user}, falling back to bestsellers", "feature store answered in {ms}ms"),
    errors=(
        OrdinaryError("FeatureMissing", "feature vector v7 missing for item {sku}"),
        OrdinaryError("ModelTimeout", "scoring for {user} aborted after 1200ms trace={trace}", 1200),
    ),
)  # fmt: skip
CART = Service(
    "cart", 10_400, 60, 28, 0.0025, 23_000, 49, "4.9.1", EVERYWHERE,
    info=(
        "cart {user} updated: {n} lines total={amount} in {ms}ms",
        "cart {user} loaded in {ms}ms",
        "voucher {voucher} applied to cart {user}",
    ),
    warnings=("cart {user}: price of {sku} changed since it was added", "session of {user} extended after {n}m"),
    errors=(
        OrdinaryError("VersionConflict", "cart {user} was changed concurrently, revision {n}"),
        OrdinaryError("VoucherInvalid", "voucher {voucher} is not valid for cart {user}"),
    ),
)  # fmt: skip
CHECKOUT = Service(
    "checkout", 3_000, 180, 210, 0.005, 2_000, 54, "2.17.3", ORDERING,
    info=(
        "order {order} placed total={amount} in {ms}ms",
        "order {order} step=address ok {ms}ms user={user}",
        "order {order} step=delivery option={n} ok {ms}ms",
        "order {order} totals computed in {ms}ms lines={n}",
    ),
    warnings=("order {order}: payment took {ms}ms", "order {order}: stock of {sku} low ({n})"),
    errors=(
        OrdinaryError("PaymentDeclined", "order {order}: payment declined by issuer code={n} trace={trace}"),
        OrdinaryError("OutOfStock", "order {order}: {sku} sold out while ordering"),
        OrdinaryError("AddressRejected", "order {order}: postal code does not match city user={user}"),
    ),
)  # fmt: skip
PAYMENTS = Service(
    "payments", 2_600, 140, 240, 0.004, 1_700, 51, "6.2.8", ORDERING,
    info=(
        "charge {charge} authorised amount={amount} in {ms}ms psp=alpha",
        "charge {charge} captured in {ms}ms order={order}",
        "refund of {charge} accepted amount={amount} {ms}ms",
    ),
    warnings=("charge {charge}: psp answered in {ms}ms", "charge {charge}: 3ds challenge requested by issuer"),
    errors=(
        OrdinaryError("CardDeclined", "charge {charge} declined: insufficient_funds order={order}"),
        OrdinaryError("PspTimeout", "POST https://psp-alpha/charges timed out after 6000ms charge={charge}", 6000),
        OrdinaryError("FraudSuspected", "charge {charge} blocked, score=0.{n} order={order}"),
    ),
)  # fmt: skip
LEDGER = Service(
    "ledger", 5_200, 55, 18, 0.001, 3_400, 63, "1.9.6", ORDERING,
    info=(
        "entry {charge} booked debit={amount} in {ms}ms",
        "balance of account {n} read in {ms}ms",
        "journal segment {n} sealed entries={bytes}",
    ),
    warnings=("commit of entry {charge} waited {ms}ms for lock", "replica lag {n}s"),
    errors=(
        OrdinaryError("SerializationFailure", "could not serialize access for entry {charge}, giving up after 3 tries"),
        OrdinaryError("DuplicateEntry", "entry {charge} already booked, request dropped"),
    ),
)  # fmt: skip
INVENTORY = Service(
    "inventory", 12_000, 50, 24, 0.002, 27_000, 57, "3.30.5", ORDERING,
    info=(
        "stock of {sku} in warehouse {n} read in {ms}ms",
        "reserved {n} of {sku} for order {order} in {ms}ms",
        "reservation of order {order} released",
    ),
    warnings=("stock of {sku} is negative ({n}) after count", "warehouse {n} feed late by {ms}ms"),
    errors=(
        OrdinaryError("ReservationExpired", "reservation of order {order} expired before payment"),
        OrdinaryError("LockTimeout", "row lock on {sku} not granted within 1000ms", 1000),
    ),
)  # fmt: skip
SHIPPING = Service(
    "shipping", 3_800, 120, 95, 0.004, 2_400, 47, "2.5.0", ORDERING,
    info=(
        "rates for order {order}: {n} options in {ms}ms",
        "label {label} created for order {order} in {ms}ms",
        "tracking {label}: state changed to in_transit",
    ),
    warnings=("carrier answered in {ms}ms for order {order}", "address of order {order} normalised with low score"),
    errors=(
        OrdinaryError("CarrierUnavailable", "carrier api returned 503 for order {order} after {ms}ms"),
        OrdinaryError("AddressNotServed", "no carrier serves the address of order {order}"),
    ),
)  # fmt: skip
NOTIFICATIONS = Service(
    "notifications", 4_400, 40, 60, 0.006, 9_800, 38, "1.14.2", (US,),
    info=("mail to {user} queued in {ms}ms", "push to {user} accepted {ms}ms", "sms {n} segments to {user}"),
    warnings=("mail to {user} deferred by provider, next try in {n}m",),
    errors=(
        OrdinaryError("MailboxUnknown", "mail to {user} bounced: 550 no such mailbox"),
        OrdinaryError("ProviderThrottled", "provider answered 429, {n} messages postponed"),
    ),
)  # fmt: skip
AUTH = Service(
    "auth", 15_000, 70, 38, 0.006, 9_800, 44, "8.0.11", EVERYWHERE,
    info=(
        "token issued for {user} in {ms}ms scope=shop",
        "session {trace} refreshed for {user} in {ms}ms",
        "login ok user={user} ip={ip} {ms}ms",
    ),
    warnings=("{n} failed logins for {user} from {ip}", "token of {user} expires in {n}s, refreshed early"),
    errors=(
        OrdinaryError("InvalidCredentials", "login failed for {user} from {ip}: wrong password"),
        OrdinaryError("TokenExpired", "token of {user} expired {n}s ago"),
    ),
)  # fmt: skip

SERVICES = {
    service.name: service
    for service in (
        FRONTEND, SEARCH, CATALOG, RECOMMENDATIONS, CART, CHECKOUT,
        PAYMENTS, LEDGER, INVENTORY, SHIPPING, NOTIFICATIONS, AUTH,
    )
}  # fmt: skip


def scopes() -> list[tuple[Service, Region]]:
    """Every service in every region it runs in, in a fixed order."""
    return [
        (service, region) for service, region in product(SERVICES.values(), EVERYWHERE) if region in service.regions
    ]
