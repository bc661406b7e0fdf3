"""From a draft to the answer: sections, Markdown in which nothing but our own words is markup, and documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import groupby

from worker.answering.answer import ANSWER, Answer, NotUnderstood
from worker.answering.asking import Asking, Draft
from worker.answering.incidents import incident_document, other_document
from worker.answering.understand import EXAMPLES, Taken
from worker.domain.redaction.redact import redact
from worker.domain.text import one_line
from worker.markdown import escape as escape_all
from worker.markdown import section_title

LONGEST_QUESTION = 300


def _shown_parts(taken: Taken) -> list[NotUnderstood]:
    """The asker's own words, which may hold what should not be repeated."""
    return [NotUnderstood(redact(one.text), redact(one.reason)) for one in taken.not_understood]


def answer_of(question: str, taken: Taken, draft: Draft, asking: Asking) -> Answer:
    lines = "\n".join(draft.lines)
    six = {**draft.report.sections.model_dump(), **draft.sections} if draft.report else {}
    sections: dict[str, str | list[str]] = six or {ANSWER: lines}
    not_understood = _shown_parts(taken)
    return Answer(
        question=shown(question),
        understood=taken.understood,
        not_understood=not_understood,
        direct=lines if draft.report else "",
        sections=sections,
        text=markdown(
            draft.lines if draft.report else [],
            sections,
            [*draft.closing, *left_out(not_understood)],
            asking.exhibits.places.public_url,
        ),
        evidence=asking.exhibits.items,
        charts=draft.charts,
        incidents=[
            *(incident_document(one, asking) for one in draft.incidents),
            *(other_document(one) for one in draft.others),
        ],
        reports=draft.reports,
        closing="\n".join(draft.closing),
        offer=draft.offer,
        explained=draft.report,
    )


def worded(answer: Answer, words: str, *, public_url: str) -> Answer:
    """The answer with `words` behind its own opening; where nothing was understood, before what it says of that."""
    if ANSWER not in answer.sections:
        answer = replace(answer, direct=f"{answer.direct}\n{words}".strip())
    else:
        own = str(answer.sections[ANSWER])
        said = [words, own] if answer.understood.topic is None else [own, words]
        answer = replace(answer, sections={ANSWER: "\n".join(said)})
    text = markdown(answer.direct.splitlines(), answer.sections, answer.closing.splitlines(), public_url)
    return replace(answer, text=text, words=words)


def refused(question: str, taken: Taken) -> Answer:
    """What was not understood, and what can be asked instead."""
    not_understood = _shown_parts(taken)
    lines = [*(one.reason for one in not_understood), "For example:", *(f"- {one}" for one in EXAMPLES)]
    sections: dict[str, str | list[str]] = {ANSWER: "\n".join(_sentence(line) for line in lines)}
    return Answer(
        question=shown(question),
        understood=taken.understood,
        not_understood=not_understood,
        sections=sections,
        text=markdown([], sections, [], ""),
    )


def shown(question: str) -> str:
    """The question as it is repeated: on one line, without secrets, and not for ever."""
    return redact(one_line(question[:LONGEST_QUESTION]))


def _sentence(text: str) -> str:
    if text.startswith("- ") or text.endswith((".", "?", ":")):
        return text[:1].upper() + text[1:]
    return f"{text[:1].upper()}{text[1:]}."


def left_out(not_understood: Iterable[NotUnderstood]) -> list[str]:
    return [f'Left out: "{one.text}" ({one.reason}).' for one in not_understood]


def markdown(
    opening: Iterable[str], sections: Mapping[str, str | list[str]], closing: Iterable[str], public_url: str
) -> str:
    """Nothing in it is markup but headings, lists, and addresses of our own pages."""
    escape = partial(_escaped, public_url=public_url)
    blocks = [*_blocks(opening, escape)]
    for name, text in sections.items():
        if name != ANSWER:
            blocks.append(f"## {escape_all(section_title(name))}")
        if isinstance(text, list):
            blocks.append("\n".join(f"{index}. {escape(line)}" for index, line in enumerate(text, 1)))
        else:
            blocks += _blocks(text.splitlines(), escape)
    return "\n\n".join(block for block in [*blocks, *_blocks(closing, escape)] if block) + "\n"


def _blocks(lines: Iterable[str], escape: Callable[[str], str]) -> Iterator[str]:
    """Paragraphs, and items that follow each other as one list."""
    for is_list, group in groupby(lines, key=lambda line: line.startswith("- ")):
        if is_list:
            yield "\n".join(f"- {escape(line[2:])}" for line in group)
        else:
            yield from (escape(line) for line in group if line.strip())


def _escaped(text: str, *, public_url: str) -> str:
    """Only what leads to our own pages is a link: any other address may come from telemetry."""
    if not public_url:
        return escape_all(text)
    ours = re.compile(rf"({re.escape(public_url)}/[A-Za-z0-9/_.#-]+)")
    pieces = ours.split(text)
    return "".join(f"<{piece}>" if index % 2 else _kept_apart(piece) for index, piece in enumerate(pieces))


def _kept_apart(piece: str) -> str:
    """With the spaces at its ends, which stand between words and a link."""
    inner = piece.strip()
    if not inner:
        return piece
    before, _, after = piece.partition(inner)
    return f"{before}{escape_all(inner)}{after}"
