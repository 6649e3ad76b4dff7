"""The functions on Azure Functions: what is Azure's own of their runtime."""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atalaia.errors import JobError
from atalaia.monitor_file import LogFormat
from atalaia.policies import Policy
from atalaia.ports import JobStarter, ObjectStore, Telemetry
from atalaia_azure.blobs import open_container
from atalaia_azure.identity import Identity
from atalaia_functions.deadline import Deadline
from atalaia_functions.runtime import Ended, Runtime
from atalaia_functions.secrets import secret_of
from atalaia_functions.targets import common_starter
from atalaia_local.without_pandas import keep_pandas_out
from atalaia_obstore.patience import Patience
from atalaia_otel.json_log import JsonLog

if TYPE_CHECKING:
    from atalaia_azure.draining import Source
    from atalaia_azure.ways import Ways

LIMIT = "00:10:00"
"""How long a call may take, as host.json says it."""

_GROWING = frozenset({LogFormat.AZUREML})
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


class LoggedLines:
    """A stream whose lines are messages of Python's logging, which the Functions host collects."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def write(self, text: str) -> int:
        """Log one line."""
        self._logger.info("%s", text.rstrip("\n"))
        return len(text)

    def flush(self) -> None:
        """Do nothing: nothing is held back."""


class FunctionApp:
    """What Azure Functions gives and asks for.

    Args:
        env: `ATALAIA_METRICS` and what its ways need, `ATALAIA_TOPIC_ENDPOINT`, `ATALAIA_TOPIC_KEY`,
            `ATALAIA_ARM_ENDPOINT`, the storage account's settings, and what the platform sets.
        log: Where log lines go.
        deadline: Of the invocation under way.
    """

    def __init__(self, env: Mapping[str, str], log: JsonLog, deadline: Deadline) -> None:
        self._env = env
        self._log = log
        self._deadline = deadline
        self._limit = _seconds(env.get("AzureFunctionsJobHost__functionTimeout", LIMIT))
        self._made: Ways | None = None
        self.identity = Identity(env)
        self._call = threading.local()

    @property
    def growing(self) -> Collection[LogFormat]:
        """Azure ML's collector appends to its blobs, and Event Grid does not tell of that."""
        return _GROWING

    def begin(self, context: Any) -> tuple[str | None, Callable[[], float] | None]:
        """Return the id of a call, and what tells the seconds that it has left; in a test there may be no context.

        What is told goes by the id of the trace that the host began, so that a finding is found beside the call that
        made it.
        """
        if context is None:
            return None, None
        _go_on_with(context.trace_context)
        found = _TRACE.fullmatch(context.trace_context.trace_parent or "")
        self._call.operation = None if found is None else found[1]
        until = time.monotonic() + self._limit
        return context.invocation_id, lambda: until - time.monotonic()

    def open_store(self, uri: str, deadline: Deadline) -> ObjectStore:
        """Open a container, or a folder of it."""
        return open_container(uri, Patience(deadline.seconds), self._env)

    def telemetry(self) -> Telemetry:
        """Return where reports are told of, by ATALAIA_METRICS."""
        return self._ways().telemetry()

    def secret(self, reference: str) -> str:
        """Return the secret that a monitor file refers to.

        Raises:
            JobError: There is no such secret, or it is kept elsewhere.
        """
        return secret_of(reference, self._env, {})

    def starter_of(self, policy: Policy, store: ObjectStore) -> JobStarter:
        """Return what starts the jobs of a policy of the monitor whose output is *store*.

        Raises:
            JobError: They are another cloud's.
        """
        from atalaia_azure.jobs import MachineLearningStarter, endpoint_of

        common = common_starter(policy, self.secret, store)
        if common is not None:
            return common
        if policy.azureml_job is None:
            msg = f"policy {policy.name}: Azure starts no SageMaker job. Give `azureml_job`."
            raise JobError(msg)
        return MachineLearningStarter(policy.azureml_job, endpoint_of(self._env), self.identity.token)

    def tell(self, call: Ended) -> None:
        """Write a call's log line, and send what it did as metrics."""
        self._log.write([call.told])
        if call.measures:
            self._ways().flush(call)

    def messages(self, name: str) -> Source:
        """Return the queue *name* of this app's own account, and what is to be known of its messages."""
        from atalaia_azure.draining import Source
        from atalaia_azure.queues import queue_of

        queue, poison = (queue_of(self._env, each, self.identity.token) for each in (name, f"{name}-poison"))
        return Source(queue, poison, self._env.get("AZURE_STORAGE_ACCOUNT_NAME", ""))

    def _ways(self) -> Ways:
        if self._made is None:
            from atalaia_azure.ways import Ways

            self._made = Ways(self._env, self._log, self._deadline, self.identity, lambda: self._operation)
        return self._made

    @property
    def _operation(self) -> str | None:
        """The trace of this thread's call: while one works, others of this process may wait in theirs."""
        operation: str | None = getattr(self._call, "operation", None)
        return operation


def _go_on_with(trace: Any) -> None:
    """Let OpenTelemetry, if it is loaded, go on with the host's trace; for plain functions the worker does not."""
    if "opentelemetry.context" not in sys.modules:
        return
    from opentelemetry import context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier = {"traceparent": trace.trace_parent or "", "tracestate": trace.trace_state or ""}
    context.attach(TraceContextTextMapPropagator().extract(carrier))  # of this thread, until its next call


def _seconds(limit: str) -> float:
    """Read a time-out as host.json has it, such as `00:10:00`; -1 is none."""
    found = re.fullmatch(r"(?:(\d+)\.)?(\d\d):(\d\d):(\d\d)", limit)
    if found is None:
        return float("inf")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


class App:
    """The runtime of this process, and what its handlers need of Azure besides."""

    def __init__(self, given: Mapping[str, str], log: JsonLog) -> None:
        env, deadline = {**given, "ATALAIA_MONITORS": _monitors(given)}, Deadline()
        self.cloud = FunctionApp(env, log, deadline)
        self.runtime = Runtime(env, self.cloud, deadline, log)


def _monitors(env: Mapping[str, str]) -> str:
    """Return where monitor files are: what is no URI is a folder of the bundle, wherever the worker was started."""
    place = env.get("ATALAIA_MONITORS", "monitors")
    return place if "://" in place else str(Path(env.get("AzureWebJobsScriptRoot", ""), place))


@cache
def app() -> App:
    """Return the one of this process."""
    keep_pandas_out()
    logger = logging.getLogger("atalaia")
    logger.setLevel(logging.INFO)
    return App(os.environ, JsonLog(LoggedLines(logger)))  # noqa: TID251 - this is where the functions are wired
