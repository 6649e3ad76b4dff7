"""What Azure ML refuses."""

from typing import Any


class RefusalError(Exception):
    """An error answer.

    Attributes:
        status: HTTP's.
        code: Azure ML's name for it.
    """

    status = 400
    code = "UserError"

    def told(self) -> dict[str, Any]:
        """As ARM writes it."""
        return {"error": {"code": self.code, "message": str(self), "details": []}}


class NotFoundError(RefusalError):
    """There is no such thing."""

    status = 404


class NoVersionError(RefusalError):
    """The request names no api-version."""

    code = "MissingApiVersionParameter"


class ImmutableError(RefusalError):
    """A job of that name exists, and is another one."""

    def told(self) -> dict[str, Any]:
        """With the inner error that says so in one word."""
        told = super().told()
        told["error"]["innerError"] = {"code": "Immutable", "innerError": {"code": "JobPropertyImmutable"}}
        return told


class NotEmulatedError(RefusalError):
    """Azure ML has it, the emulator does not."""

    status = 501
    code = "NotEmulated"
