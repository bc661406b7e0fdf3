"""Two readings at once: while the engine works on one, the other is decoded."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Result = TypeVar("Result")


def in_background(work: Callable[[], Result]) -> Future[Result]:
    """Begins `work` in a thread of its own, within the caller's trace; whoever wants its result gets its error, too."""
    thread = ThreadPoolExecutor(max_workers=1)
    begun = thread.submit(copy_context().run, work)
    # It ends with its work. One that is kept would be missing after a fork.
    thread.shutdown(wait=False)
    return begun
