"""Talks to the admin port of a running service."""

import http.client
import json
from typing import Any

from emulator.services import HOST


def ask(port: int, method: str, path: str, body: Any = None) -> Any:
    """The JSON that the admin port answers; None while it does not answer."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        return json.loads(answer.read()) if answer.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
