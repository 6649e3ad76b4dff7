"""Keys of an application, and who may call what with them."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

SYSTEM = ("blobs_extension", "eventgrid_extension")


def _new() -> str:
    return secrets.token_urlsafe(40)


@dataclass(frozen=True, slots=True)
class Keys:
    """Made anew with each deployment.

    Attributes:
        master: Opens everything.
        default: Opens every function.
        system: Open the webhooks of one extension each.
        functions: Open one function each.
    """

    functions: Mapping[str, str]
    master: str = field(default_factory=_new)
    default: str = field(default_factory=_new)
    system: Mapping[str, str] = field(default_factory=lambda: {name: _new() for name in SYSTEM})

    def opens_webhook(self, extension: str, given: str) -> bool:
        """Whether *given* may send events to the webhooks of *extension*."""
        return _is_one_of(given, (self.master, self.system[extension]))

    def opens_function(self, function: str, level: str, given: str) -> bool:
        """Whether *given* may call an HTTP function of that level."""
        if level.upper() == "ANONYMOUS":
            return True
        own = (self.default, self.functions[function]) if level.upper() == "FUNCTION" else ()
        return _is_one_of(given, (self.master, *own))


def _is_one_of(given: str, keys: tuple[str, ...]) -> bool:
    return any(hmac.compare_digest(given.encode(), key.encode()) for key in keys)
