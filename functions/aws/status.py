"""Lambda behind a function URL: the latest reports as a page, as JSON, and as metrics for Prometheus."""

from __future__ import annotations

from typing import Any

from atalaia.monitoring.status import page_at
from atalaia_aws.runtime import runtime


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answer `/`, `/MONITOR`, `/status.json` and `/metrics`."""
    with runtime().invocation("status", context) as this:
        page = page_at(event.get("rawPath", "/"), this.service.watches)
        this.told |= {"path": event.get("rawPath", "/"), "status": page.status}
        headers = {"content-type": page.type, "cache-control": "no-store", "x-content-type-options": "nosniff"}
        return {"statusCode": page.status, "headers": headers, "body": page.text}
