"""Metrics by the names of their fields, and log lines by how often they came."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

AUTH = "edgedelta-rootcausebench-auth-jwt-validation-regression"
SLOW = "edgedelta-rootcausebench-checkout-latency-n-plus-one"
DNS = "edgedelta-rootcausebench-dns-resolver-degradation"
INGEST = "edgedelta-rootcausebench-metric-ingestor-metadata-deser"
SEARCH = "edgedelta-rootcausebench-unbounded-query-delayed-onset"
TLS = "edgedelta-rootcausebench-tls-cert-expiry"
WRITES = "nezha-online-boutique-2022-08-22-0501"
CPU = "nezha-online-boutique-2022-08-23-1245"
PETS = "petshop-low_traffic-train-issue_4"
QUIET = "petshop-high_traffic-train-quiet-5"


# A metric called by its field has its own figures.
FIELDS = [
    # A field has the figures of its clause, in its own unit or in one that it can be told in.
    (SLOW, "http_server_duration_p99_milliseconds of checkoutservice is 3811.8, usually 209.6.", True),
    (SLOW, "http_server_duration_p99_milliseconds of checkoutservice is 3.81 s, usually 0.21 s.", True),
    (SLOW, "http_server_duration_p99_milliseconds of checkoutservice is 46.9.", False),
    (SLOW, "db_query_count_per_request stands at 46.9, where 3 is usual.", True),
    (SLOW, "db_query_count_per_request stands at 3, where 46.9 is usual.", False),
    (CPU, "cpu_percent on cartservice: 100.05 %, before 6.05 %.", True),
    (CPU, "cpu_percent of cartservice stood at 100.05 (6.05 before).", True),
    (CPU, "cpu_percent of cartservice stood at 6.05 (100.05 before).", False),
    (CPU, "server_latency_p99_seconds of cartservice is 357 ms, and 7 ms is usual.", True),
    (CPU, "server_latency_p99_seconds of cartservice is 219 ms, and 7 ms is usual.", False),
    (
        QUIET,
        "latency_p90_seconds is 253 ms where 269 ms is usual, latency_p95_seconds 281 ms against 313 ms.",
        True,
    ),
    (QUIET, "latency_p90_seconds is 281 ms where 313 ms is usual.", False),
    (DNS, "The `outbound_call_error_ratio` of emailservice is 0.54 (usually 0.0079).", True),
    (DNS, "The `outbound_call_error_ratio` of emailservice is 0.63 (usually 0.0079).", False),
    # The one before it, and in a list of services of each.
    (WRITES, "syscall_write of paymentservice fell from 100 to 0 and syscall_read from 46 to 0.", True),
    (WRITES, "syscall_write of paymentservice fell from 100 to 0 and syscall_read from 36 to 0.", False),
    (WRITES, "emailservice is alike: syscall_write went from 78 to 0 and syscall_read from 36 to 0.", True),
    # Of a service that does not have it there is none.
    (WRITES, "syscall_write of frontend fell from 100 to 0.", False),
    (CPU, "cpu_percent of checkoutservice stood at 100.05 %.", False),
    (TLS, "queue_depth_total of orderservice stood at 0.919.", False),
    # A direction is that of the field.
    (PETS, "availability_percent of PetSite dropped to 97.7 %.", True),
    (PETS, "availability_percent of PetSite rose to 97.7 %.", False),
    (DNS, "emailservice and checkoutservice deviate in outbound_call_error_ratio.", True),
    (DNS, "emailservice and checkoutservice deviate in error_rate_5xx_ratio.", False),
    # One that is alone need not be named.
    (INGEST, "It is at 0.72, where 0.004 is usual.", True),
    (INGEST, "It is at 0.64, where 0.004 is usual.", False),
    # One service against another.
    (DNS, "recommendationservice had a higher outbound_call_error_ratio than checkoutservice.", True),
    (DNS, "checkoutservice had a higher outbound_call_error_ratio than recommendationservice.", False),
    (DNS, "checkoutservice had a lower error ratio than recommendationservice.", True),
    (DNS, "recommendationservice had a lower error ratio than checkoutservice.", False),
    # What was not served failed.
    (PETS, "2.3 % of PetSite's requests failed.", True),
    (PETS, "12 % of PetSite's requests failed.", False),
    (PETS, "PetSite answered 97.7 % of its requests.", True),
    (PETS, "PetSite answered 87.7 % of its requests.", False),
    (WRITES, "frontend failed for 52 % of its requests, where 50 % is usual.", True),
    (WRITES, "frontend failed for 48 % of its requests, where 50 % is usual.", False),
]


# A quoted line came as often as it came.
LINES = [
    (SLOW, "checkoutservice wrote “slow request: PlaceOrder exceeded 3000ms” ten times, against two before.", True),
    (
        SLOW,
        "checkoutservice wrote “slow request: PlaceOrder exceeded 3000ms” ten times, against five before.",
        False,
    ),
    (SLOW, "“handled request” used to come 16 times; 0 lines came, where about four were expected.", True),
    (SLOW, "“handled request” was expected 16 times in the window.", False),
    (SLOW, "The line “slow request: PlaceOrder exceeded 3000ms” went from 2 to 10 occurrences.", True),
    (SLOW, "The line “slow request: PlaceOrder exceeded 3000ms” went from 2 to 16 occurrences.", False),
    (SLOW, "“slow request: PlaceOrder exceeded 3000ms” was not logged once before.", False),
    (SLOW, "“upstream checkoutservice slow, timeout budget exceeded” came five times, and not once before.", True),
    (SLOW, "cartservice logged “upstream checkoutservice slow, timeout budget exceeded”, 83 % of its lines.", True),
    (SLOW, "checkoutservice logged “slow request: PlaceOrder exceeded 3000ms”, 83 % of its lines.", False),
    (AUTH, "gatewayservice logged “rejecting request: invalid token” four times, against once before.", True),
    (AUTH, "gatewayservice logged “jwt validation failed: token is expired” eight times, and never before.", False),
    (AUTH, "orderservice logged “jwt validation failed: token is expired” seven times, and never before.", True),
    (
        AUTH,
        "Before the window, “token validated” was logged 18 times by each of userservice and orderservice.",
        True,
    ),
    (
        AUTH,
        "Before the window, “token validated” was logged 12 times by each of userservice and orderservice.",
        False,
    ),
    (AUTH, "On paymentservice, “token validated” fell from 18 lines to none, with 8.3 expected.", True),
    (AUTH, "On paymentservice, “token validated” fell from 18 lines to none, with 11.9 expected.", False),
    (TLS, "“Charge upstream call returned error, returning 502 to caller” is 44 % of orderservice's lines.", True),
    (TLS, "“Charge upstream call returned error, returning 502 to caller” is 54 % of orderservice's lines.", False),
    (INGEST, "“failed to deserialize metric envelope” was logged 22 times.", True),
    (INGEST, "“failed to deserialize metric envelope” was logged 28 times.", False),
]


def test_that_line_is_the_one_of_the_sentence_before() -> None:
    first = "“failed to deserialize metric envelope” was logged 22 times."
    true, lie = (
        f"{first} Before the window that line {said}." for said in ("was logged 0 times", "was logged 3 times")
    )
    assert [ground_known(one, known(INGEST)).sentences[1].outcome for one in (true, lie)] == ["kept", "removed"]


def test_how_many_users_were_hit_may_be_unknown_but_not_told() -> None:
    texts = ("It is unknown how many users were hit.", "Users were hit.")
    assert [ground_known(one, known(PETS)).sentences[0].outcome for one in texts] == ["kept", "removed"]


# Literals of lines codes and rates are told apart from figures.
LITERALS = [
    # What a log line has letter for letter is no figure.
    (DNS, "paymentservice fails, and its log names 10.96.0.10:53.", True),
    (DNS, "paymentservice fails, and its log names 10.96.0.11:53.", False),
    ("demo-9059f2", "With deploy-8718, cart went to version 4.9.6; before, it ran 4.9.5.", True),
    ("demo-9059f2", "With deploy-8718, cart went to version 4.9.5; before, it ran 4.9.6.", False),
    # A code is not counted, and what is counted per request is.
    (AUTH, "The share of HTTP 401 responses of gatewayservice is 49 %.", True),
    (AUTH, "The share of HTTP 403 responses of gatewayservice is 49 %.", False),
    (SLOW, "checkoutservice makes 47 queries per request.", True),
    (SLOW, "checkoutservice makes 57 queries per request.", False),
    (PETS, "The p99 latency of PetSearch_AWS::ECS::Fargate changed from 50 ms to 136 ms at 01:15 UTC.", True),
    (PETS, "The p99 latency of PetSearch_AWS::ECS::Fargate changed from 50 ms to 203 ms at 01:15 UTC.", False),
]


# What follows from levels and from the ranking.
FOLLOWING = [
    # What the ranking names of a candidate is a level of its own, and goes some way.
    (PETS, "PetSearch_client is down to 92 % availability.", True),
    (PETS, "PetSearch_client is up to 92 % availability.", False),
    (PETS, "latency_p99_seconds of PetSearch_client fell to 154 ms.", False),
    (SEARCH, "frontend shows a change too: the search page error ratio went from 0.24 % to 20 %.", True),
    (SEARCH, "searchservice shows a change too: the search page error ratio went from 0.24 % to 20 %.", False),
    (SEARCH, "None of searchservice's metrics deviates.", True),
    (SEARCH, "None of frontend's metrics deviates.", False),
    # What was not served failed, and pulls nobody down that is the cause.
    (WRITES, "success_percent of frontend is 47.72 %, so 52 % of its requests fail, usually 50 %.", True),
    (WRITES, "success_percent of frontend is 47.72 %, so 62 % of its requests fail, usually 50 %.", False),
    (PETS, "PetSearch_AWS::ECS::Fargate's failures pulled PetSite down.", True),
    (PETS, "PetSite's own failures pulled PetSearch_AWS::ECS::Fargate down.", False),
    # What is counted per something is told so.
    (INGEST, "Only 30 envelopes were flushed a minute.", True),
    (INGEST, "The 30 envelopes were lost.", False),
    # Together, they have the sum.
    (SLOW, "cartservice, productcatalogservice and frontend together hold less than 1 % of the confidence.", True),
]


@pytest.mark.parametrize(("report", "text", "is_kept"), [*FIELDS, *LINES, *LITERALS, *FOLLOWING])
def test_what_is_so_is_kept_and_what_is_not_so_is_not(report: str, text: str, *, is_kept: bool) -> None:
    found = ground_known(text, known(report)).sentences[0]
    assert (found.outcome == "kept") is is_kept, found.claims
