"""Telling an SNS topic of what a policy found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from atalaia.ports import Job
from atalaia_aws.asking import SECONDS, asked
from atalaia_aws.clients import BotoClients
from atalaia_functions.naming import job_name

_MOST_SUBJECT = 99
_MOST_BYTES = 250_000  # SNS takes 262,144, attributes among them


class TopicStarter(Struct, frozen=True):
    """Publishes to an SNS topic: words to people, JSON to programs.

    SNS leaves out what it was told before only on a FIFO topic, and for five minutes; others may get a message twice,
    if the answer to the first was lost. Both have the job's id.

    Attributes:
        clients: Where the call goes.
        topic: The topic's ARN.
    """

    clients: BotoClients
    topic: str

    def start(self, job: Job) -> str:
        """Publish, and return the job's name, which both messages would have.

        Raises:
            JobError: It was not published, or nobody knows; publish it again with the same id.
        """
        told = {"monitor": job.monitor, "policy": job.policy, "window": job.window, "id": job.id}
        attributes = {key: {"DataType": "String", "StringValue": value} for key, value in told.items()}
        asked(
            f"SNS topic {self.topic}",
            "sns:Publish",
            "Correct the policy's `sns_topic`: the ARN of a topic in the functions' region.",
            lambda: self.clients.within("sns", SECONDS).publish(
                TopicArn=self.topic,
                Subject=_subject(job),
                Message=_message(job),
                MessageStructure="json",
                MessageAttributes=attributes,
                **(_ordered(job) if self.topic.endswith(".fifo") else {}),
            ),
        )
        return job_name(job)


def _ordered(job: Job) -> dict[str, str]:
    return {"MessageDeduplicationId": job.id, "MessageGroupId": re.sub(r"[^!-~]", "-", job.monitor)[:128]}


def _subject(job: Job) -> str:
    """Return a subject as SNS takes it: printable ASCII, fewer than 100 characters."""
    return re.sub(r"[^ -~]", "?", f"Atalaia: {job.monitor}, {job.policy}, {job.window}")[:_MOST_SUBJECT]


def _message(job: Job) -> str:
    """Return the message of each protocol, of which `default` is for all those that have none."""
    evidence = dict(job.evidence)
    for kept in (evidence, {key: value for key, value in evidence.items() if key in ("window", "report", "baseline")}):
        message = _encoded(job, kept)
        if len(message.encode()) <= _MOST_BYTES:
            break
    return message


def _encoded(job: Job, evidence: Mapping[str, Any]) -> str:
    told: dict[str, Any] = {"id": job.id, "monitor": job.monitor, "policy": job.policy, "window": job.window}
    told |= {"parameters": dict(job.parameters), "evidence": evidence}
    subject, text = _subject(job), "\n".join(_lines(job, evidence))
    return json.dumps({"default": json.dumps(told), "email": text, "sms": subject}, ensure_ascii=False)


def _lines(job: Job, evidence: Mapping[str, Any]) -> Iterator[str]:
    """Yield what people read of it."""
    window = evidence.get("window") or {"start": job.window, "end": "?"}
    yield f"Monitor {job.monitor}: policy {job.policy} acts on the window from {window['start']} to {window['end']}."
    yield from (_finding(each) for each in evidence.get("findings", ()))
    if more := evidence.get("more"):
        yield f"- and {more} more"
    yield from (f"{name}: {value}" for name, value in job.parameters.items())
    if report := evidence.get("report"):
        yield f"Report: {report['uri']}, revision {report['revision']}"
    yield f"Id: {job.id}"


def _finding(finding: Mapping[str, Any]) -> str:
    place = " in ".join(finding[key] for key in ("column", "segment") if finding.get(key))
    value, limit = (_number(finding.get(key)) for key in ("value", "threshold"))
    told = f"{finding['metric']} of {place}" if place else finding["metric"]
    return f"- {finding['status']}: {finding['signal']}, {told} is {value}, its limit {limit}"


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, (int, float)) else str(value)
