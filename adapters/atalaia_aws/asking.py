"""Asking a service of AWS for something that a job needs; if it refuses, what is to be done about it is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from atalaia.errors import JobError
from atalaia_aws.answers import answer_of

SECONDS = 5.0
"""How long a request of a job may take."""


class RefusedError(JobError):
    """AWS did not do what was asked for; `code` is its word for why."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def asked(what: str, right: str, fix: str, call: Callable[[], Any]) -> Any:
    """Return what *call* returns.

    Args:
        what: What is asked for, as a message names it.
        right: The right that it takes, such as `sns:Publish`.
        fix: What to do if the request itself is wrong.
        call: Calls botocore.

    Raises:
        RefusedError: It was not done, or nobody knows.
    """
    try:
        return call()
    except Exception as error:
        answer = answer_of(error)
        if answer is None:
            raise
        if answer.lacks_rights:
            advice = f"Give this role the right {right} to it."
        else:
            advice = fix if answer.for_good else "It will be tried again with the same id."
        msg = f"{what}: {answer.code} ({answer.text}). {advice}"
        raise RefusedError(msg, answer.code) from error
