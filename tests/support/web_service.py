"""What servers of vendors' APIs on 127.0.0.1 have in common: a plan of faults, and a record of what was asked."""

import contextlib
import json
import threading
import time
from urllib.parse import parse_qs, unquote, urlsplit

from answering import answering

TOKEN = "t0p-s3cret"


class RefusedError(Exception):
    """A status and a document that a server answers instead."""


class WebService:
    """Answers as `routed` says; `plan` lists what becomes of the next POSTs instead:

    - `cut`: the connection is closed before anything is done;
    - `lost`: it is done, and the connection is closed instead of answering;
    - `late`: it is done, and answered when the client has long gone;
    - a status and a document, and perhaps headers, that are answered instead.
    """

    late = 1.0

    def __init__(self):
        self.plan, self.seen = [], []
        self.lock = threading.Lock()

    def answer(self, method, url, headers, body):
        """Answer as `answering` has it."""
        parts = urlsplit(url)
        with self.lock:
            self.seen.append({"method": method, "url": url, "headers": headers, "body": body.decode()})
            planned = self.plan.pop(0) if method == "POST" and self.plan else None
            if planned == "cut":
                return None
            if isinstance(planned, tuple):
                return planned
            try:
                done = self.routed(method, unquote(parts.path), parse_qs(parts.query), headers, body)
            except RefusedError as refused:
                done = refused.args
            self.seen[-1]["status"] = done[0]
        if planned == "late":
            time.sleep(self.late)
        return None if planned == "lost" else done


def told(headers, body, known, refusal):
    """Return the JSON object of a request whose fields are all *known*; else raise a *refusal*."""
    if not headers.get("content-type", "").startswith("application/json"):
        raise refusal("the body is not said to be JSON")
    document = json.loads(body)
    unknown = sorted(set(document) - set(known))
    if unknown:
        raise refusal(f"not permitted: {', '.join(unknown)}")
    return document


def posted(service):
    """What a service was asked by POST."""
    return [each for each in service.seen if each["method"] == "POST"]


@contextlib.contextmanager
def serving(service):
    """Run it; its address is `service.address`."""
    with answering(service.answer) as service.address:
        yield service
