"""What is said of users, orders, revenue and emissions: that they were measured, lost, counted, or felt it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks import conditions
from worker.agent.grounding.checks.conditions import NONE_OF
from worker.agent.grounding.checks.movements import went
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.comparisons import IF
from worker.agent.grounding.text.topics import topics

LOST = re.compile(
    r"\b(?:there (?:is|was) (?:an? |some )(?:\w+ )?loss|(?:caused|causes|brought|means|meant) (?:an? |some )?(?:\w+ )?"
    r"loss(?:es)?"
    r"|(?:orders|revenue|sales|money) (?:is|was|are|were|has been|have been) lost"
    r"|(?<=[a-z] )(?<!nor )(?<!either )(?<!any )(?<!or )(?<!of )(?<!the )(?<!no )(?<!and )(?<!estimate )"
    r"(?:lost|loses|lose|losing|costs?|missed) (?:(?:the (?:business|company)|it|us) )?"
    r"(?:[\d,.]+ |some |many |several |about )*"
    r"(?:orders|revenue|sales|money))\b",
    re.IGNORECASE,
)


# "No money was lost".
NO_LOSS = re.compile(r"\b(?:no|neither|nor|without any) (?:\w+ )?$", re.IGNORECASE)
# "Nothing was recorded for shipping in this window".
NOTHING_RECORDED = re.compile(
    r"\bnothing (?:is|was|has been) (?:recorded|on record) (?:for|of|about) [^,;.]*", re.IGNORECASE
)


def unrecorded(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of orders and revenue, of whom the report tells that."""
    told = known.report.sections.business_impact
    for found in NOTHING_RECORDED.finditer(text):
        named = {one.text for one in mentions if found.start() < one.span[0] < found.end()}
        holds = "Nothing is recorded" in told and named <= {known.report.service, known.report.region}
        yield judged("state", found, holds, "something is recorded", is_open=not holds)


def losses(text: str, known: Known) -> Iterator[Claim]:
    """ "There was a loss": only where one was measured or estimated; "no money was lost": where none was confirmed."""
    for found in LOST.finditer(text):
        if ASKED.search(text[: found.start()]):
            continue
        if NO_LOSS.search(text[: found.start()]):
            is_told = known.report.sections.business_impact.startswith("No loss")
            yield judged("state", found, is_told, "that was not measured")
            continue
        holds = known.report.impact.business.source is not None
        yield judged("state", found, holds, "none was measured")


# "How much revenue was lost is not known".
ASKED = re.compile(
    r"\b(?:how (?:many|much)|whether|to what extent|which(?= (?:of )?(?:the |its )?$))\b[^,;.]{0,40}$", re.IGNORECASE
)


# "The loss of $96,300 is a rough estimate": where it is recorded, it is none.
GUESSED = re.compile(
    r"\b(?:loss|revenue|orders)\b(?:[^,;]|,\d){0,60}\b(?:is|are|was|were) (?:only |just |merely |but )?(?:an? )?"
    r"(?:rough(?:ly)? |mere )?"
    r"(?:estimate[ds]?|guess(?:ed)?|extrapolat\w+)\b",
    re.IGNORECASE,
)


def guessed(text: str, known: Known) -> Iterator[Claim]:
    for found in GUESSED.finditer(text) if known.report.impact.business.source == "recorded" else ():
        yield judged("state", found, False, "it is recorded")


# "The fetches failed with code = Unavailable": as a line has it.
CODE = re.compile(r"\b(?:code|status|reason) ?[=:] ?(?P<what>[A-Z][A-Za-z_]{3,})\b")


def codes(text: str, known: Known) -> Iterator[Claim]:
    for found in CODE.finditer(text):
        holds = any(found["what"] in line for line in known.lines)
        yield judged("message", found, holds, "no line has it")


UNMEASURED = re.compile(
    # "… as the user sessions show".
    r"\b(?P<by>sessions? (?:show|tell|prove|confirm|suggest)\w*)\b"
    r"|\b(?P<what>users?|sessions?|customers?|orders?|revenue|(?:business|financial) impact)\b[^.;]{0,50}?"
    r"\b(?:not (?:been )?(?:measured|known|recorded|available)|unknown|cannot be (?:measured|determined|known|told))\b",
    re.IGNORECASE,
)


