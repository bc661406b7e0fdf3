"""Verbs of cause that blame nobody: what a figure amounts to, who contributes, why a rule fired."""

from __future__ import annotations

import re

from worker.agent.grounding.text import claims

# What blames nobody: "a thousand requests caused 82.3 mgCO₂e", "checkout was responsible for 7.5 g", "the spike that
# raised the alert", "who contributes to the rise", "since the version stayed".
BLAMELESS = (
    re.compile(
        r"\brequests? (?P<verb>caus(?:ed?|es))(?= (?:about |roughly |around )?(?:\d|as much\b|the (?:same )?CO))",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?<!retries )(?<!errors )(?<!work )(?<!failures )(?P<verb>\b(?:is|was|are|were) responsible for)"
        r"(?= (?:about |roughly |around |some )?[\d.,]+ ?(?:[mk]?g|grams|[mk]?gCO₂e)\b(?! of ))",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:spike|rise|value|reading)s? (?P<verb>(?:that|which) (?:raised|triggered|caused) the (?:alert|alarm))",
        re.IGNORECASE,
    ),
    re.compile(
        r"^\W*(?P<verb>it was (?:the|a) (?:\w+ )?(?:rule|limit|threshold)\b[^,;]{0,60}? (?:that|which)"
        r" (?:raised|triggered|fired|caused) (?:the|this) (?:alert|alarm))",
        re.IGNORECASE,
    ),
    # "A share that chance explains": as many as usual, which is checked.
    re.compile(r"\b(?:that|which|what) chance (?P<verb>explains|accounts for|brings about)\b", re.IGNORECASE),
    # "…, so it rather suffers than causes the trouble": of whom it is told (`relations`).
    re.compile(
        r"(?P<verb>,? (?:so|and) (?:it|they) (?:(?:rather|more) suffers? than|suffers? rather than) caus(?:es?|ing)"
        r"(?: (?:it|this|that|the \w+))?)",
        re.IGNORECASE,
    ),
    # "How much of the excess comes from retries cannot be told".
    re.compile(
        r"\bhow much of (?:it|the [\w ]{1,20}?) (?P<verb>comes? from|is due to|stems? from)"
        r"(?=.*\b(?:not|cannot|un\w+|open)\b)",
        re.IGNORECASE,
    ),
    # "Neither points to a problem", "there is nothing to explain": whether there is one is a state.
    re.compile(
        r"(?P<verb>\bpoints? to) (?:an?|any) (?:\w+ )?(?:problem|incident|issue|deviation)\b"
        r"(?! (?:of|in|with|at|on)\b)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:nothing|no (?:\w+ )?(?:deviation|rise|spike|excess|incident)) (?P<verb>to (?:be )?explain(?:ed)?\b)"
        r"(?! (?:why|how|that)\b)",
        re.IGNORECASE,
    ),
    re.compile(r"\b(?P<verb>(?:who|which (?:service|region)s?) contribut\w+ to)\b", re.IGNORECASE),
    re.compile(
        r"(?P<verb>,? (?:since|as|because)) (?:the|its) version (?:remain|stay|did not change|is still)",
        re.IGNORECASE,
    ),
)


def without(text: str) -> str:
    """The text with blanks for them, so that nothing is read as a cause."""
    return claims.blanked(text, [found.span("verb") for words in BLAMELESS for found in words.finditer(text)])
