"""Puts the parts together: which hook of MiniStack calls which part of ours."""

import argparse
import asyncio
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from emulated_aws.admin import Admin
from emulated_aws.alarm_watch import AlarmWatch
from emulated_aws.asgi import Application
from emulated_aws.embedded_metrics import datums
from emulated_aws.gateway import Gateway, Guard
from emulated_aws.knobs import Knobs
from emulated_aws.lambdas.code import HOT_BUCKET, hot_zip
from emulated_aws.lambdas.engine import Engine, parsed
from emulated_aws.lambdas.environment import Platform, faults_of_variables
from emulated_aws.lambdas.ports import Call
from emulated_aws.metric_gate import judge, namespace_of
from emulated_aws.rights import Right, sagemaker_rights
from emulated_aws.sagemaker.api import SageMaker
from emulated_aws.sagemaker.faults import RefusalError
from emulated_aws.sagemaker.surroundings import Surroundings
from emulated_aws.seam import invocations, judging, metrics, places, routes, schedules
from emulated_aws.seam.functions import MiniStackForLambda
from emulated_aws.seam.invocations import Invocations
from emulated_aws.seam.places import Place
from emulation.chaos import Chaos
from emulation.clock import Clock

GRACE_SECONDS = 1.0


class Assembly:
    """The whole of the emulated AWS."""

    def __init__(self, options: argparse.Namespace, credentials: Mapping[str, str]) -> None:
        folder = options.emulator_folder
        self._options = options
        self._clock = Clock(options.scale, time.time())
        self._chaos = Chaos(Knobs())
        platform = Platform(
            python=options.sandbox_python,
            mark=f"--emulator-folder={folder}",
            logs=folder / "logs",
            code=folder / "functions",
            scratch=folder / "tmp",
            credentials=credentials,
            lend=judging.lend,
        )
        self._engine = Engine(MiniStackForLambda(), platform, self._clock, self._chaos)
        self._alarms = AlarmWatch(self._clock, self._engine.enqueue)
        self._sagemakers: dict[Place, SageMaker] = {}
        guard = Guard(
            key=credentials["AWS_ACCESS_KEY_ID"], secret=credentials["AWS_SECRET_ACCESS_KEY"],
            secret_of=judging.secret_of, check=places.signature_fault, refusal=self._metrics_refusal,
        )  # fmt: skip
        self._gateway = Gateway(places.application, guard, self._chaos)
        self._admin = Admin(self._chaos, self._gateway.metrics, self._counts, self._engine.kill)
        self._install()

    def _install(self) -> None:
        ours = Invocations(self._invoke, self._engine.enqueue, _local_folder)
        invocations.install(ours, _function_fault)
        metrics.install(self._metric_refusal, self._alarms.moved, _extract_metrics)
        schedules.install(self._clock)
        judging.install(lambda body: namespace_of(body, metrics.decoded_cbor))
        routes.install_sagemaker(self._sagemaker)
        routes.install_s3_events(self._deliver_s3_event)

    async def serve(self, stop: asyncio.Event) -> None:
        """Serve both ports until *stop*."""
        self._engine.start()
        threading.Thread(target=self._alarms.run, name="alarms", daemon=True).start()
        servers = (
            (self._gateway, self._options.gateway_descriptor),
            (self._admin, self._options.admin_descriptor),
        )
        await asyncio.gather(*(_serve(application, descriptor, stop) for application, descriptor in servers))

    def stop(self) -> None:
        """End what runs beside the servers."""
        self._engine.stop()

    def _invoke(self, call: Call, event: bytes, request_id: str) -> dict[str, Any]:
        outcome = self._engine.invoke(call, event, request_id)
        if outcome.failed:
            return {"error": True, "function_error": "Unhandled", "body": parsed(outcome.payload), "log": outcome.tail}
        return {"body": outcome.payload, "log": outcome.tail}

    def _metric_refusal(
        self, headers: Mapping[str, str], query: Mapping[str, list[str]], body: bytes
    ) -> metrics.Answer | None:
        if self._chaos.strikes("cloudwatch_throttled"):
            return metrics.error("Throttling", "Rate exceeded", 400, headers)
        fault = judge(headers, query, body, time.time(), metrics.decoded_cbor)
        return None if fault is None else metrics.error(fault.code, fault.message, fault.status, headers)

    def _metrics_refusal(self, key: str) -> str | None:
        with Place(self._options.account, self._options.region).entered():
            return judging.refusal(key, [Right("cloudwatch:PutMetricData", "*")])

    def _sagemaker(self, key: str, operation: str, request: dict[str, Any]) -> metrics.Answer:
        place = places.here()
        arn = f"arn:aws:sagemaker:{place.region}:{place.account}"
        if place not in self._sagemakers:
            around = Surroundings(arn, self._clock, self._chaos, places.emit, _later_in(place))
            self._sagemakers[place] = SageMaker(around)
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        if refused := judging.refusal(key, sagemaker_rights(operation, request, arn)):
            return 400, headers, json.dumps({"__type": "AccessDeniedException", "Message": refused}).encode()
        try:
            answer = self._sagemakers[place].answer(operation, request)
        except RefusalError as error:
            return 400, headers, json.dumps({"__type": error.code, "message": str(error)}).encode()
        return 200, headers, json.dumps(answer).encode()

    def _deliver_s3_event(self, deliver: Callable[[], None]) -> None:
        """Once, or twice; now, or later: each delivery by its own draw."""
        for _ in range(2 if self._chaos.strikes("s3_event_duplicates") else 1):
            delay = self._chaos.delay_seconds("s3_event_delay_seconds")
            if delay:
                _after(delay, deliver)
            else:
                deliver()

    def _counts(self) -> dict[str, Any]:
        sagemaker = [each.counts() for each in list(self._sagemakers.values())]
        return {
            "requests": self._gateway.requests,
            "refused": self._gateway.refused,
            "aws": places.counts(),
            "lambda": self._engine.counts(),
            "sagemaker": {name: sum(each[name] for each in sagemaker) for name in ("executions", "training_jobs")},
            "otlp_points": len(self._gateway.metrics.points),
            "chaos": self._chaos.struck,
        }


async def _serve(application: Application, descriptor: int, stop: asyncio.Event) -> None:
    config = Config()
    config.bind = [f"fd://{descriptor}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = config.shutdown_timeout = GRACE_SECONDS
    config.h11_max_incomplete_size = 1 << 20
    await serve(application, config, shutdown_trigger=stop.wait)


def _local_folder(bucket: str, key: str) -> bytes | None:
    return hot_zip(key) if bucket == HOT_BUCKET else None


def _extract_metrics(line: str) -> None:
    for datum in datums(line):
        metrics.store(datum)


def _function_fault(request: Mapping[str, Any]) -> str | None:
    code = request.get("Code") or {}
    if code.get("S3Bucket") == HOT_BUCKET:
        try:
            hot_zip(code.get("S3Key", ""))
        except ValueError as error:
            return str(error)
    return faults_of_variables((request.get("Environment") or {}).get("Variables") or {})


def _later_in(place: Place) -> Callable[[float, Callable[[], None]], None]:
    def later(seconds: float, work: Callable[[], None]) -> None:
        def in_place() -> None:
            with place.entered():
                work()

        _after(seconds, in_place)

    return later


def _after(seconds: float, work: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, work)
    timer.daemon = True
    timer.start()
