"""A model's text without anything that could act: no address, no markup, no command, nothing hidden."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from worker.agent.grounding.text import claims
from worker.agent.settled import contradicts
from worker.domain.redaction.reading import decode
from worker.domain.redaction.redact import redact
from worker.domain.report import Report
from worker.domain.text import CITATION, paragraphs

# What a sentence of ours never needs; looked for as it is written, and as it reads (entities, escapes, full width).
ACTIVE = re.compile(
    r"""
    [a-z][a-z0-9+.-]{0,20}:\s?/[\s/]*/                          # an address
    | \b(?:javascript|data|vbscript|mailto|file|tel):\S         # one without slashes
    | \bwww\d?\. | \S@\S+\.\w
    | \bh(?:tt|xx)ps?\b                                         # but "HTTP 401"
      (?!\s(?:[1-5](?:\d\d|xx)|status|code|error|response|request|call|method|client|server))
    | <\s*[a-z/!?] | [a-z"'/]\s*> | <!--                        # HTML
    | \]\s*[(:] | !\[ | ` | ~~~ | \$\{ | \{\{ | \{% | \$\(    # Markdown, templates, shells
    | ^\s*(?:\#{1,6}\s|[>|]|[-*+]\s\[) | \|\s*(?:ba|z)?sh\b     # headings, tables, pipes
    | \b(?:curl|wget|nslookup|powershell|iex|invoke-\w+|eval|exec|rm\s+-|nc\s+-|base64\s+-|drop\s+table|delete\s+from)\b
    | <[!@\#][^>]{0,80}> | @(?:here|channel|everyone)\b | \[~    # calls of people, in Slack and Jira
    | \{(?:code|html|noformat|panel|color|quote)\b | \bh[1-6]\.\s
    """,
    re.IGNORECASE | re.VERBOSE,
)
# evil.example: a link in many a reader's eyes and software; "java.net.SocketTimeoutException" is none.
DOTTED = re.compile(
    r"(?<![\w.])(?!(?:\w{1,63}\.){1,8}[A-Z][a-z]+[A-Z]\w*(?!\.?[\w/-]))"
    r"[\w-]{1,63}(?:\.[\w-]{1,63})*\.[^\W\d_]{2,24}(?![\w-])(?:/\S*)?"
    # Of a network within (RFC 1918, 3927) a log line may tell.
    r"|(?<![\w.-])(?!10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.)\d{1,3}(?:\.\d{1,3}){3}(?![\w.-]*[\w-])"
)
SENTENCE = re.compile(rf".+?(?:[.!?…\u3002\uff01\uff1f]+(?:[\"')\]]*)(?:\s*{CITATION}[.!?]?)*(?=\s|$)|$)", re.DOTALL)


class Neutral(NamedTuple):
    """`removed` counts the sentences that were taken out."""

    text: str
    removed: int


def neutralise(text: str, report: Report) -> Neutral:
    """Without the sentences that could act, and those that say otherwise than what is settled."""
    names = names_of(report)
    told = lines_told(report)
    kept: list[str] = []
    removed = 0
    for paragraph in paragraphs(visible(text)):
        sentences = [one.strip() for one in SENTENCE.findall(paragraph) if one.strip()]
        harmless = [one for one in sentences if not _is_harmful(one, report, names, told)]
        removed += len(sentences) - len(harmless)
        kept += [" ".join(harmless)] if harmless else []
    return Neutral(redact("\n".join(kept)), removed)


def _is_harmful(sentence: str, report: Report, names: frozenset[str], told: frozenset[str]) -> bool:
    quoting = [one for one in claims.quotations(sentence) if any(one in line for line in told)]
    return is_active(sentence, names, quoting) or contradicts(sentence, report, names, quoting)


def is_active(sentence: str, names: frozenset[str], quoting: Iterable[str] = ()) -> bool:
    """`quoting`: what it may quote although there is a host's name in it; an address may never be there."""
    reading = decode(sentence)
    return any(_acts(one, names, quoting) for one in ([sentence, reading.text] if reading else [sentence]))


def _acts(sentence: str, names: frozenset[str], quoting: Iterable[str]) -> bool:
    without = _own_addresses(names).sub("name", sentence)
    for name in sorted((one for one in names if "." in one and one in without), key=len, reverse=True):
        without = without.replace(name, "name")
    if ACTIVE.search(re.sub(CITATION, " ", without)):
        return True
    for line in quoting:
        without = without.replace(line, "line")
    return bool(DOTTED.search(without))


@lru_cache(maxsize=16)
def _own_addresses(names: frozenset[str]) -> re.Pattern[str]:
    """ "POST http://ledger/entries timed out": what a service of the report is called by leads nobody out of it."""
    hosts = "|".join(sorted(re.escape(one) for one in names if re.fullmatch(r"[A-Za-z][\w-]{0,62}", one)))
    return re.compile(rf"\bhttps?://(?:{hosts or '(?!)'})(?::\d{{1,5}})?(?:/[\w/%-]*)?(?!\.?[\w@:/%-])")


def lines_told(report: Report) -> frozenset[str]:
    """The log lines that the report itself quotes: who repeats them shows nobody anything new."""
    sections = report.sections.model_dump().values()
    own = [one.reason for one in report.candidates] + [text for text in sections if isinstance(text, str)]
    return frozenset(line for text in own for line in claims.quotations(text))


def visible(text: str) -> str:
    """Without characters that are not seen, and those that turn the direction of writing."""
    return "".join(
        letter for letter in text if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co")
    )


def names_of(report: Report) -> frozenset[str]:
    """Names that a sentence may hold as they are; one that would act is not among them."""
    of_candidates = [
        name
        for one in (*report.candidates, *([report.root_cause] if report.root_cause else []))
        for name in (one.service, one.region, one.deployment_id, one.version, one.error_type, one.metric)
    ]
    names = {name for name in (report.service, report.region, *of_candidates) if name}
    return frozenset(name for name in names if _is_harmless(name) and len(name) <= 200)


# A database's address as a service is called: "adoptions@db.us-west-2.rds.amazonaws.com".
MAILLIKE = re.compile(r"[\w.+-]+@[\w.:-]+")


def _is_harmless(name: str) -> bool:
    """One with an @ may stay where it is whole what redaction lets stand, and would not act without it."""
    if MAILLIKE.fullmatch(name) and redact(name) == name:
        name = name.replace("@", ".")
    return not ACTIVE.search(name)
