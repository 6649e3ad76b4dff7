"""Approving over HTTP: signed links that anybody may follow who was given one, each once and until it runs out.

Chats and mail programs fetch the links that they show. So to get a link changes nothing: it shows a page with a button,
and only what that posts is a decision. The signature is an HMAC-SHA256 over monitor, policy, window, decision and end;
it is the same for GET and POST. That a decision is stored only where none is makes a link good for one time.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import json
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qsl, urlencode

from msgspec import Struct

from atalaia.errors import ApprovalError, AtalaiaError, StoredFormError
from atalaia.monitoring.actions import Action
from atalaia.monitoring.approving import DECIDED, Approval, Decision, decide, waiting_action
from atalaia.monitoring.watch import Watch
from atalaia.window import SECOND, iso

HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}
"""What every answer says: it is for nobody else, and it loads nothing."""

_LEAST_KEY = 16
_MOST_NAME, _MOST_BODY = 100, 4096
_PURPOSE = "atalaia approval 1"  # no signature that the key makes for something else is one of these


class Question(Struct, frozen=True):
    """What a link decides: which action, how, and until when that may be done, in seconds since 1970."""

    monitor: str
    policy: str
    window: str
    decision: str
    expires: str


class Asked(Struct, frozen=True):
    """A request: its method, its query as it was sent, and its body."""

    method: str
    query: str
    body: bytes = b""

    def fields(self) -> dict[str, str]:
        """Return what is asked for, in the query or as a form."""
        form = self.body[:_MOST_BODY].decode(errors="replace") if self.method == "POST" else ""
        return dict(parse_qsl(self.query)) | dict(parse_qsl(form))


class Page(Struct, frozen=True):
    """An answer: its status and text, and what it is about, for a log line."""

    status: int
    text: str
    told: Mapping[str, str]


def key_of(secret: str) -> bytes:
    """Return the key that links are signed with.

    Raises:
        AtalaiaError: It is too short to be one.
    """
    if len(secret) < _LEAST_KEY:
        msg = f"ATALAIA_APPROVAL_KEY: the secret has fewer than {_LEAST_KEY} characters. Keep a long random one there."
        raise AtalaiaError(msg)
    return secret.encode()


def signature(key: bytes, question: Question) -> str:
    """Return what proves that we asked: 64 characters 0-9 and a-f."""
    parts = [_PURPOSE, *(getattr(question, name) for name in Question.__struct_fields__)]
    return hmac.new(key, json.dumps(parts).encode(), hashlib.sha256).hexdigest()


def links_of(base: str, key: bytes, monitor: str, action: Action) -> dict[str, str]:
    """Return the two links, `approve` and `decline`, of an action that waits; *base* is where they are answered."""
    made = {}
    for decision in Decision:
        question = Question(monitor, action.policy, action.window, decision.value, str(action.until // SECOND))
        fields = {name: getattr(question, name) for name in Question.__struct_fields__}
        query = urlencode(fields | {"signature": signature(key, question)})
        made[decision.value] = f"{base}{'&' if '?' in base else '?'}{query}"
    return made


def links_by(env: Mapping[str, str], secret: Callable[[str], str], monitor: str, action: Action) -> dict[str, str]:
    """Return the two links as the settings have them; none without ATALAIA_APPROVAL_URL, and why there are none."""
    base = env.get("ATALAIA_APPROVAL_URL", "")
    if not base:
        return {}
    try:
        return links_of(base, key_of(secret(env.get("ATALAIA_APPROVAL_KEY", ""))), monitor, action)
    except AtalaiaError as error:
        return {"why_no_links": str(error)}


def answer(asked: Asked, key: bytes, watches: Sequence[Watch], now: int) -> Page:
    """Answer who follows a link, at the time *now*, in µs since 1970."""
    fields = asked.fields()
    question = Question(*(fields.get(name, "") for name in Question.__struct_fields__))
    if not hmac.compare_digest(signature(key, question).encode(), fields.get("signature", "").encode()):
        return Page(403, _page("Not valid", "This link was not made here, or it was changed."), {})
    watch = next((each for each in watches if each.monitor.name == question.monitor), None)
    told = {name: getattr(question, name) for name in ("monitor", "policy", "window", "decision")}
    if watch is None or now > int(question.expires) * SECOND:
        return Page(410, _page("Too late", "This link is not good any more."), told)
    if asked.method not in ("GET", "HEAD", "POST"):
        return Page(405, _page("Not like this", "Open the link, or post it."), told)
    try:
        return Page(200, _decided(asked.method, question, fields.get("by", ""), watch, now), told)
    except (ApprovalError, StoredFormError) as error:
        return Page(409, _page("Nothing was changed", str(error)), told)


def _decided(method: str, question: Question, by: str, watch: Watch, now: int) -> str:
    """Store the decision, or ask once more.

    Raises:
        ApprovalError: There is nothing to decide, or not any more.
        StoredFormError: What was written by hand is no approval.
    """
    decision = Decision(question.decision)
    action = waiting_action(watch.output, watch.monitor, question.policy, question.window, now)
    what = f"Policy {question.policy} of monitor {question.monitor}, because of the window {question.window}"
    if method != "POST":
        return _page(f"{decision.value.title()}?", f"{what}.", _form(decision, iso(action.until)))
    name = " ".join(by.split())[:_MOST_NAME]
    made = Approval(decision, f"{name} (link)" if name else "link", iso(now // SECOND * SECOND))
    decide(watch.output, question.monitor, action, made)
    return _page(DECIDED[decision].title(), f"{what}.")


def _form(decision: Decision, until: str) -> str:
    return (
        f'<form method="post"><p><label>Your name <input name="by" maxlength="{_MOST_NAME}"></label></p>'
        f"<p><button>{decision.value.title()}</button> It waits until {html.escape(until)}.</p></form>"
    )


def _page(title: str, text: str, more: str = "") -> str:
    style = "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}"
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{style}</style>"
    )
    body = f"<h1>{title}</h1><p>{html.escape(text)}</p>{more}"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'
