"""What AWS's control plane answers when it does not do what was asked."""

from __future__ import annotations

from msgspec import Struct

_FOR_NOW = ("Throttl", "RequestLimitExceeded", "LimitExceeded", "Internal", "ServiceUnavailable", "RequestTimeout")
_RIGHTS = frozenset({401, 403})


class Answer(Struct, frozen=True):
    """One failed call.

    Attributes:
        code: AWS's word for it, such as `Throttling`; or the kind of a broken connection.
        status: HTTP status, 0 if there was no answer.
        text: What AWS said.
    """

    code: str
    status: int
    text: str

    @property
    def for_good(self) -> bool:
        """Whether the same call will be refused again: something is wrong with the call itself, as botocore may see."""
        if not self.status:
            return self.code == "ParamValidationError"
        return 400 <= self.status < 500 and self.status not in (408, 429) and not self.lacks_rights and not self.busy

    @property
    def lacks_rights(self) -> bool:
        """Whether rights or credentials are missing, which someone may mend."""
        return self.status in _RIGHTS or "AccessDenied" in self.code or "Token" in self.code or "Client" in self.code

    @property
    def busy(self) -> bool:
        """Whether the service asks for patience; some of its services say so with status 400."""
        return any(word in self.code for word in _FOR_NOW)


def answer_of(error: Exception) -> Answer | None:
    """Read what botocore raised; None if it is not botocore's."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        about, sent = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        return Answer(str(about.get("Code", "")), int(sent.get("HTTPStatusCode", 0)), str(about.get("Message", "")))
    if isinstance(error, BotoCoreError):
        return Answer(type(error).__name__, 0, " ".join(str(error).split()))
    return None
