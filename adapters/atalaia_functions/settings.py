"""What the environment chooses, in the words that all clouds share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from atalaia.errors import AtalaiaError

if TYPE_CHECKING:
    from atalaia_otel.otlp import OtlpChannel

T = TypeVar("T")


def choice(env: Mapping[str, str], name: str, default: T, choices: Mapping[str, T]) -> T:
    """Return what the environment chooses.

    Raises:
        AtalaiaError: There is no such choice.
    """
    given = env.get(name, "")
    if given and given not in choices:
        msg = f"{name}={given}: no such choice. Set one of {', '.join(sorted(choices))}."
        raise AtalaiaError(msg)
    return choices.get(given, default)


def collector(env: Mapping[str, str]) -> OtlpChannel:
    """Return the channel to the collector at ATALAIA_OTLP_ENDPOINT.

    Raises:
        AtalaiaError: That is no address.
    """
    from atalaia_otel.otlp import OtlpChannel

    pairs = (pair.partition("=") for pair in env.get("ATALAIA_OTLP_HEADERS", "").split(",") if pair.strip())
    headers = {name.strip(): value.strip() for name, _, value in pairs}
    return OtlpChannel(env.get("ATALAIA_OTLP_ENDPOINT", ""), headers)
