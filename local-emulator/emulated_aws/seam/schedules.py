"""Schedules of rules and of the scheduler, on the fast clock."""

from datetime import UTC, datetime
from typing import Any

from ministack.services import eventbridge, scheduler

from emulation.clock import Clock

LOOK_SECONDS = 0.1


def install(clock: Clock) -> None:
    """rate() waits less, cron() follows the fast clock; at() names an instant, and instants stay real."""
    rate, cron = eventbridge._parse_rate_seconds, eventbridge._cron_next_fire

    def scaled_rate(expression: str) -> float | None:
        seconds = rate(expression)
        return None if seconds is None else clock.real_seconds(seconds)

    def scaled_cron(fields: Any, after: datetime) -> datetime | None:
        emulated = datetime.fromtimestamp(clock.emulated_time(after.timestamp()), UTC)
        fires = cron(fields, emulated)
        return None if fires is None else datetime.fromtimestamp(clock.real_time(fires.timestamp()), UTC)

    eventbridge._parse_rate_seconds = scaled_rate
    eventbridge._cron_next_fire = scaled_cron
    eventbridge._SCHEDULER_TICK_INTERVAL = scheduler._SCHEDULE_TICK_INTERVAL = LOOK_SECONDS
