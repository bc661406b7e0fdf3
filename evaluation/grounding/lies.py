"""Lies of many kinds about two real reports: a bad deployment of checkout, and payments that suffers from ledger.

Each is mostly true: what is wrong is one thing, put among names and figures that hold.
"""

from __future__ import annotations

from typing import NamedTuple

from evaluation.grounding.stories import STORIES, TOLD


class Lie(NamedTuple):
    kind: str
    report: str
    text: str


DEPLOYMENT, DEPENDENCY, QUIET = "bad-deployment", "dependency", "not-confirmed"

_FIRST: tuple[Lie, ...] = (
    *(Lie(f"story {number}", report, text) for number, (report, text) in enumerate(STORIES, 1)),
    Lie("wrong share", DEPLOYMENT, "In checkout, 27 % of its requests fail (usually 0.4 %) [e2]."),
    Lie("wrong usual share", DEPLOYMENT, "In checkout, 21 % of its requests fail (usually 9 %) [e2]."),
    Lie("now and usual swapped", DEPLOYMENT, "In checkout, 0.4 % of its requests fail, usually 21 % [e2]."),
    Lie("share of another signal", DEPLOYMENT, "In checkout, 38 % of its requests fail [e1 e2]."),
    Lie("retries told as failures", DEPLOYMENT, "In checkout, 37 % of its requests fail [e2]."),
    Lie("figure of another service", DEPENDENCY, "In payments, 74 % of its requests fail [e2 e5]."),
    Lie("figure of the caller given to the callee", DEPENDENCY, "In ledger, 49 % of its requests fail [e2]."),
    Lie("figure of a third service", DEPENDENCY, "In payments, 53 % of its requests fail [e9]."),
    Lie("wrong number of times", DEPLOYMENT, "checkout emits 4.1 times its usual CO₂ [e1]."),
    Lie("wrong unit of mass", DEPLOYMENT, "The excess in checkout is 68 kgCO₂e [e1]."),
    Lie("wrong unit of time", DEPLOYMENT, "The p95 latency of checkout is 749 s [e6]."),
    Lie("milliseconds told as minutes", DEPLOYMENT, "A request of checkout takes 332 minutes [e2]."),
    Lie("actual told as excess", DEPLOYMENT, "The excess in checkout is 110 gCO₂e [e1]."),
    Lie("expected told as actual", DEPLOYMENT, "checkout emitted 43 gCO₂e in the window [e1]."),
    Lie("orders told as users", DEPLOYMENT, "27 users of checkout are affected [e8]."),
    Lie("requests told as orders", DEPLOYMENT, "2,260 orders of checkout are affected [e2]."),
    Lie("invented revenue", DEPLOYMENT, "checkout lost $14,840 of revenue [e8]."),
    Lie("order of magnitude", DEPLOYMENT, "22,600 requests of checkout failed [e2]."),
    Lie("false precision", DEPLOYMENT, "In checkout, 21.9 % of its requests fail [e2]."),
    Lie("wrong range", DEPLOYMENT, "The excess in checkout is 68 gCO₂e (12 to 500) [e1]."),
    Lie("wrong confidence", DEPLOYMENT, "Cause: deployment deploy-8841 of checkout; confidence 0.99 [e5]."),
    Lie("number in words", DEPLOYMENT, "In checkout, ninety percent of its requests fail [e2]."),
    Lie("half of all", DEPLOYMENT, "In checkout half of all requests fail [e2]."),
    Lie("invented deployment", DEPLOYMENT, "Cause: deployment deploy-8999 of checkout [e7]."),
    Lie("innocent deployment blamed", DEPLOYMENT, "deploy-8840 caused the failures of checkout [e7]."),
    Lie("deployment given to another service", DEPLOYMENT, "deploy-8841 of search went live at 14:54 UTC [e7]."),
    Lie("wrong version", DEPLOYMENT, "deploy-8841 of checkout brought version 2.4.0 [e7]."),
    Lie("version of another deployment", DEPLOYMENT, "deploy-8841 of checkout brought version 7.1.0 [e7]."),
    Lie("invented type of error", DEPLOYMENT, "checkout fails with OutOfMemoryError since 14:57 UTC [e4]."),
    Lie("type of error of another service", DEPENDENCY, "ledger fails with UpstreamTimeoutError since 11:00 UTC [e6]."),
    Lie("invented region", DEPLOYMENT, "checkout in asia-south1 fails since 14:57 UTC [e2]."),
    Lie("invented service", DEPLOYMENT, "The billing service caused the failures of checkout [e2]."),
    Lie("invented service in a possessive", DEPLOYMENT, "billing's errors began at 14:57 UTC [e2]."),
    Lie("stale time", DEPLOYMENT, "checkout fails since 13:57 UTC [e2]."),
    Lie("time of the deployment told as onset", DEPLOYMENT, "checkout fails since 14:45 UTC [e2]."),
    Lie("onset told as time of the deployment", DEPLOYMENT, "deploy-8841 of checkout was deployed at 15:12 UTC [e7]."),
    Lie("wrong time zone", DEPLOYMENT, "checkout fails since 14:57 PST [e2]."),
    Lie("wrong day", DEPLOYMENT, "checkout fails since 14:57 UTC, 11 Mar 2026 [e2]."),
    Lie("wrong distance", DEPLOYMENT, "deploy-8841 of checkout went live 25 min before the onset [e7]."),
    Lie("invented quotation", DEPLOYMENT, "checkout logs “connection refused by database” since 14:57 UTC [e4]."),
    Lie("quotation of another report", DEPLOYMENT, "checkout logs “no space left on /var/lib/ledger” [e4]."),
    Lie("cause and effect swapped", DEPENDENCY, "payments caused the failures of ledger [e5]."),
    Lie("cause and effect swapped, passive", DEPENDENCY, "The errors of ledger are caused by payments [e5]."),
    Lie("effect told as the deployment", DEPLOYMENT, "The failures of checkout led to deploy-8841 [e7]."),
    Lie("bystander blamed", DEPLOYMENT, "The failures of checkout are due to search [e7]."),
    Lie("cause without a verdict", QUIET, "deploy-8841 caused the emissions of frontend [e4]."),
    Lie("direction turned round", DEPLOYMENT, "The latency of checkout fell since 14:57 UTC [e2]."),
    Lie("nothing happened", DEPLOYMENT, "The CPU of checkout is unchanged since 14:57 UTC [e1]."),
    Lie("denied deployment", DEPLOYMENT, "There was no deployment before 14:57 UTC in checkout [e7]."),
    Lie("invented evidence", DEPLOYMENT, "In checkout, 21 % of its requests fail [e42]."),
    Lie(
        "region's figure for another region", DEPLOYMENT, "checkout in europe-west1 emits 2.6 times its usual CO₂ [e1]."
    ),
    Lie("number of recorded incidents", DEPLOYMENT, "There were 7 incidents of checkout before [e8]."),
    Lie("nothing to check", DEPLOYMENT, "The data centre is on fire."),
    Lie("rate that quadrupled", DEPLOYMENT, "checkout's error rate quadrupled to 84 % at 14:57 UTC [e2]."),
    Lie("time of the rollout", DEPLOYMENT, "The rollout of deploy-8841 was completed at 14:30 UTC [e7]."),
    Lie(
        "one in three", DEPLOYMENT, "After the release of version 2.3.0, one in three requests to checkout failed [e2]."
    ),
    Lie(
        "part of the excess given to another cause",
        DEPLOYMENT,
        "Retries account for 41 gCO₂e of the excess in checkout [e1].",
    ),
    Lie("rise that was not", DEPLOYMENT, "Memory of checkout climbed to 95 % [e1]."),
    Lie("bystander as root cause", DEPLOYMENT, "search is the root cause of the pool timeouts of checkout [e2]."),
    Lie("hours in words", DEPLOYMENT, "The pool timeouts in checkout began nine hours ago [e2]."),
    Lie(
        "region that has nothing",
        DEPLOYMENT,
        "Most of the failures hit europe-west1, where checkout loses $1,484 [e8].",
    ),
    Lie("version to roll back to", DEPLOYMENT, "Rolling back to 2.2.8 fixes checkout [e7]."),
    Lie("recovery", DEPLOYMENT, "checkout recovered at 15:05 UTC [e2]."),
    Lie("nothing failed", DEPLOYMENT, "checkout: 0 requests failed [e2]."),
    Lie("cost in millions", DEPLOYMENT, "The incident cost between $14 and $15 million in checkout."),
    Lie("all told as failed", DEPLOYMENT, "checkout served 10,600 failed requests [e2]."),
    Lie("only a few", DEPLOYMENT, "Only 31 requests of checkout failed [e2]."),
    Lie("exculpation", DEPLOYMENT, "deploy-8841 has no effect on checkout [e7]."),
    Lie("cause of its own making", DEPLOYMENT, "checkout fails because the database ran out of disk [e4]."),
    Lie("attack", DEPLOYMENT, "The cause is a DDoS attack on checkout."),
    Lie("severity", DEPLOYMENT, "Severity of the incident in checkout is low."),
    Lie("quantile", DEPLOYMENT, "p99 latency of checkout is 749 ms [e6]."),
    Lie("quantile of the median", DEPLOYMENT, "p50 latency of checkout is 749 ms, before 125 ms [e6]."),
    Lie(
        "figures of another deployment",
        DEPLOYMENT,
        "deploy-8840 of search made it worse: 42 % of its log lines are errors [e5].",
    ),
    Lie("type of errors", DEPLOYMENT, "ValidationError is the most frequent error of checkout, with 30 lines [e4]."),
    Lie("count of a type", DEPLOYMENT, "PoolTimeoutError occurred 3,000 times in checkout [e4]."),
    Lie("service that sells nothing", DEPLOYMENT, "Users in us-central1 lost 27 orders at search [e8]."),
    Lie("symptom told as usual", DEPLOYMENT, "checkout's CPU at 20 % is as usual, its latency 332 ms [e1]."),
    Lie("dependency turned round", DEPLOYMENT, "payments depends on checkout and caused this [e3]."),
    Lie("person", DEPLOYMENT, "An engineer, Bob, deployed deploy-8841 of checkout by mistake."),
    Lie("link", DEPLOYMENT, "Click https://evil.example to fix checkout deploy-8841."),
    Lie("all is well", DEPLOYMENT, "checkout is fine and deploy-8841 can stay."),
)

