"""What a store refuses, in words that say how to go on.

obstore tells most refusals in text alone: the HTTP status, the body of the answer, and the kind of a broken connection
are read out of it. The tests provoke each one with the pinned release.
"""

from __future__ import annotations

import re

from msgspec import Struct

from atalaia.errors import ObjectNotFoundError, PreconditionError, StoreError

_PASSING_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_PASSING_CODES = frozenset({"RequestTimeout", "ConditionalRequestConflict", "OperationAborted"})
_NO_CONTAINER = frozenset({"NoSuchBucket", "ContainerNotFound"})
_REFUSED_KEYS = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthenticationFailed"}
)
_PAST = "Generic MicrosoftAzure error: Wanted range starting at"  # where the service answers with the whole object
_MISSING = "The specified container does not exist"  # what a batch of deletions says, instead of a code
_NO_CREDENTIALS = re.compile(r"//169\.254\.\d+\.\d+|/latest/(api/token|meta-data)|/metadata/identity")


class Fault(Struct, frozen=True):
    """One refused request.

    Attributes:
        kind: Class of obstore's error, such as `GenericError`.
        status: HTTP status, or 0 if there was no answer.
        code: The store's word for it, such as `SlowDown`, or empty.
        broken: How the connection failed, such as `Timeout`, or empty.
        text: First line of obstore's message.
    """

    kind: str
    status: int
    code: str
    broken: str
    text: str

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed a moment later."""
        if self.without_credentials:
            return False
        return self.status in _PASSING_STATUS or self.code in _PASSING_CODES or bool(self.broken)

    @property
    def without_credentials(self) -> bool:
        """Whether obstore looked for credentials in vain: it asks the machine's metadata service last."""
        return self.kind == "GenericError" and _NO_CREDENTIALS.search(self.text) is not None

    @property
    def past_the_end(self) -> bool:
        """Whether a range begins at the object's end or after it."""
        return self.status == 416 or self.text.startswith(_PAST)

    def error(self, uri: str, key: str) -> StoreError:
        """Return the error to raise about *key* in the store *uri*."""
        name = f"{uri}/{key}" if key else uri
        if self.code in _NO_CONTAINER:
            return StoreError(
                f"{uri}: there is no such bucket or container. Create it, or correct its name or the region."
            )
        match self.kind:
            case "FileNotFoundError":
                return ObjectNotFoundError(
                    f"{name}: nothing is stored there. Check the key, or write the object first."
                )
            case "AlreadyExistsError":
                return PreconditionError(f"{name} exists already; nothing was written. Read it, or choose another key.")
            case "PreconditionError":
                return PreconditionError(
                    f"{name} is not the object that was read before; nothing was written. Read it again."
                )
        return StoreError(self._refusal(uri, name))

    def _refusal(self, uri: str, name: str) -> str:
        shown = f" ({self.code or self.status})"
        if self.without_credentials:
            return (
                f"{uri}: no credentials were found. Give this process a role, or set the cloud's environment variables."
            )
        if self.code in _REFUSED_KEYS or self.status == 401:
            return f"{name}: the credentials were refused{shown}. Renew or correct them."
        if self.status == 403:
            return (
                f"{name}: access was denied{shown}. Give this identity the right to read, write and list there; "
                "without the last one, this answer is given for absent objects as well."
            )
        if "redirect" in self.text:
            return f"{uri}: the bucket is in another region. Set AWS_REGION to the bucket's."
        if self.kind == "ValueError" or self.kind == "InvalidPathError":
            return f"{name}: this name cannot be used ({self.text}). Rename the object."
        if self.passing:
            return self._gave_up(name, shown)
        return f"{name}: the store refused{shown if self.code or self.status else ''}: {self.text}."

    def _gave_up(self, name: str, shown: str) -> str:
        if self.broken == "Timeout":
            return f"{name}: no answer came in time. Look at the network's route to the store, or allow more time."
        if self.broken:
            return f"{name}: the connection failed. Look at the endpoint and the network's route to the store."
        return f"{name}: the store was too busy{shown}, also when asked again. Try later, or run fewer readers at once."


def fault_of(error: BaseException) -> Fault | None:
    """Read what obstore says; None if *error* is not obstore's."""
    kind = type(error).__name__
    if type(error).__module__.partition(".")[0] != "obstore" and not isinstance(error, FileNotFoundError | ValueError):
        return None
    said, _, debug = str(error).partition("Debug source:")
    status = re.search(r"status code: (\d{3})", said)
    named = re.search(r"<Code>(\w+)</Code>", said)
    code = named[1] if named else "ContainerNotFound" if _MISSING in said else ""
    broken = re.search(r"HttpError \{\s*kind: (\w+)", debug)
    text = said.strip().partition("\n")[0].rstrip(". ")
    return Fault(kind, int(status[1]) if status else 0, code, broken[1] if broken else "", text)
