"""When Event Grid tries again, and what an answer means to it."""

import random
from dataclasses import dataclass

FIRST_DELIVERY = (200, 201, 202, 203, 204)
ANSWER_SECONDS = 30.0
RETRY_SECONDS = (10, 30, 60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600)  # and then
LAST_RETRY_SECONDS = 12 * 3600
JITTER = 0.1
NEVER_AGAIN = {400, 403, 413}
NEVER_AGAIN_TO_WEBHOOKS = {400, 401, 403, 404, 413}
LEAST_SECONDS = {401: 300, 404: 300, 408: 120, 503: 30}
UNREACHABLE, TIMED_OUT = 0, 408
OUTCOMES = {
    UNREACHABLE: "Aborted", 400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound",
    TIMED_OUT: "TimedOut", 413: "PayloadTooLarge", 503: "Busy",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comes after a delivery that was not taken: a wait in emulated seconds, or the reason why none follows."""

    wait_seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how often an event is tried.

    Attributes:
        is_webhook: An address of anybody's; a resource of Azure gets time to be set up.
    """

    attempts: int
    seconds: float
    is_webhook: bool


def outcome(status: int) -> str:
    """What the last answer is called in a dead letter."""
    return OUTCOMES.get(status, "GenericError")


def after(status: int, attempts: int, age_seconds: float, limits: Limits, draw: random.Random) -> Verdict:
    """What follows the attempt number *attempts*, answered with *status*."""
    if status in (NEVER_AGAIN_TO_WEBHOOKS if limits.is_webhook else NEVER_AGAIN):
        return Verdict(0, "UndeliverableDueToClientError")
    if attempts >= limits.attempts:
        return Verdict(0, "MaxDeliveryAttemptsExceeded")
    wait = RETRY_SECONDS[attempts - 1] if attempts <= len(RETRY_SECONDS) else LAST_RETRY_SECONDS
    wait_seconds = max(wait, LEAST_SECONDS.get(status, 0)) * draw.uniform(1 - JITTER, 1 + JITTER)
    if age_seconds + wait_seconds > limits.seconds:
        return Verdict(0, "TimeToLiveExceeded")
    return Verdict(wait_seconds)
