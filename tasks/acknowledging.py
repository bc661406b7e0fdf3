"""What a worker does when the broker does not take its acknowledgement."""

from __future__ import annotations

from typing import Any

from celery.worker.request import Request
from kombu.transport import virtual


class ReleasingRequest(Request):
    """A message that leaves the worker's hands even if the broker could not be told.

    Kombu counts what it handed out and was not told back of, and hands out no more than the worker may hold: so a
    broker that hangs while a task ends would cost the worker one of its places for as long as it lives. The broker
    hands such a message out again after the visibility timeout, and whoever takes it finds it done.
    """

    def acknowledge(self) -> None:
        super().acknowledge()
        _release(self.message)

    def reject(self, requeue: bool = False) -> None:
        super().reject(requeue=requeue)
        _release(self.message)


def _release(message: Any) -> None:
    qos = message.channel.qos
    try:
        qos.get(message.delivery_tag)
    except KeyError:
        return
    # That of all transports: it only counts, and is harmless where the message was acknowledged.
    virtual.QoS.ack(qos, message.delivery_tag)  # type: ignore[no-untyped-call]
