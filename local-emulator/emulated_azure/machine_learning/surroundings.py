"""What all parts of the workspace share: where it is, waiting on the fast clock, telling Event Grid."""

import asyncio
import time
import uuid
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any

from emulated_azure.ports import Chaos, Clock, Publish

SOURCE = "Microsoft.MachineLearningServices"


class Surroundings:
    """Of one emulator; its loop is the one that serves requests."""

    def __init__(self, clock: Clock, chaos: Chaos, publish: Publish) -> None:
        self._clock = clock
        self._publish = publish
        self._tasks: set[asyncio.Task[None]] = set()
        self.chaos = chaos

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work* beside the requests, until it ends or the emulator does."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def wait(self, emulated_seconds: float) -> None:
        """Wait on the fast clock."""
        await asyncio.sleep(self._clock.real_seconds(emulated_seconds))

    async def tell(self, workspace: str, kind: str, subject: str, data: Mapping[str, Any]) -> None:
        """Give Event Grid an event of *workspace*; the chaos decides whether twice."""
        event = {
            "id": str(uuid.uuid4()),
            "topic": workspace,
            "subject": subject,
            "eventType": f"{SOURCE}.{kind}",
            "eventTime": instant(),
            "data": dict(data),
            "dataVersion": "",
            "metadataVersion": "1",
        }
        for _ in range(2 if self.chaos.strikes("ml_duplicates") else 1):
            await self._publish(event)

    async def stop(self) -> None:
        """End what still waits."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def instant() -> str:
    """Now, as ARM writes it."""
    return datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