def unmeasured(text: str, known: Known) -> Iterator[Claim]:
    """ "How many users are affected is not known": where no figure of it is."""
    users, business = known.report.impact.users, known.report.impact.business
    for found in UNMEASURED.finditer(text):
        if found["by"]:
            is_known = users.users_affected or users.users_share
            yield judged("state", found, bool(is_known), "they were not measured")
            continue
        is_business = re.match(r"order|revenue|business|financial", found["what"], re.IGNORECASE)
        holds = (business.source if is_business else users.users_affected or users.users_share) is None
        yield judged("state", found, holds, "it was measured")
    for found in NO_EMISSIONS.finditer(text):
        yield judged("state", found, known.report.impact.carbon.actual_co2_grams is None, "they were measured")


# "Emissions of checkout were not measured", "neither log lines nor measured emissions".
NO_EMISSIONS = re.compile(
    r"\bemissions(?: of [\w.:-]+)? (?:was|were|are|is) (?:\w+ )?"
    r"(?:not (?:been )?(?:measured|known|recorded)|unknown|unmeasured)\b"
    r"|\bneither [^,;.]{2,30} nor (?:any )?(?:measured )?(?:emissions|carbon|CO₂e?)\b(?! \w+ed\b)",
    re.IGNORECASE,
)


_VERB = r"(?:measured|known|recorded|counted|determined|available|reported|quantified|told)\b"
# "Excess CO₂, vCPU-hours and cost are unknown".
_MEASURE = (
    r"\b(?:(?:the|its|any|all) )?(?:(?:excess|additional|extra|wasted|affected) )?"
    r"(?:CO₂e?|CO2e?|carbon|emissions|vCPU[- ]hours|compute|energy|costs?|users|orders|revenue)(?: (?:cost|hours"
    r"|affected))?"
)
NONE_MEASURED = re.compile(
    rf"\b(?:neither|no|none of|nor)\b(?P<a>[^.;]{{3,90}}?)\b(?:is|was|are|were|has been|have been) (?:\w+ly )?{_VERB}"
    rf"|(?P<f>{_MEASURE}(?:(?:,|,? and|,? or) {_MEASURE})*)(?::| (?:is|are|was|were|remains?|stays?)(?: \w+)?) "
    rf"(?:un(?:known|measured|available)|not (?:\w+ )?{_VERB})"
    rf"|(?P<b>[^.;,]{{3,60}}) (?:could|can)(?: ?not|n['’]t) be {_VERB}"
    r"|\b(?:nothing|nobody|no (?:field|line|figure))\b(?: \w+){0,3}"
    r" (?:tells?|says?|say|tell|shows?|records?|indicates?|reveals?)(?: us)? how (?:many|much)\b(?P<e>[^.;,]{3,40})"
    rf"|\b(?:unknown|not known|unclear|not measured)\b[^.;]{{0,12}}\bhow (?:many|much)\b(?P<c>[^.;]{{3,40}})"
    r"|\b(?:gives?|has|have|contains?|names?|with|knows?|is|are) no (?:figure|number|count|data|measurement)s?"
    r" (?:for|of|on|about) (?P<d>[^.;,]{3,40})",
    re.IGNORECASE,
)