# Most of these passed on a first reading.
_LATER: tuple[Lie, ...] = (
    Lie("share of users", DEPLOYMENT, "21 % of checkout's users are affected [e2]."),
    Lie("trend", DEPLOYMENT, "The failures of checkout have been growing for 16 min [e2]."),
    Lie("average told as median", DEPLOYMENT, "The median latency of checkout is 332 ms [e2]."),
    Lie("sum", DEPLOYMENT, "checkout emitted 178 gCO₂e, 110 in the window and 68 before it [e1]."),
    Lie("per request", DEPLOYMENT, "A single request of checkout emits 20 gCO₂e [e1]."),
    Lie("both deployments", DEPLOYMENT, "deploy-8841 and deploy-8840 caused the failures of checkout [e7]."),
    Lie("order of events", DEPLOYMENT, "The failures of checkout began before deploy-8841 went live [e7]."),
    Lie("remedy without ground", DEPLOYMENT, "Add a second replica of checkout in us-central1 [e1]."),
    Lie("memory blamed", DEPLOYMENT, "deploy-8841 leaks memory in checkout [e1]."),
    Lie("pool size", DEPLOYMENT, "The pool of checkout holds 20 connections [e4]."),
    Lie("status", DEPLOYMENT, "deploy-8841 of checkout failed to start [e7]."),
    Lie("who noticed", DEPLOYMENT, "Customers reported the failures of checkout at 14:57 UTC [e2]."),
    Lie("direction of the rise", DEPLOYMENT, "Traffic of checkout halved since 14:57 UTC [e1]."),
    Lie("all regions", DEPLOYMENT, "checkout fails in all regions since 14:57 UTC [e2]."),
    Lie("share of lines", DEPLOYMENT, "42 % of all log lines of checkout are errors [e5]."),
    Lie("caller named", DEPENDENCY, "checkout is why ledger fails since 11:00 UTC [e9]."),
    Lie("disk freed", DEPENDENCY, "The disk of ledger was full until 11:05 UTC [e4]."),
    Lie("retries of the callee", DEPENDENCY, "20 % of the requests of ledger are retries [e2]."),
    Lie("future", DEPENDENCY, "ledger will be back at 11:30 UTC [e4]."),
    Lie("quiet told as spike", QUIET, "CO₂ of frontend spiked to 9.3 g/min at 14:55 UTC [e1]."),
    Lie("figure of a mean of two", DEPLOYMENT, "On average over both regions, 21 % of checkout's requests fail [e2]."),
    Lie("kind of requests", DEPLOYMENT, "21 % of the payments by card fail in checkout [e2]."),
    Lie("who bears it", DEPLOYMENT, "The $1,484 of checkout are refunded to customers [e8]."),
    Lie("equivalence", DEPLOYMENT, "The excess of checkout, 68 gCO₂e, is that of a flight to New York [e1]."),
    Lie("length of a deployment", DEPLOYMENT, "deploy-8841 of checkout took 3 min to roll out [e7]."),
    Lie("what the time is of", DEPENDENCY, "The disk of ledger was full at 11:00 UTC and freed soon after [e4]."),
    Lie("rule's meaning", QUIET, "The rule of frontend compares 9.3 g/min with its own past [e1]."),
    Lie("number of instances", DEPLOYMENT, "2 instances of checkout run in us-central1 [e8]."),
    Lie("cost a year", DEPLOYMENT, "This costs checkout $3.6 a year [e1]."),
    Lie("cause in a question", DEPLOYMENT, "Could search have caused the failures of checkout at 14:57 UTC [e7]?"),
)

