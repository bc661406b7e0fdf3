"""Of which level a log line is said to be, and whether it is an error: as its pattern was read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report import log
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Found, judged

_LINE = r"(?:lines?|entr(?:y|ies)|messages?|patterns?)"
_LEVEL = r"(?:INFO|WARN(?:ING)?|DEBUG|ERROR|FATAL|TRACE|NOTICE)"
_WHETHER = r"(?:,? (?:and |but |so )?(?P<{}>(?:is )?(?:not|no) (?:an )?errors?\b|(?:is )?an error\b))?"
# "It is a log line of level INFO, not an error", "an INFO line of cart".
OF_LEVEL = re.compile(
    rf"\b{_LINE}\b[^,;.]{{0,30}}? (?:of|at|with|on) (?:the )?(?:log )?level (?P<behind>{_LEVEL})\b"
    rf"{_WHETHER.format('a')}"
    rf"|\b(?P<before>{_LEVEL}) (?:log )?{_LINE}\b{_WHETHER.format('b')}"
)
SPELLED = re.compile(rf"\b{_LEVEL}\b")


def of_level(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the patterns of whom it names, else of whom was spoken."""
    of = {one.text for one in mentions} & known.services or known.about
    patterns = [one for one in log.patterns(known.report) if one.get("service") in of]
    for found in OF_LEVEL.finditer(text) if patterns else ():
        level, told = found["behind"] or found["before"], found["a"] or found["b"]
        own = [one for one in patterns if level in SPELLED.findall(f"{one['text']} {one.get('example', '')}")]
        if told:
            own = [one for one in own if bool(one.get("is_error")) != bool(re.search(r"\bno", told))]
        yield judged("message", found, bool(own), "its lines are of another level")
