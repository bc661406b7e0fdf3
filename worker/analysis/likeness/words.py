"""Words as they are compared: of one form, without those that every incident has, abbreviations written out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import log, sqrt

# `PoolTimeout` and `OOMKilled` are two words each; of `deploy-8841` the number is none.
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
WORD = re.compile(r"[^\W\d_]+(?:\d+[^\W\d_]+)*")
SHORTEST = 3
_COMMON = """
about above after again all also and any are because been before behind being below between both but came can cause
could did does doing done down during each few for from got had has have her here him his how however into its just
less like made many minute more most much next not now off once one only other our out over own per same second
see several she should since some still such than that the their them then there these they this those three time
told too took two under until very via was were what when where which while who whose why will with within without
would you hour day night morning evening monday tuesday wednesday thursday friday saturday sunday
exception error fail request service incident usual usually spiketrace unknown times
"""
COMMON = frozenset(_COMMON.split())
# What people who keep services running write for the same thing. General words of the trade, each group one meaning.
GROUPS = (
    "database db postgres postgresql mysql sql",
    "certificate cert tls ssl x509",
    "memory oom heap",
    "cpu processor core",
    "timeout timed hang hung stall stuck",
    "deployment deploy release rollout ship",
    "rollback revert undo",
    "queue backlog lag",
    "cache redis memcached",
    "provider vendor psp carrier",
    "throttle ratelimit quota",
    "credential password secret key token",
    "dns resolve resolver lookup",
    "traffic visitor surge",
    "retry retries",
    "disk volume storage",
    "latency slow slowly slower slowness",
    "crash panic segfault",
    "replica replication failover primary",
    "schedule cron batch",
    "crawler bot scraper",
    "configuration config setting flag",
    "thread goroutine",
    "exhausted exhaust drained deplete",
    "expired expire expiry",
    "refused reject denied deny unauthorized forbidden",
)
# Endings that tell forms of one word apart; what is left keeps at least three letters.
_ENDINGS = "ization ation ingly iness ment ing edly ion ed er ly al e"
ENDINGS = tuple(_ENDINGS.split())


def stem(word: str) -> str:
    """What a word has in common with its other forms: retries, retried → retry; stopped, stops → stop."""
    singular = _singular(word)
    for ending in ENDINGS:
        if singular.endswith(ending) and len(singular) - len(ending) >= SHORTEST:
            return _single(singular.removesuffix(ending))
    return singular


def _singular(word: str) -> str:
    for ending, instead in (("ies", "y"), ("ied", "y"), ("sses", "ss"), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 2 and not word.endswith("ss"):
            return word.removesuffix(ending) + instead
    return word


def _single(left: str) -> str:
    """stopped, running: the doubled letter came with the ending."""
    is_doubled = len(left) > SHORTEST and left[-1] == left[-2] and left[-1] not in "ls"
    return left[:-1] if is_doubled else left


MEANT = {stem(word): group.split()[0] for group in GROUPS for word in group.split()}
NO_WORDS = frozenset(stem(word) for word in COMMON)


def words(text: str) -> list[str]:
    """Without numbers and what every incident has, each under the one word of its meaning."""
    return [meant for meant, _ in _read(text)]


@lru_cache(maxsize=1024)  # The same history is compared with every alert.
def _read(text: str) -> tuple[tuple[str, str], ...]:
    """(the word of its meaning, the word as it stands there)."""
    found = WORD.findall(HUMP.sub(" ", text).lower())
    return tuple((meant, word) for word in found if (meant := _meant(word)))


@lru_cache(maxsize=8192)
def _meant(word: str) -> str | None:
    if len(word) < SHORTEST or word in COMMON:
        return None
    stemmed = stem(word)
    return MEANT.get(stemmed) or (None if stemmed in NO_WORDS else stemmed)


class Texts:
    """How alike a text is to others, by the words that few of the others have.

    Cosine of words weighed by their inverse document frequency (Spärck Jones, 1972; smoothed as in BM25), each counted
    once. The frequencies are those of the given texts and of no index, so that the same texts always give the same.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = [dict(_read(text)) for text in texts]
        seen = Counter(word for text in self._texts for word in text)
        count = len(self._texts)
        self._weight = {word: log(1 + (count - n + 0.5) / (n + 0.5)) for word, n in seen.items()}
        # What no text has says no more than what one has: else a long question would be like nothing.
        self._unseen = log(1 + max(0.5, count - 0.5) / 1.5)

    def weight(self, word: str) -> float:
        return self._weight.get(word, self._unseen)

    def likeness(self, text: str) -> list[tuple[float, list[str]]]:
        """Of each: 0–1, and its words that the text has too, the rarest first."""
        asked = frozenset(words(text))
        length = self._length(asked)
        return [self._compared(asked, length, known) for known in self._texts]

    def _compared(self, asked: frozenset[str], length: float, known: dict[str, str]) -> tuple[float, list[str]]:
        shared = sorted(asked & known.keys(), key=lambda word: (-self.weight(word), word))
        if not shared:
            return 0.0, []
        likeness = sum(self.weight(word) ** 2 for word in shared) / (length * self._length(known))
        return likeness, [known[word] for word in shared]

    def _length(self, text: Iterable[str]) -> float:
        return sqrt(sum(self.weight(word) ** 2 for word in text)) or 1.0
