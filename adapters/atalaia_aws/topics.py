"""Telling an SNS topic of what a policy found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from msgspec import Struct

from atalaia.ports import Job
from atalaia_aws.asking import SECONDS, asked
from atalaia_aws.clients import BotoClients
from atalaia_functions.naming import job_name
from atalaia_web.telling import evidence_text, message_of, request_of

_MOST_SUBJECT = 99
_MOST_BYTES, _MOST_LETTERS = 40_000, 8_000  # of evidence, of text: SNS takes 262,144 bytes, in which quotes are escaped


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
    told = {**request_of(job), "evidence": json.loads(evidence_text(job, _MOST_BYTES))}
    text = "\n".join(_lines(job))[:_MOST_LETTERS]
    messages = {"default": json.dumps(told, ensure_ascii=False), "email": text, "sms": _subject(job)}
    return json.dumps(messages, ensure_ascii=False)


def _lines(job: Job) -> Iterator[str]:
    """Yield what people read of it."""
    message = message_of(job)
    yield message.title
    yield from (f"- {finding}" for finding in message.findings)
    yield from (f"{name}: {value}" for name, value in message.facts)
