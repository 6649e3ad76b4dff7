"""Lambda: evaluates what has changed; called by a schedule. The event `{"all": true}` looks at every window."""

from __future__ import annotations

from typing import Any

from atalaia_aws.runtime import runtime


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Evaluate, tell of new reports, and start what policies ask for."""
    here = runtime()
    with here.invocation("evaluate", context) as this:
        everything = isinstance(event, dict) and event.get("all") is True
        done = this.service.evaluate(here.telemetry(), here.starter_of, this.enough_time, everything=everything)
        here.log.write(done.ended())
        this.told |= done.counts()
        done.demand_all()
        monitors: dict[str, Any] = this.told["monitors"]
        return monitors
