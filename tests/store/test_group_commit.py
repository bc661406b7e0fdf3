"""Group commit: few writes, each caller its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from worker.store.group_commit import GroupCommit


class Recorder:
    """Writes when it is let; remembers the groups it was given."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.was_asked = asyncio.Event()
        self.may_write = asyncio.Event()
        self.may_write.set()

    async def write(self, group: Sequence[int]) -> list[int]:
        self.groups.append(list(group))
        self.was_asked.set()
        await self.may_write.wait()
        if 13 in group:
            raise OSError("unlucky")
        return [number * 10 for number in group]


async def test_everybody_gets_its_own_answer() -> None:
    commits = GroupCommit(Recorder().write, limit=500, seconds=60)
    answers = await asyncio.gather(*(commits.commit(number) for number in range(100, 200)))
    assert answers == [number * 10 for number in range(100, 200)]


async def test_what_arrives_during_a_write_goes_into_the_next_together() -> None:
    recorder = Recorder()
    recorder.may_write.clear()
    commits = GroupCommit(recorder.write, limit=500, seconds=60)
    first = asyncio.create_task(commits.commit(1))
    await recorder.was_asked.wait()
    others = [asyncio.create_task(commits.commit(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    recorder.may_write.set()
    assert await asyncio.gather(first, *others) == [10, 20, 30, 40]
    assert recorder.groups == [[1], [2, 3, 4]]


async def test_groups_are_not_larger_than_the_limit() -> None:
    recorder = Recorder()
    commits = GroupCommit(recorder.write, limit=3, seconds=60)
    await asyncio.gather(*(commits.commit(number) for number in range(20, 30)))
    assert [len(group) for group in recorder.groups] == [3, 3, 3, 1]


async def test_a_failed_group_fails_all_of_it_and_nothing_after_it() -> None:
    commits = GroupCommit(Recorder().write, limit=2, seconds=60)
    answers = await asyncio.gather(*(commits.commit(number) for number in (13, 14, 15)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [OSError, OSError, int]


async def test_a_caller_that_gives_up_leaves_the_others_their_answers() -> None:
    recorder = Recorder()
    recorder.may_write.clear()
    commits = GroupCommit(recorder.write, limit=500, seconds=60)
    impatient, patient = (asyncio.create_task(commits.commit(number)) for number in (1, 2))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(impatient, 0.01)
    recorder.may_write.set()
    assert await patient == 20


async def test_closing_waits_for_what_was_handed_in() -> None:
    recorder = Recorder()
    commits = GroupCommit(recorder.write, limit=1, seconds=60)
    handed_in = [asyncio.create_task(commits.commit(number)) for number in (1, 2)]
    await asyncio.sleep(0)
    await commits.close()
    assert [task.result() for task in handed_in if task.done()] == [10, 20]
    assert commits.waiting == 0


async def test_whoever_waits_too_long_is_told_so_and_those_behind_are_not() -> None:
    recorder = Recorder()
    recorder.may_write.clear()
    commits = GroupCommit(recorder.write, limit=1, seconds=0.05)
    early = [asyncio.create_task(commits.commit(number)) for number in (1, 2)]
    answers = await asyncio.gather(*early, return_exceptions=True)
    assert [type(answer) for answer in answers] == [TimeoutError, TimeoutError]
    late = asyncio.create_task(commits.commit(3))
    await asyncio.sleep(0)
    recorder.may_write.set()
    assert await late == 30
    assert recorder.groups == [[1], [2], [3]]
    await commits.close()
