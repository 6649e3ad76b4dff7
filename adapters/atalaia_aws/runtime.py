"""The functions on Lambda: what is AWS's own of their runtime."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO

from atalaia.errors import AtalaiaError, JobError
from atalaia.monitor_file import LogFormat
from atalaia.policies import Policy
from atalaia.ports import JobStarter, ObjectStore
from atalaia_aws.embedded import embedded
from atalaia_functions.counting import Counting
from atalaia_functions.deadline import Deadline
from atalaia_functions.runtime import Ended, Runtime
from atalaia_functions.secrets import secret_of
from atalaia_functions.settings import choice, collector
from atalaia_functions.targets import common_starter
from atalaia_local.without_pandas import keep_pandas_out
from atalaia_obstore.patience import Patience
from atalaia_obstore.store import open_store
from atalaia_otel.json_log import JsonLog

if TYPE_CHECKING:
    from atalaia_aws.clients import BotoClients
    from atalaia_otel.exporter import Channel
    from atalaia_otel.telemetry import SentTelemetry


_OTLP = "otlp"
_PROCESS = {"faas.name": "AWS_LAMBDA_FUNCTION_NAME", "faas.instance": "AWS_LAMBDA_LOG_STREAM_NAME"}


class Lambda:
    """What Lambda gives and asks for.

    Args:
        env: `ATALAIA_METRICS`, `ATALAIA_NAMESPACE`, `ATALAIA_OTLP_ENDPOINT`, `ATALAIA_OTLP_HEADERS`, and what AWS's own
            tools read.
        stream: Where log lines go.
        deadline: Of the invocation under way.
    """

    def __init__(self, env: Mapping[str, str], stream: TextIO, deadline: Deadline) -> None:
        self._env = env
        self._stream = stream
        self._deadline = deadline
        self._clients: BotoClients | None = None
        self._log = JsonLog(stream)
        process = {key: env[name] for key, name in _PROCESS.items() if name in env}
        self._counting = Counting(self._log, deadline, lambda: collector(env), process)

    @property
    def growing(self) -> Collection[LogFormat]:
        """None: objects in S3 are written whole."""
        return ()

    def begin(self, context: Any) -> tuple[str | None, Callable[[], float] | None]:
        """Return the id of a call, and what tells the seconds that it has left; in a test there may be no context."""
        if context is None:
            return None, None
        return context.aws_request_id, lambda: float(context.get_remaining_time_in_millis()) / 1000

    def open_store(self, uri: str, deadline: Deadline) -> ObjectStore:
        """Open a bucket, or a folder of it."""
        endpoint = self._env.get("AWS_ENDPOINT_URL_S3") or self._env.get("AWS_ENDPOINT_URL")
        config = {"endpoint": endpoint} if endpoint else {}
        return open_store(uri, Patience(deadline.seconds), **config)

    def telemetry(self) -> SentTelemetry:
        """Return where reports are told of, by ATALAIA_METRICS."""
        from atalaia_otel.exporter import Exporter
        from atalaia_otel.telemetry import SentTelemetry

        ways: dict[str, Callable[[], Channel]] = {
            "cloudwatch": self._cloudwatch,
            "emf": self._emf,
            _OTLP: lambda: collector(self._env),
            "cloudwatch-otlp": self._signed,
        }
        make = choice(self._env, "ATALAIA_METRICS", self._cloudwatch, ways)
        return SentTelemetry(self._log, Exporter(make(), self._deadline.seconds))

    def secret(self, reference: str) -> str:
        """Return the secret that a monitor file refers to.

        Raises:
            JobError: There is no such secret, or it is kept elsewhere.
        """
        from atalaia_aws.secrets import kept_secret

        return secret_of(reference, self._env, {"secretsmanager": lambda where: kept_secret(self._boto(), where)})

    def starter_of(self, policy: Policy, store: ObjectStore) -> JobStarter:
        """Return what starts the jobs of a policy of the monitor whose output is *store*.

        Raises:
            JobError: They are another cloud's.
        """
        from atalaia_aws.targets import aws_starter

        found = common_starter(policy, self.secret, store) or aws_starter(policy, self._boto())
        if found is None:
            msg = f"policy {policy.name}: its target is one of Azure's. Give it one that AWS has, such as `pipeline`."
            raise JobError(msg)
        return found

    def tell(self, call: Ended) -> None:
        """Write a call's log line, which CloudWatch reads as metrics too; or send these to a collector."""
        if call.measures and self._env.get("ATALAIA_METRICS") == _OTLP:
            self._log.write([call.told])
            self._counting.flush(call.measures, call.watches, call.time, earlier=call.function == "evaluate")
        else:
            self._log.write([dict(call.told) | embedded(self._namespace, call.time // 1000, call.measures)])

    def _boto(self) -> BotoClients:
        if self._clients is None:
            from atalaia_aws.clients import BotoClients

            self._clients = BotoClients()
        return self._clients

    @property
    def _namespace(self) -> str:
        return self._env.get("ATALAIA_NAMESPACE", "Atalaia")

    def _cloudwatch(self) -> Channel:
        from atalaia_aws.cloudwatch import CloudWatchChannel

        return CloudWatchChannel(self._boto(), self._namespace)

    def _emf(self) -> Channel:
        from atalaia_aws.emf import EmfChannel

        return EmfChannel(self._stream, self._namespace)

    def _signed(self) -> Channel:
        from atalaia_aws.signing import signed_channel

        region = self._env.get("AWS_REGION") or self._env.get("AWS_DEFAULT_REGION", "")
        if not region:
            msg = "no AWS region is known. Set AWS_REGION, such as eu-west-1."
            raise AtalaiaError(msg)
        return signed_channel(region, self._env.get("ATALAIA_OTLP_ENDPOINT"))


@cache
def runtime() -> Runtime:
    """Return the one of this process."""
    keep_pandas_out()
    env, deadline = os.environ, Deadline()  # noqa: TID251 - this is where the functions are wired
    return Runtime(env, Lambda(env, sys.stdout, deadline), deadline, JsonLog(sys.stdout))
