"""What somebody else says of a failure, made fit for an error's reason: one line, short, and without a secret."""

from __future__ import annotations

from collections.abc import Sequence

from worker.delivery.http import LONGEST_SENTENCE, forms_of
from worker.delivery.words import cut
from worker.domain.text import one_line


def quoted(text: str, secrets: Sequence[str]) -> str:
    for secret in forms_of(secrets):
        text = text.replace(secret, "[secret]")
    return cut(one_line(text), LONGEST_SENTENCE)