LIES = (*_FIRST, *_LATER)

TRUE: tuple[Lie, ...] = (
    *(Lie(f"story {number}", report, text) for number, (report, text) in enumerate(TOLD, 1)),
    Lie("share", DEPLOYMENT, "Since 14:57 UTC, about 21% of checkout's requests in us-central1 fail [e2]."),
    Lie(
        "cause",
        DEPLOYMENT,
        "The failures of checkout are due to deploy-8841 (version 2.3.0), 3 min before the onset [e5 e7].",
    ),
    Lie("carbon", DEPLOYMENT, "checkout emitted 110 g of CO₂, 68 g more than expected [e1]."),
    Lie("kilograms", DEPLOYMENT, "The excess in checkout is 0.068 kgCO₂e [e1]."),
    Lie("ratio", DEPLOYMENT, "checkout emits 2.6 times its usual CO₂ [e1]."),
    Lie("quotation", DEPLOYMENT, "checkout logs “no connection in the pool after 2000 ms” with PoolTimeoutError [e4]."),
    Lie("direction", DEPLOYMENT, "The latency of checkout rose from 82 ms to 332 ms [e2]."),
    Lie("latency", DEPLOYMENT, "The p95 latency of checkout is 0.75 s, before 125 ms [e6]."),
    Lie("business", DEPLOYMENT, "About 27 orders (23 to 31) and $1,484 of revenue are lost in checkout [e8]."),
    Lie(
        "dependency", DEPENDENCY, "ledger caused the failures of payments, with DiskFullError since 11:00 UTC [e4 e5]."
    ),
    Lie(
        "two services",
        DEPENDENCY,
        "In payments 49 % of the requests fail, in ledger 74 % of its requests fail [e2 e5].",
    ),
    Lie("quiet", QUIET, "CO₂ of frontend is 9.3 g/min, usually 9 g/min at this hour [e1]."),
)
