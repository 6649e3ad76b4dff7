"""Dashboards of Grafana, made with its own typed library: the same panels, asked of three kinds of data source."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import (
    azuremonitor,
    cloudwatch,
    common,
    dashboard,
    prometheus,
    stat,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.azuremonitor import QueryType, ResultFormat
from grafana_foundation_sdk.models.cloudwatch import MetricEditorMode, MetricQueryType, QueryMode
from grafana_foundation_sdk.models.common import (
    BigValueTextMode,
    DataSourceRef,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    Threshold,
    ValueMap,
    ValueMappingResult,
    VariableRefresh,
)
from grafana_foundation_sdk.models.dashboard import (
    Panel as BuiltPanel,
)

from library import Panel, Row, has, insights, kql, limits, monitors, question, rows

_COLORS = {"ok": "green", "warning": "yellow", "alert": "red", "undecided": "text"}
_FUNCTIONS = ("evaluate", "ingest", "lifecycle", "status")
_BELOW = LegendPlacement.BOTTOM

_Target = Builder[Dataquery]


@dataclass(frozen=True)
class _Source:
    """A kind of data source.

    Attributes:
        plugin: How Grafana calls it.
        title: How its maker calls it.
        language: What infra/queries are asked in, empty if they cannot be.
        variables: What is chosen above the dashboard, after the data source.
        target: Makes what a panel asks.
    """

    plugin: str
    title: str
    language: str
    variables: Callable[[], list[Builder[Any]]]
    target: Callable[[Panel], _Target]


def dashboards() -> dict[str, str]:
    """Return the dashboards as JSON, by the name of their file."""
    made = {name: _dashboard(name, source).build() for name, source in _SOURCES.items()}
    return {f"grafana-{name}.json": json.dumps(each, cls=JSONEncoder, indent=1) + "\n" for name, each in made.items()}


def _dashboard(name: str, source: _Source) -> dashboard.Dashboard:
    made = dashboard.Dashboard(f"Atalaia on {source.title}").uid(f"atalaia-{name}").tags(["atalaia"])
    made.time("now-7d", "now").timezone("browser").editable()  # asked once: logs are billed by what is read
    made.with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type(source.plugin))
    for variable in source.variables():
        made.with_variable(variable)
    for row in rows():
        shown = [panel for panel in row.panels if _asked(panel, source) is not None]
        if shown:
            made.with_row(dashboard.Row(row.title))
        for panel in shown:
            made.with_panel(_panel(row, panel, source))
    return made


def _asked(panel: Panel, source: _Source) -> str | None:
    """Return what a panel asks of a kind of source: `query`, `metric`, or nothing."""
    if has(panel, source.language) and (source.language == "kql" or not panel.chart):
        return "query"
    return "metric" if panel.metric and not (panel.calls and not source.language) else None


def _panel(row: Row, panel: Panel, source: _Source) -> Builder[BuiltPanel]:
    queried = _asked(panel, source) == "query"
    made = _table() if queried and not panel.chart else _now() if panel.now else _chart(panel)
    made.title(question(panel, source.language) if queried else panel.title)
    if source.language == "kql" and not panel.calls:
        made.display_name("${__field.labels.monitor}")  # the others name series in what they ask
    return made.datasource(_chosen(source)).span(panel.width).height(row.height).with_target(source.target(panel))


def _table() -> table.Panel:
    colors = ValueMap({status: ValueMappingResult(color=color) for status, color in _COLORS.items()})
    cells = DynamicConfigValue("custom.cellOptions", {"type": "color-text"})
    return table.Panel().override_by_name("status", [DynamicConfigValue("mappings", [colors]), cells])


def _now() -> stat.Panel:
    steps = [Threshold(None, "green"), Threshold(1, "red")]
    return stat.Panel().thresholds(dashboard.ThresholdsConfig().steps(steps)).text_mode(BigValueTextMode.VALUE_AND_NAME)


def _chart(panel: Panel) -> timeseries.Panel:
    made = timeseries.Panel().min(0).show_points(VisibilityMode.ALWAYS).span_nulls(True)
    made.legend(common.VizLegendOptions().show_legend(True).display_mode(LegendDisplayMode.LIST).placement(_BELOW))
    if panel.most is not None:
        made.max(panel.most)
    limit = limits().get(panel.limit)
    if limit:
        steps = [Threshold(None, "green"), Threshold(limit, "red")]
        made.thresholds(dashboard.ThresholdsConfig().steps(steps))
        made.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    return made


def _chosen(source: _Source) -> DataSourceRef:
    return DataSourceRef(source.plugin, "${datasource}")


def _variable(name: str, label: str, asked: str | dict[str, Any], plugin: str) -> dashboard.QueryVariable:
    made = dashboard.QueryVariable(name).label(label).query(asked).datasource(DataSourceRef(plugin, "${datasource}"))
    return made.refresh(VariableRefresh.ON_DASHBOARD_LOAD)


def _monitors(asked: str | dict[str, Any], everything: str, plugin: str) -> dashboard.QueryVariable:
    made = _variable("monitor", "Monitor", asked, plugin).multi(True).include_all(True)
    return made.all_value(everything) if everything else made


_AZURE = "grafana-azure-monitor-datasource"
_RESOURCES = "resources\n| where type =~ 'microsoft.insights/components'\n| project id\n| order by id asc"


def _azure_variables() -> list[Builder[Any]]:
    graph = {"query": _RESOURCES, "resultFormat": "table"}
    logs = {"query": monitors(), "resources": ["$resource"], "resultFormat": "table"}
    subscriptions = {"queryType": QueryType.SUBSCRIPTIONS_QUERY}
    resources = {"queryType": QueryType.RESOURCE_GRAPH, "subscriptions": ["$subscription"], "azureResourceGraph": graph}
    return [
        _variable("subscription", "Subscription", {"refId": "A", **subscriptions}, _AZURE),
        _variable("resource", "Application Insights", {"refId": "A", **resources}, _AZURE),
        _monitors({"refId": "A", "queryType": QueryType.LOG_ANALYTICS, "azureLogAnalytics": logs}, "'*'", _AZURE),
    ]


def _azure(panel: Panel) -> _Target:
    asked = azuremonitor.LogsQuery().query(kql(panel, "$__timeFilter(timestamp)", "$monitor")).resources(["$resource"])
    asked.dashboard_time(False).result_format(
        ResultFormat.TIME_SERIES if panel.chart or (panel.metric and not panel.query) else ResultFormat.TABLE
    )
    return azuremonitor.MonitorQuery().ref_id("A").query_type(QueryType.LOG_ANALYTICS).azure_log_analytics(asked)


def _cloudwatch_variables() -> list[Builder[Any]]:
    asked = "dimension_values(default,$namespace,ml.monitor.rows,monitor)"
    return [
        dashboard.TextBoxVariable("namespace").label("Namespace").default_value("Atalaia"),
        dashboard.TextBoxVariable("name").label("Name of the deployment").default_value("atalaia"),
        _monitors(asked, "", "cloudwatch"),
    ]


def _cloudwatch(panel: Panel) -> _Target:
    if has(panel, "insights"):
        groups = [f"/aws/lambda/${{name}}-{function}" for function in _FUNCTIONS]
        logs = cloudwatch.LogsQuery().query_mode(QueryMode.LOGS).ref_id("A").id("logs").region("default")
        return logs.log_group_names(groups).expression(insights(panel, "${monitor:regex}"))
    series: dict[str, str | list[str]] = (
        {} if panel.calls else {"monitor": "$monitor", "model": "*", **panel.dimensions}
    )
    asked = cloudwatch.MetricsQuery().query_mode(QueryMode.METRICS).metric_query_type(MetricQueryType.SEARCH)
    asked.metric_editor_mode(MetricEditorMode.BUILDER).ref_id("A").id("metric").region("default").match_exact(True)
    asked.namespace("$namespace").metric_name(panel.metric).dimensions(series).statistic(panel.statistic).period("")
    return asked.label("" if panel.calls else "${PROP('Dim.monitor')}")


def _prometheus_variables() -> list[Builder[Any]]:
    asked = {"refId": "A", "qryType": 1, "query": "label_values(ml_monitor_rows,monitor)"}
    return [_monitors(asked, ".*", "prometheus")]


def _prometheus(panel: Panel) -> _Target:
    chosen = ['monitor=~"$monitor"', *(f'{name}="{value}"' for name, value in panel.dimensions.items())]
    asked = f"max by (monitor) ({panel.metric.replace('.', '_')}{{{', '.join(chosen)}}})"
    made = prometheus.Dataquery().ref_id("A").expr(asked).legend_format("{{monitor}}")
    return made.instant() if panel.now else made.range()


_SOURCES = {
    "azure": _Source(_AZURE, "Application Insights", "kql", _azure_variables, _azure),
    "cloudwatch": _Source("cloudwatch", "CloudWatch", "insights", _cloudwatch_variables, _cloudwatch),
    "prometheus": _Source("prometheus", "Prometheus", "", _prometheus_variables, _prometheus),
}
