"""A custom topic of Event Grid on 127.0.0.1, which takes its own schema, as new topics do."""

import contextlib
import json
from datetime import datetime
from urllib.parse import urlsplit

from answering import answering, error

_SHOWN = ("authorization", "aeg-sas-key", "aeg-sas-token")
_REQUIRED = {"id", "subject", "eventType", "eventTime", "dataVersion"}
_OTHERS = {"data", "topic", "metadataVersion"}


class _Headers(dict):
    """Headers by names in any case."""

    def __getitem__(self, name):
        return super().__getitem__(name.lower())


@contextlib.contextmanager
def event_grid_topic(status=200, plan=()):
    """Run it, answering *status*, but first what *plan* lists: other statuses, or None for no answer.

    Yield its address, and a list of what it took: path, headers, events.
    """
    heard, planned = [], list(plan)

    def answer(method, url, headers, body):
        events = json.loads(body)
        wrong = [each for event in events if (each := _fault(event))] if isinstance(events, list) else ["no list"]
        if wrong or (method, urlsplit(url).query) != ("POST", "api-version=2018-01-01"):
            return error(400, "BadRequest", " ".join(wrong))
        if not any(name in headers for name in _SHOWN):
            return error(401, "Unauthorized", "no token and no key")
        told = planned.pop(0) if planned else status
        if told is None or told < 300:
            heard.append((url, _Headers(headers), events))
        return None if told is None else (told, None)

    with answering(answer) as address:
        yield f"{address}/api/events", heard


def _fault(event):
    lacking, unknown = _REQUIRED - event.keys(), event.keys() - _REQUIRED - _OTHERS
    if lacking or unknown:
        return f"lacking: {sorted(lacking)}, unknown: {sorted(unknown)}"
    try:
        datetime.fromisoformat(event["eventTime"])
    except ValueError:
        return "eventTime is no time"
    return None
