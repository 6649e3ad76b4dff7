"""Lambda: profiles the log objects that S3 tells of, directly or through SQS, SNS or EventBridge."""

from __future__ import annotations

from typing import Any

from atalaia_aws.events import answer_to, messages_of
from atalaia_aws.runtime import runtime


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Ingest what arrived; of a batch from SQS, the messages that failed are delivered again."""
    here = runtime()
    with here.invocation("ingest", context) as this:
        messages = messages_of(event)
        done = this.service.ingest([arrival for m in messages for arrival in m.arrivals], this.enough_time)
        here.log_failed(done.failed)
        here.log.write(
            {"event": "ml.monitor.ingest_failed", "message": m.id, "why": m.fault} for m in messages if m.fault
        )
        this.told |= done.counts()
        return answer_to(messages, done.failed)
