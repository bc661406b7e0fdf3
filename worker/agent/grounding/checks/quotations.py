"""Whether what is quoted stands in a line that was read, of the service that it is said to be of."""

from __future__ import annotations

import re

from worker.agent.grounding.report import roster
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import claims
from worker.agent.grounding.text.claims import Claim, Found, Span


def quotations(text: str, known: Known) -> list[Claim]:
    """What is quoted stands in a line that was read, of the service that it is said to be of."""
    matches = list(claims.QUOTED.finditer(text))
    if not matches:
        return []
    lines = [claims.even(line) for line in known.lines if line]
    mentions = roster.mentions(text, known)
    found = []
    for match in matches:
        said = claims.even(claims.quoted(match).rstrip("….,")).strip()
        why = ""
        if not any(said in line for line in lines) and said not in map(claims.even, known.names):
            why = "nothing that was read says so"
        elif not _is_of_its_service(said, match.span(), text, mentions, known):
            why = "another service says so"
        found.append(Claim("quotation", match.span(), match[0], not why, why))
    return found


def _is_of_its_service(said: str, span: Span, text: str, mentions: list[Found], known: Known) -> bool:
    """Of the one that was named last before it, or of one right behind it."""
    owners = {service for service, lines in known.logged.items() if any(said in claims.even(line) for line in lines)}
    services = [one for one in mentions if one.text in known.services]
    outside = [
        one
        for one in services
        if not span[0] <= one.span[0] < span[1]
        and not re.search(r"\b(?:to|towards|with|against|about|names?|naming|named)(?: the)? $", text[: one.span[0]])
    ]
    named = [one for one in outside if one.span[1] <= span[0]]
    # "payments failed before ledger, and its errors read …".
    is_its = named and re.search(r"\b(?:its|their)\b", text[named[-1].span[1] : span[0]])
    before = [one.text for one in (named if is_its else named[-1:])]
    behind = [one.text for one in outside if one.span[0] >= span[1] and OF_WHOM.search(text[: one.span[0]])]
    if not (before or behind) and ITS.search(text[: span[0]]):
        # "Its errors read …": of whom the sentence before spoke.
        before = sorted(known.about)
    return not owners or "" in owners or not (before or behind) or bool(owners & {*before, *behind[:1]})


# "…" of payments, "…" is what payments logged, "…", says payments.
OF_WHOM = re.compile(
    r"\b(?:of|in|by|from|for|is what|was what|says|say|said|reads|logs|logged|reports|reported|complains) (?:the )?$"
)
ITS = re.compile(r"^\W*(?:its|their)\b", re.IGNORECASE)