def none_measured(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "Neither orders nor revenue were measured", "excess CO₂ could not be determined": of who was alerted."""
    impact = known.report.impact
    excess = impact.carbon.excess_co2_grams
    is_known = {
        "users": impact.users.users_affected or impact.users.users_share,
        "orders": impact.business.source,
        "revenue": impact.business.source,
        "cost": impact.compute.excess_cost_usd,
        "carbon": excess and excess.low > 0,
        "energy": impact.carbon.excess_kwh,
    }
    for found in NONE_MEASURED.finditer(text):
        of = topics(next(filter(None, found.groups())))
        of |= {"carbon"} if re.search(r"\bexcess\b", found[0]) else set()
        is_for_certain = text.startswith((" for certain", " with certainty"), found.end())
        if found["f"] and not is_for_certain and (excess or impact.carbon.actual_co2_grams):
            # Of no excess it is known that there is none.
            is_known = {**is_known, "carbon": True}
        named = {one.text for one in mentions} & known.services
        if of and of <= {*is_known} and named <= {known.report.service}:
            yield judged("state", found, not any(is_known[one] for one in of), "it was measured")


# "Users in europe-west1 experienced the same slowdown".
IN_REGIONS = re.compile(
    r"\b(?:users?|customers?|callers?|clients?|visitors?) (?:in|of|from) (?P<where>[^;.:]{2,60}?) (?:\w+ )?"
    r"(?:experience|feel|felt|see|saw|suffer|notice|face|report)\w*\b(?! (?:no|nothing|none|less|fewer)\b)",
    re.IGNORECASE,
)


def suffered_in(text: str, known: Known) -> Iterator[Claim]:
    """Only where requests of those regions are known to fail or to be slow."""
    worse = {one.subject.region for one in known.levels if one.signal in ("errors", "latency") and one.is_up}
    for found in IN_REGIONS.finditer(text):
        regions = {one for one in known.regions if one in found["where"]}
        if regions:
            holds = None in worse or regions <= worse
            yield judged("state", found, holds, "nothing shows that they did")


_PEOPLE = r"(?:users?|customers?|callers?|clients?|people|visitors?)"
UNNOTICED = re.compile(
    rf"\b{_PEOPLE} (?:are|were|have been) (?:being |not |un-?)?(?:affected|impacted|hit|harmed)\b"
    rf"|\b{_PEOPLE} (?:do|did|does|will|would)(?: not|n['’]t) (?:notice|feel|see|suffer)"
    rf"|\b{_PEOPLE} (?:\w+ )?(?:notice[ds]?|feel|felt|see|saw) (?:nothing|none)\b"
    rf"|\b(?:no|none of the|not a single) {_PEOPLE}\b[^.;,]{{0,20}}\b(?:affected|impacted|hit|notic\w+|harmed)"
    r"|\b(?:nobody|no ?one) notic\w+"
    r"|\bno (?:noticeable |visible |direct )?(?:effect|impact|harm|influence) (?:on|to|for) (?:the )?"
    r"(?:users?|customers?)",
    re.IGNORECASE,
)
NOTICED = re.compile(
    r"(?<!different )(?<!separate )(?<!distinct )\b"
    r"(?:users?|customers?|(?<!two )(?<!three )callers?|clients?) (?:\w+ )?"
    r"(?:notice|feel|see)\b(?! (?:no|nothing|none)\b)",
    re.IGNORECASE,
)


# "Users in asia-east1 saw empty recommendations": what they saw was not measured.
SAW = re.compile(
    r"\b(?:users?|customers?|visitors?|shoppers?)(?: (?:in|of|from) \S+)? (?:\w+ )?"
    r"(?:saw|got|received|were shown|experienced)"
    r" (?P<what>(?!(?:no|is|was|remains|cannot)\b)[^,;.]+)",
    re.IGNORECASE,
)
# "Hardly any user noticed", "many customers complained".
SOME_NOTICED = re.compile(
    r"(?<!how )\b(?:hardly any|(?:only )?(?:a )?few|many|most|several|some|all) (?:of the )?"
    r"(?:users?|customers?|visitors?)\b"
    r"[^,;.]{0,12}\b(?:notic\w+|saw|felt|complained|were|was|had|experienced|left|gave up)\b",
    re.IGNORECASE,
)


# "No user at all was affected": they were not counted.
NONE_AFFECTED = re.compile(
    rf"(?<!usual, )\b(?:no|not a single|not one|none of the|zero) {_PEOPLE}\b[^,;.]{{0,24}}?"
    r"\b(?:affected|impacted|hit|harmed|hurt)\b",
    re.IGNORECASE,
)
# "…, and customers complained": nobody asked them.
COMPLAINED = re.compile(rf"\b{_PEOPLE} (?:\w+ )?(?:complain(?:s|ed)?|churned|gave up|cancell?ed)\b", re.IGNORECASE)


def uncounted(text: str, known: Known) -> Iterator[Claim]:
    """What is said of people without a figure of them."""
    for found in COMPLAINED.finditer(text):
        yield judged("state", found, False, "that was not measured", is_open=True)
    for found in NONE_AFFECTED.finditer(text) if known.report.impact.users.users_affected is None else ():
        yield judged("number", found, False, "how many is not known", is_open=True)


def noticed(text: str, known: Known) -> Iterator[Claim]:
    """ "Users do not notice": where no more requests than usual fail, or are slow."""
    seen = [one for one in known.levels if one.subject == known.scope and one.signal in ("errors", "latency")]
    worse = any(one.is_up for one in seen)
    for found in UNNOTICED.finditer(text):
        if ASKED.search(text[: found.start()]):
            continue
        holds = any(one.signal == "errors" for one in seen) and not worse
        yield judged("state", found, holds, "requests fail or are slow", is_open=not seen)
    for found in SAW.finditer(text):
        if not topics(found["what"]) & {"errors", "latency"}:
            yield judged("state", found, False, "what they saw was not measured", is_open=True)
    for found in SOME_NOTICED.finditer(text) if known.report.impact.users.users_affected is None else ():
        yield Claim("number", found.span(), found[0], holds=False, why="how many is not known", is_open=True)
    for found in NOTICED.finditer(text):
        is_asked = re.search(
            r"\b(?:how many\b[^,;]{0,25}|\d[\d,]*|no|none of the|which|whether) $", text[: found.start()], re.IGNORECASE
        )
        if not is_asked:
            yield judged("state", found, worse, "nothing shows that they do", is_open=not seen)


FAILING = re.compile(
    r"\b(?P<not>nothing) (?:\w+ )?(?:fails?|failed|is failing)\b"
    r"|(?:^|[,;:] |\b(?:because|so|and|while) )(?:the |its )?requests (?:fail|failed|are failing|time out|timed out)\b"
    r"(?! (?:no|less|as|more|in)\b)",
    re.IGNORECASE,
)


def failing(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "Nothing fails", "requests fail": of those who are named, else of what was alerted."""
    services = {one.text for one in mentions} & known.services
    told = [one for one in known.levels if one.signal == "errors"]
    for found in FAILING.finditer(text):
        of = [
            one for one in told if one.subject == known.scope or (not found["not"] and one.subject.service in services)
        ]
        is_up = any(one.is_up for one in of)
        yield judged("direction", found, bool(of) and is_up != bool(found["not"]), "it is otherwise", is_open=not of)


# "Requests have become slow", "it answers sluggishly": of a latency.
SLOW = re.compile(
    r"\b(?:(?:requests?|calls?|answers?|responses?|replies)\b[^,;.]{0,40}? (?:is|are|was|were|be|been|become|became"
    r"|got|get|grew|turned|ran|run) (?:\w+ly |too |very )?(?:slow|sluggish)"
    r"|(?:answers?|answered|responds?|responded|replies|replied|reacts?) (?:too |very )?(?:slowly|sluggishly))\b",
    re.IGNORECASE,
)


def slowness(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of those that are named, else of the alerted service: a latency that rose, or a call that took longer."""
    for found in SLOW.finditer(text):
        if _is_untold(found, text) or conditions.ITS_FIGURE.match(text, found.end()):
            continue
        named = {one.text for one in mentions} & known.services
        levels = [one for one in known.levels if any(word in one.signal for word in SLOWNESS)]
        slow = {one.subject.service for one in levels if went(one) > 0}
        slow |= {service for service in named if _is_in_a_slower_call(service, known)}
        told: set[str | None] = {*named} or {known.report.service, None}
        holds = bool(slow & told)
        is_open = not any(one.subject.service in named for one in levels)
        yield judged("direction", found, holds, "it does not", is_open=is_open)


SLOWNESS = ("latency", "duration", "response", "p95", "p99")


def _is_in_a_slower_call(service: str, known: Known) -> bool:
    slower = [item.result["slower"] for item in known.report.evidence if item.result.get("slower")]
    return any(service in str(one) for one in slower)


NOT_SO = re.compile(
    r"\b(?:no|not|never|nothing|nobody|neither|nor|without|unknown|unclear|whether)\b|n['’]t\b", re.IGNORECASE
)


def _is_untold(found: re.Match[str], text: str) -> bool:
    before = text[context.clause(found.span(), text)[0] : found.start()]
    return bool(NOT_SO.search(before) or IF.search(before))


# "A count of sessions confirms that no user was affected".
_TELLS = r"(?:\w+ly )?(?:confirm|show|prove|tell|say|indicate|reveal|suggest|demonstrate)s?\b"
MEASURED = re.compile(
    r"\b(?P<what>users?|sessions?|customers?|orders?|revenue|emissions|carbon)\b"
    r"(?: of [\w-]+(?:(?:,| in) [\w-]+)?| (?:is|are|was|were) (?:hit|affected|lost|impacted))?"
    r" (?:is|are|was|were|has been) "
    r"(?:known|measured|recorded|counted)\b"
    r"|\b(?:counts?|tall(?:y|ies)|records?|measurements?|surveys?|number) of (?:the |all )?"
    rf"(?P<of>users|sessions|customers) {_TELLS}"
    rf"|\b(?P<by>user|session|customer|order|sale|payment)s?['’]? (?:counts?|data|figures|numbers|records|metrics)"
    rf" {_TELLS}",
    re.IGNORECASE,
)


def measured(text: str, known: Known) -> Iterator[Claim]:
    """ "Emissions were measured": where a figure of them is."""
    impact = known.report.impact
    for found in MEASURED.finditer(text):
        if NONE_OF.search(text[: found.end()]) and not (found["of"] or found["by"]):
            continue
        of = next(filter(None, found.groups())).lower()
        figure = impact.carbon.actual_co2_grams if of in ("emissions", "carbon") else impact.users.users_affected
        figure = impact.business.orders_affected or figure if of.startswith(("order", "revenue")) else figure
        is_seen = of in ("emissions", "carbon") and any(one.signal == "carbon" for one in known.levels)
        yield judged("state", found, figure is not None or is_seen, "it was not measured")


def counts(text: str, known: Known) -> Iterator[Claim]:
    """ "31 orders were counted", "exactly 31 orders": not where they are estimated."""
    for found in COUNTED.finditer(text):
        if NONE_OF.search(text[context.part(found.span(), text)[0] : found.start()]):
            continue
        spoken = topics(text[slice(*context.clause(found.span(), text))])
        if spoken & {"orders", "revenue"}:
            holds = known.report.impact.business.source not in (None, "estimated")
            yield judged("state", found, holds, "it is an estimate")
        elif EXACT.fullmatch(found[0]) and spoken & {"errors", "latency"} and _is_of_requests(found, text):
            failed = known.report.impact.users.requests_failed
            holds = failed is not None and failed.low == failed.high
            yield judged("state", found, holds, "it is an estimate", is_open=failed is None)


# "Exactly 22,808 requests failed": of requests that were estimated from a sample.
EXACT = re.compile(
    r"for certain|certainly|definitely|exactly|precisely|an? (?:exact|precise|accurate) \w+"
    r"|(?:is|was|are|were|been) (?:\w+ly )?counted",
    re.IGNORECASE,
)


def _is_of_requests(found: re.Match[str], text: str) -> bool:
    start, end = context.clause(found.span(), text)
    return bool(re.search(r"\d[\d,.]* (?:\w+ )?requests\b(?! (?:per|a|each|every) )", text[start:end]))


COUNTED = re.compile(
    r"(?<!not )\b(?:(?:is|was|are|were|been) (?:\w+ly )?(?:counted|measured|recorded)"
    r"|(?:counted|measured|recorded|actual)(?= (?:loss|orders?|revenue)\b)|for certain|certainly|definitely"
    r"|exactly|precisely|an? (?:exact|precise|accurate) (?:count|number|figure|value))\b",
    re.IGNORECASE,
)
