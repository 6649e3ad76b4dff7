"""Messages as chats show them: Slack's blocks, and the adaptive cards of Microsoft Teams.

Source: Slack's reference of Block Kit and of incoming webhooks; the schema of adaptive cards 1.4, and Microsoft's page
on posting to Teams when a webhook request is received.
"""

from __future__ import annotations

from typing import Any

from atalaia_web.telling import Message

_MOST_HEADER = 150
_MOST_TEXT = 3000
_MOST_LINE = 300


def slack(message: Message) -> dict[str, Any]:
    """Return the body of a request to an incoming webhook of Slack."""
    lines = [f"*{_escaped(name)}:* {_escaped(value)}" for name, value in message.facts]
    found = [f"• {_escaped(line)}" for line in message.findings]
    links = [f"<{_entities(address)}|{_escaped(text)}>" for text, address in message.links]
    sections = [_joined(part) for part in (lines, found, links)]
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in sections if text]
    header = {"type": "header", "text": {"type": "plain_text", "text": message.title[:_MOST_HEADER]}}
    return {"text": _escaped(message.title), "blocks": [header, *blocks]}


def teams(message: Message) -> dict[str, Any]:
    """Return the body of a request to a workflow of Teams; facts are runs of plain text, not Markdown."""
    title = {"type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": True, "text": message.title}
    facts = [_runs({"text": f"{name}: ", "weight": "Bolder"}, {"text": _cut(value)}) for name, value in message.facts]
    found = [_runs({"text": f"• {_cut(line)}"}) for line in message.findings]
    links = [{"type": "Action.OpenUrl", "title": text, "url": address} for text, address in message.links]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [title, *facts, *found],
        **({"actions": links} if links else {}),
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}


def _runs(*runs: dict[str, str]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", **run} for run in runs]}


def _escaped(text: str) -> str:
    return _entities(_cut(text))


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_LINE else text[: _MOST_LINE - 1] + "…"


def _joined(lines: list[str]) -> str:
    """Join as many lines as a section takes."""
    while len("\n".join(lines)) > _MOST_TEXT:
        lines = lines[:-1]
    return "\n".join(lines)
