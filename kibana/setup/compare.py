"""What is wanted, what is there, and what was applied last: who changed which field, and what is to be written.

Three versions of one thing, field by field, as a merge of text compares lines. A field that only we changed is
written; a field that somebody changed in Kibana is theirs and stays, whatever we changed, until we are told otherwise.
Pure: JSON-like values in, values out. A list is one value; lists whose items are merged one by one come in as objects.
A field is a value in all three versions or an object in all three, as the schemas of Kibana have it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

Json = dict[str, Any]
Path = tuple[str, ...]


class _Absent:
    def __repr__(self) -> str:
        return "(nothing)"


ABSENT: Final = _Absent()
Flat = dict[Path, Any]


class Take(StrEnum):
    """Whose side is taken where a field was changed in Kibana."""

    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True)
class Change:
    """One field. ABSENT stands for a field that is not there."""

    path: Path
    before: Any
    after: Any

    @property
    def field(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class Applied:
    """What was applied last: what we `sent`, and what Kibana made of it (`seen`, defaults filled in).

    `accepted` are fields of theirs that somebody has agreed to: theirs still, and no longer worth a word.
    """

    sent: Json
    seen: Json
    accepted: tuple[Change, ...] = ()


NOTHING_APPLIED = Applied(sent={}, seen={})


@dataclass(frozen=True)
class Merge:
    """`body` is what is to be there in the end, `changes` lead to it.

    `theirs` are the fields that stay as they were changed in Kibana: `before` is theirs, `after` what we want.
    """

    body: Json
    changes: list[Change]
    theirs: list[Change]
    accepted: tuple[Change, ...] = ()

    @property
    def kept(self) -> list[Change]:
        """Of theirs, what nobody has agreed to yet."""
        return [change for change in self.theirs if not any(_same_change(change, one) for one in self.accepted)]


def merge(desired: Json, observed: Json, applied: Applied | None, take: Take | None = None) -> Merge:
    """One thing that exists. Without `applied` nobody knows who wrote what differs: it counts as theirs."""
    wanted, there = flatten(desired), flatten(observed)
    last = applied or NOTHING_APPLIED
    sent, seen = flatten(last.sent), flatten(last.seen)
    result, changes, theirs = dict(there), list[Change](), list[Change]()
    for path in sorted({*wanted, *sent}):
        change = Change(path, there.get(path, ABSENT), wanted.get(path, ABSENT))
        if same(change.before, change.after):
            continue
        is_theirs = not same(change.before, seen.get(path, ABSENT)) or applied is None
        if is_theirs and take is not Take.OURS:
            theirs.append(change)
        elif is_theirs or not same(sent.get(path, ABSENT), change.after):
            changes.append(change)
            _set(result, change)
    if applied:
        theirs += _additions(wanted, there, sent, seen)
    accepted = tuple(theirs) if take is Take.THEIRS else last.accepted
    return Merge(nest(result), changes, theirs, accepted)


def _additions(wanted: Flat, there: Flat, sent: Flat, seen: Flat) -> list[Change]:
    """What was added in Kibana beside what is ours: it always stays."""
    others = [path for path in there if path not in wanted and path not in sent]
    return [Change(path, there[path], ABSENT) for path in others if not same(there[path], seen.get(path, ABSENT))]


def settle(done: Merge, desired: Json, observed: Json, applied: Applied | None) -> Applied:
    """What to remember now that `observed` is there: of what is theirs, what we had applied before they changed it."""
    last = applied or NOTHING_APPLIED
    sent, seen = flatten(desired), flatten(observed)
    for change in done.theirs:
        _keep(sent, flatten(last.sent), change.path)
        _keep(seen, flatten(last.seen), change.path)
    accepted = tuple(one for one in done.accepted if any(_same_change(one, change) for change in done.theirs))
    return Applied(nest(sent), nest(seen), accepted)


def _keep(flat: Flat, before: Flat, path: Path) -> None:
    flat.pop(path, None)
    if path in before:
        flat[path] = before[path]


def _same_change(left: Change, right: Change) -> bool:
    return left.path == right.path and same(left.before, right.before) and same(left.after, right.after)


def _set(flat: Flat, change: Change) -> None:
    if change.after is ABSENT:
        flat.pop(change.path, None)
    else:
        flat[change.path] = change.after


def same(left: Any, right: Any) -> bool:
    """Equal as JSON is: 1 and 1.0 are, 1 and true are not."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


def flatten(value: Mapping[str, Any]) -> Flat:
    """By path. An object without fields is as good as none: what somebody adds to it is an addition."""
    return dict(_leaves(value, ()))


def _leaves(value: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    for key, item in value.items():
        if isinstance(item, Mapping):
            yield from _leaves(item, (*path, key))
        else:
            yield (*path, key), item


def nest(flat: Flat) -> Json:
    result: Json = {}
    for path, value in flat.items():
        target = result
        for key in path[:-1]:
            target = target.setdefault(key, {})
        target[path[-1]] = value
    return result
