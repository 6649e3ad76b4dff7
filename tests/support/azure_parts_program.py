"""The parts as the emulator mounts them, on free ports of loopback; ends when its standard input closes."""

import asyncio
import json
import secrets
import ssl
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from aiohttp import web

from emulated_azure import addresses, certificates
from emulated_azure.identity import Identity
from emulated_azure.insights.service import RESOURCE, Insights
from emulated_azure.machine_learning import MachineLearning
from emulated_azure.names import INSTRUMENTATION_KEY, WORKSPACE


@dataclass
class Knobs:
    insights_unavailable: float = 0.0
    insights_throttled: float = 0.0
    insights_partial: float = 0.0
    insights_hung: float = 0.0
    ml_duplicates: float = 0.0
    ml_outcome: str = "Completed"


@dataclass
class Chaos:
    knobs: Knobs = field(default_factory=Knobs)

    def strikes(self, knob):
        return getattr(self.knobs, knob) >= 1


@dataclass
class Clock:
    scale: float

    def real_seconds(self, emulated_seconds):
        return emulated_seconds / self.scale


async def serve(routes, tls=None):
    application = web.Application(client_max_size=1 << 30)
    application.add_routes(routes)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    return runner, runner.addresses[0][1]


async def main(folder, scale):
    chaos, events = Chaos(), []

    async def publish(event):
        events.append(event)

    async def set_chaos(request):
        chaos.knobs = replace(chaos.knobs, **await request.json())
        return web.json_response({})

    async def tell_events(_request):
        return web.json_response(events)

    header = secrets.token_hex(16)
    insights, identity = Insights(folder, chaos.strikes, Clock(scale)), Identity(header)
    learning = MachineLearning(Clock(scale), chaos, publish)
    certificate, key = certificates.make(folder)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    ours = [web.post("/chaos", set_chaos), web.get("/events", tell_events)]
    first, plain_port = await serve([*addresses.plain(insights, identity), *ours])
    second, secure_port = await serve(addresses.secure(insights, identity, learning), tls)
    said = {
        "plain": f"http://127.0.0.1:{plain_port}",
        "secure": f"https://127.0.0.1:{secure_port}",
        "certificate": str(certificate),
        "workspace": WORKSPACE,
        "key": INSTRUMENTATION_KEY,
        "resource": RESOURCE,
        "identity_header": header,
    }
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    for runner in (first, second):
        await runner.cleanup()
    await learning.close()
    insights.close()


asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
