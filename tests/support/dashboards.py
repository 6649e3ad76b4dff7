"""What Azure's dashboards ask, as it is asked: in the workbook, and in Grafana."""

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "infra/dashboards"
ALL, SEVEN_DAYS = "'*'", "timestamp > ago(7d)"


def _workbook():
    items = json.loads((FOLDER / "azure-workbook.json").read_text())["items"]
    (parameters,) = (each["content"]["parameters"] for each in items if each["type"] == 9)
    yield from ((each["label"], each["query"]) for each in parameters if "query" in each)
    yield from ((each["content"]["title"], each["content"]["query"]) for each in items if each["type"] == 3)


def _grafana():
    dashboard = json.loads((FOLDER / "grafana-azure.json").read_text())
    (monitors,) = (each for each in dashboard["templating"]["list"] if each["name"] == "monitor")
    yield monitors["label"], monitors["query"]["azureLogAnalytics"]["query"]
    for panel in dashboard["panels"]:
        yield from ((panel["title"], each["azureLogAnalytics"]["query"]) for each in panel.get("targets", ()))


def asked(monitors=ALL):
    """By what asks and its title, each query in the last seven days and of *monitors*, names in quotes."""
    workbook = {
        f"workbook: {title}": query.replace("timestamp {TimeRange}", SEVEN_DAYS) for title, query in _workbook()
    }
    grafana = {
        f"grafana: {title}": query.replace("$__timeFilter(timestamp)", SEVEN_DAYS) for title, query in _grafana()
    }
    chosen = workbook | grafana
    return {name: query.replace("{Monitor}", monitors).replace("$monitor", monitors) for name, query in chosen.items()}
