"""Application Insights, Azure ML and identity: what the assembly mounts of them, and how."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from emulated_azure import addresses, certificates
from emulated_azure.identity import Identity
from emulated_azure.insights.service import Insights
from emulated_azure.knobs import Knobs
from emulated_azure.machine_learning import MachineLearning
from emulated_azure.names import IDENTITY_HEADER
from emulated_azure.ports import Ask
from emulated_azure.serving import routed
from emulation.chaos import Chaos
from emulation.clock import Clock

Publish = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What they give.

    Attributes:
        plain: Served on the port `insights`.
        secure: Served with `tls` on the port `secure`.
        certificate: For clients to trust.
        accept: Takes telemetry of the platform itself; may be called in any thread.
        ask: Answers a query; to be called in a thread of its own.
    """

    plain: web.Application
    secure: web.Application
    tls: ssl.SSLContext
    certificate: Path
    accept: Callable[[list[dict[str, Any]]], None]
    ask: Ask
    counts: Callable[[], dict[str, Any]]
    close: Callable[[], Awaitable[None]]


def parts(folder: Path, chaos: Chaos[Knobs], clock: Clock, publish: Publish) -> Parts:
    """All of them."""
    certificate, key = certificates.make(folder)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    identity = Identity(IDENTITY_HEADER)
    insights = Insights(folder, chaos.strikes, clock)
    learning = MachineLearning(clock, chaos, publish)

    async def close() -> None:
        await learning.close()
        insights.close()

    return Parts(
        plain=routed(addresses.plain(insights, identity)),
        secure=routed(addresses.secure(insights, identity, learning)),
        tls=tls,
        certificate=certificate,
        accept=insights.accept,
        ask=insights.ask,
        counts=lambda: {"insights": insights.counts(), "machine_learning": learning.counts()},
        close=close,
    )
