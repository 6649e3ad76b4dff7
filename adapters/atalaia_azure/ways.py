"""The ways that telemetry goes from a function app, by ATALAIA_METRICS; each loads what it needs when it is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from atalaia.errors import AtalaiaError
from atalaia.ports import Telemetry
from atalaia_azure.envelopes import Sender, Spread, metric
from atalaia_azure.identity import Identity
from atalaia_azure.insights import InsightsChannel, body_of, connection_of, packed
from atalaia_azure.telemetry import Collector, Insights, Part, PartedTelemetry, Topic
from atalaia_functions.counting import Counting
from atalaia_functions.deadline import Deadline
from atalaia_functions.runtime import Ended
from atalaia_functions.settings import choice, collector
from atalaia_otel.exporter import Exporter
from atalaia_otel.json_log import JsonLog
from atalaia_otel.keeping import Home, Keeper

if TYPE_CHECKING:
    from atalaia_azure.library import Exporters
    from atalaia_otel.exporter import Channel

_INSIGHTS, _LIBRARY, _OTLP = "application-insights", "azure-monitor", "otlp"
_FLUSH_SECONDS = 1.2  # an endpoint that does not answer must not cost every call what it costs to send a report
_PROCESS = {"faas.name": "WEBSITE_SITE_NAME", "faas.instance": "WEBSITE_INSTANCE_ID"}
_TAGS = {"ai.cloud.role": "WEBSITE_SITE_NAME", "ai.cloud.roleInstance": "WEBSITE_INSTANCE_ID"}
_TOPIC_RESOURCE = "https://eventgrid.azure.net"


class Ways:
    """How this process tells of reports and of its calls.

    Args:
        env: The settings.
        log: Hears of what is dropped.
        deadline: Of the call under way.
        identity: Gives tokens.
        operation: Returns the id of the trace that the call under way belongs to.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        log: JsonLog,
        deadline: Deadline,
        identity: Identity,
        operation: Callable[[], str | None],
    ) -> None:
        self._env = env
        self._log = log
        self._deadline = deadline
        self._identity = identity
        self._operation = operation
        self._channel: InsightsChannel | None = None
        self._way = choice(env, "ATALAIA_METRICS", _INSIGHTS, {way: way for way in (_INSIGHTS, _LIBRARY, _OTLP)})
        self._library: Exporters | None = None
        self._process = {key: env[name] for key, name in _PROCESS.items() if name in env}
        self._counting = Counting(log, deadline, self._counted, self._process)

    def telemetry(self) -> Telemetry:
        """Return where reports are told of.

        Raises:
            AtalaiaError: The settings do not say where.
        """
        topic = self._env.get("ATALAIA_TOPIC_ENDPOINT", "")
        parts: list[Part] = [self._main()]
        if topic:
            parts.append(Topic(topic, self._topic_headers, self._deadline.seconds))
        return PartedTelemetry(self._log, parts)

    def flush(self, call: Ended) -> None:
        """Send what a call did, or keep it with the first monitor; the call itself never fails of it."""
        earlier = call.function == "evaluate"
        if self._way != _INSIGHTS:
            self._counting.flush(call.measures, call.watches, call.time, earlier=earlier)
            return
        home = Home(call.watches[0].monitor.name, call.watches[0].output) if call.watches else None
        try:
            channel = self._insights()
            exporter = Exporter(channel, lambda: min(self._deadline.seconds(), _FLUSH_SECONDS))
            made = [metric(self._sender(), o.name, Spread(1, v, v, v), (), call.time) for o, v in call.measures]
            outcome = exporter.post((body_of(texts), len(texts)) for texts in packed(made))
            Keeper(self._log, exporter).settle(outcome, home, call.time, earlier=earlier)
        except AtalaiaError as error:
            self._log.write([{"event": "ml.monitor.telemetry_dropped", "channel": self._way, "why": str(error)}])

    def _main(self) -> Part:
        if self._way == _INSIGHTS:
            return Insights(self._insights().ingestion, self._sender, self._deadline.seconds)
        if self._way == _LIBRARY:
            from atalaia_azure.library import LibraryInsights

            return LibraryInsights(self._exporters(), self._deadline.seconds)
        from atalaia_otel.telemetry import SentTelemetry

        return Collector(SentTelemetry(self._log, Exporter(collector(self._env), self._deadline.seconds)))

    def _counted(self) -> Channel:
        if self._way == _OTLP:
            return collector(self._env)
        from atalaia_azure.library import LibraryChannel

        return LibraryChannel(self._exporters())

    def _exporters(self) -> Exporters:
        from atalaia_azure.library import Exporters

        if self._library is None:
            self._library = Exporters(self._env, self._identity, {"service.name": "atalaia", **self._process})
        return self._library

    def _insights(self) -> InsightsChannel:
        if self._channel is None:
            self._channel = InsightsChannel(connection_of(self._env, self._identity), self._tags)
        return self._channel

    def _sender(self) -> Sender:
        operation = self._operation()
        own = {"ai.operation.id": operation} if operation else {}
        return Sender(self._insights().sender.key, {**self._tags, **own})

    @property
    def _tags(self) -> dict[str, str]:
        named = {tag: self._env[name] for tag, name in _TAGS.items() if self._env.get(name)}
        return {**named, "ai.internal.sdkVersion": "atalaia"}

    def _topic_headers(self) -> Mapping[str, str]:
        key = self._env.get("ATALAIA_TOPIC_KEY")
        if key:
            return {"aeg-sas-key": key}
        return {"Authorization": f"Bearer {self._identity.token(_TOPIC_RESOURCE)}"}
