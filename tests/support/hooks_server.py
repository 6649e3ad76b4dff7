"""Receivers of messages: one of Atalaia's own JSON, which knows ids and checks signatures, a Slack and a Teams channel.

Source: Slack's reference of incoming webhooks and Block Kit; the schema of adaptive cards 1.4; RFC 2104.
"""

import hashlib
import hmac
import json

from web_service import RefusedError, WebService, told

KEY = "k3y-of-the-hook"
CHANNELS = {"json": "/hooks/atalaia", "slack": "/services/T000/B000/s3cret-path", "teams": "/workflows/s3cret-path"}
_BLOCKS = {"header": {"type", "text"}, "section": {"type", "text"}}
_TEXTS = {"header": {"plain_text": 150}, "section": {"plain_text": 3000, "mrkdwn": 3000}}
_ELEMENTS = {"TextBlock": {"type", "text", "size", "weight", "wrap"}, "RichTextBlock": {"type", "inlines"}}
_RUN, _LINK = {"type", "text", "size", "weight"}, {"type", "title", "url"}


class Hooks(WebService):
    """What was received: `requests` by id at the JSON hook, and `messages` in each channel."""

    def __init__(self):
        super().__init__()
        self.requests, self.messages = {}, {"slack": [], "teams": []}

    def url(self, kind):
        return f"{self.address}{CHANNELS[kind]}"

    def routed(self, method, path, query, headers, body):
        kind = next((each for each, place in CHANNELS.items() if place == path), None)
        if method != "POST" or kind is None or query:
            raise RefusedError(404, b"no_service", {"Content-Type": "text/html"})
        return getattr(self, f"_{kind}")(headers, body)

    def _json(self, headers, body):
        known = ("id", "monitor", "policy", "window", "parameters", "evidence")
        asked = told(headers, body, known, lambda message: RefusedError(400, {"message": message}))
        if "atalaia-signature" in headers and not signed(headers["atalaia-signature"], body):
            raise RefusedError(401, {"message": "wrong signature"})
        if headers.get("idempotency-key") != asked["id"]:
            raise RefusedError(400, {"message": "no id"})
        self.requests.setdefault(asked["id"], (headers, asked))
        return 200, {}

    def _slack(self, headers, body):
        asked = told(headers, body, ("text", "blocks"), lambda _: RefusedError(400, b"invalid_payload"))
        fine = asked.get("text") and len(asked.get("blocks", ())) <= 50 and all(map(_is_block, asked.get("blocks", ())))
        if not fine:
            raise RefusedError(400, b"invalid_blocks")
        self.messages["slack"].append(asked)
        return 200, b"ok", {"Content-Type": "text/html"}

    def _teams(self, headers, body):
        asked = told(headers, body, ("type", "attachments"), lambda message: RefusedError(400, {"message": message}))
        (attachment,) = asked["attachments"]
        card = attachment["content"]
        fine = asked["type"] == "message" and set(attachment) == {"contentType", "contentUrl", "content"}
        fine &= attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        fine &= card["type"] == "AdaptiveCard" and card["version"] == "1.4" and len(body) <= 28_000
        fine &= all(set(each) <= _ELEMENTS[each["type"]] for each in card["body"])
        runs = [run for each in card["body"] for run in each.get("inlines", ())]
        fine &= all(run["type"] == "TextRun" and set(run) <= _RUN for run in runs)
        links = card.get("actions", ())
        fine &= all(each["type"] == "Action.OpenUrl" and each["url"] and set(each) <= _LINK for each in links)
        if not fine or set(card) - {"$schema", "type", "version", "body", "actions"}:
            raise RefusedError(400, {"message": "no card"})
        self.messages["teams"].append(card)
        return 202, b""


def signed(header, body):
    """Tell whether a body is signed with the key, as the documentation says it is."""
    parts = dict(part.split("=", 1) for part in header.split(","))
    expected = hmac.new(KEY.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(parts["v1"], expected)


def _is_block(block):
    text = block.get("text", {})
    limit = _TEXTS.get(block.get("type"), {}).get(text.get("type"), 0)
    known = set(block) <= _BLOCKS.get(block.get("type"), set()) | {"block_id"}
    return known and set(text) <= {"type", "text", "emoji"} and 1 <= len(text["text"]) <= limit


def shown(message):
    """All that people read of a message, as one text."""
    return json.dumps(message, ensure_ascii=False)
