"""How much of the corpus is redacted, and how much ordinary text is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from evaluation.redaction.corpus import Labelled
from worker.domain.redaction.reading import decode
from worker.domain.redaction.redact import redact

# So many characters of a secret that are left make it a leak.
FRAGMENT = 6


class Recall(NamedTuple):
    """Of one kind: texts, those in which nothing of the secret is left, and the forms of the others."""

    kind: str
    texts: int
    redacted: int
    missed: tuple[str, ...]


def recall(corpus: Iterable[Labelled]) -> list[Recall]:
    kinds: dict[str, list[Labelled]] = {}
    for one in corpus:
        kinds.setdefault(one.kind, []).append(one)
    return [_of_kind(kind, texts) for kind, texts in kinds.items()]


def _of_kind(kind: str, texts: list[Labelled]) -> Recall:
    missed = [one for one in texts if leaks(one.secret, redact(one.text))]
    return Recall(kind, len(texts), len(texts) - len(missed), tuple(sorted({one.form for one in missed})))


def leaks(secret: str, text: str) -> bool:
    """Whether FRAGMENT characters in a row of `secret`, or all of a shorter one, can be read in `text`."""
    return bool(left_of([secret], text))


def left_of(secrets: Iterable[str], text: str) -> list[str]:
    """Those of which something can be read."""
    reading = decode(text)
    readings = f"{text}\n{reading.text}" if reading else text
    return [secret for secret in secrets if any(fragment in readings for fragment in _fragments(secret))]


def _fragments(secret: str) -> Iterator[str]:
    length = min(FRAGMENT, len(secret))
    return (secret[at : at + length] for at in range(len(secret) - length + 1))


def changed(texts: Iterable[str]) -> list[tuple[str, str]]:
    """(text, redacted) of those that are not left as they are."""
    return [(text, redacted) for text in texts if (redacted := redact(text)) != text]
