"""Decides how many instances a queue's group has: by what waits there, as often as a scale controller looks."""

import asyncio
import logging
import math
from collections.abc import Sequence

from emulated_azure.functions.groups import Group
from emulated_azure.functions.queues import Listening
from emulated_azure.storage.client import StorageError
from emulation.clock import Clock

LOOK_SECONDS = 5.0  # on the emulated clock
LEAST_LOOK_SECONDS = 0.2  # real
IDLE_SECONDS = 600.0  # on the emulated clock
LEAST_IDLE_SECONDS = 2.0  # real
_log = logging.getLogger(__name__)


def wanted(waiting: int, listening: Listening) -> int:
    """Instances for so many messages."""
    return math.ceil(waiting / (listening.settings.batch + listening.settings.threshold))


async def control(groups: Sequence[Group], queues: Sequence[Listening], clock: Clock) -> None:
    """For ever: start instances where messages wait, remove idle ones everywhere."""
    look = max(LEAST_LOOK_SECONDS, clock.real_seconds(LOOK_SECONDS))
    idle = max(LEAST_IDLE_SECONDS, clock.real_seconds(IDLE_SECONDS))
    while True:
        await asyncio.gather(*(_look(listening) for listening in queues))
        for group in groups:
            group.trim(idle)
        await asyncio.sleep(look)


async def _look(listening: Listening) -> None:
    try:
        waiting = await listening.storage.queue_length(listening.queue)
    except StorageError as error:
        _log.warning("%s: %s", listening.queue, error)
        return
    await listening.group.scale_to(wanted(waiting, listening))
