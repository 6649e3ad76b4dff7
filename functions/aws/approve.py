"""Lambda behind a function URL: answers the signed links that approve or decline what a policy wants to do."""

from __future__ import annotations

import base64
from typing import Any

from atalaia_aws.runtime import runtime
from atalaia_functions.approvals import HEADERS, Asked


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Show what a link decides to who gets it, and decide it for who posts it."""
    here = runtime()
    body = event.get("body") or ""
    data = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    asked = Asked(event["requestContext"]["http"]["method"], event.get("rawQueryString", ""), data)
    with here.invocation("approve", context) as this:
        page = here.approve(asked, this.service.watches)
        this.told |= {**page.told, "method": asked.method, "status": page.status}
        return {"statusCode": page.status, "headers": HEADERS, "body": page.text}
