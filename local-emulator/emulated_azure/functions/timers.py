"""Timers: one at a time, on the emulated clock, with a status blob that tells what was missed."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from emulated_azure.functions.cron import schedule_of
from emulated_azure.functions.functions import Function
from emulated_azure.functions.groups import Group
from emulated_azure.functions.instance import Instance, InstanceLostError, StartFailedError
from emulated_azure.functions.invoking import Event
from emulated_azure.functions.timer_status import Status, first_status, status_of
from emulated_azure.instants import iso
from emulated_azure.storage.client import Storage, StorageError
from emulation.clock import Clock

CONTAINER = "azure-webjobs-hosts"
STATUS = "timers/{}/Host.Functions.{}/status"
LEAST_MONITORED_SECONDS = 60.0  # a more frequent timer has no status
RESTART_SECONDS = 10.0  # until a lost instance is replaced, on the emulated clock
_log = logging.getLogger(__name__)

Run = Callable[[Function, Instance, Event], Awaitable[bool]]


class Timer:
    """One timer function of an application; its group has one instance at most."""

    def __init__(
        self, function: Function, status_blob: str, storage: Storage, clock: Clock, group: Group, run: Run
    ) -> None:  # fmt: skip
        self._function = function
        self._blob = status_blob
        self._storage = storage
        self._clock = clock
        self._group = group
        self._run = run
        self._schedule = schedule_of(str(function.trigger["schedule"]))
        self._status = Status(0, 0, 0)

    async def serve(self) -> None:
        """For ever: listen, and listen anew whenever the instance is lost."""
        runs_first = str(self._function.trigger.get("runOnStartup", "")).lower() == "true"
        while True:
            try:
                await self._listen(runs_first=runs_first)
            except (InstanceLostError, StartFailedError, StorageError) as error:
                _log.warning("timer %s starts anew: %s", self._function.name, error)
                await asyncio.sleep(self._clock.real_seconds(RESTART_SECONDS))

    async def _listen(self, *, runs_first: bool) -> None:
        before = await self._read() if self._is_monitored() else None
        self._status, is_past_due = first_status(before, self._schedule, self._now())
        await self._write()
        if is_past_due or runs_first:
            await self._fire(is_past_due=is_past_due)
        while True:
            await asyncio.sleep(max(0.0, self._clock.real_time(self._status.next) - time.time()))
            await self._fire(is_past_due=False)

    def _now(self) -> float:
        return self._clock.emulated_time(time.time())

    async def _fire(self, *, is_past_due: bool) -> None:
        """Run it, with its retries; what comes next is reckoned when it has ended, so that runs never overlap."""
        fired = max(self._now(), self._status.next if not is_past_due else 0)
        async with self._group.lent() as instance:
            await self._with_retries(instance, is_past_due=is_past_due)
        now = self._now()
        self._status = Status(fired, self._schedule.next_after(max(now, fired)), now)
        await self._write()

    async def _with_retries(self, instance: Instance, *, is_past_due: bool) -> None:
        retry, attempt = self._function.retry, 0
        while not await self._run(self._function, instance, self._event(attempt, is_past_due=is_past_due)):
            attempt += 1
            if retry is None or (retry.most >= 0 and attempt > retry.most):
                return
            await asyncio.sleep(self._clock.real_seconds(retry.wait_seconds(attempt)))

    def _event(self, attempt: int, *, is_past_due: bool) -> Event:
        timer: dict[str, Any] = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": json.loads(self._status.text()) if self._is_monitored() else None,
            "IsPastDue": is_past_due,
        }
        now = iso(time.time())
        return Event(["json", json.dumps(timer)], f"Timer fired at {now}", retry=attempt)

    def _is_monitored(self) -> bool:
        if str(self._function.trigger.get("useMonitor", "true")).lower() == "false":
            return False
        first = self._schedule.next_after(0)
        return self._schedule.next_after(first) - first >= LEAST_MONITORED_SECONDS

    async def _read(self) -> Status | None:
        found = await self._storage.blob(CONTAINER, self._blob)
        return status_of(found.body) if found else None

    async def _write(self) -> None:
        if self._is_monitored():
            await self._storage.put_blob(CONTAINER, self._blob, self._status.text().encode(), "application/json")
