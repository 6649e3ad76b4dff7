"""Facts about the dashboard in CloudWatch that the complete example makes: functions that assert them."""

import json

from infrastructure import INFRA
from jsonschema import Draft202012Validator
from reports import a_finding, a_report

from atalaia.operations import OPERATIONS
from atalaia.telemetry import report_points

TEXT, WHOLE = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 0}
REGION = {"const": "eu-west-1"}


def closed(required, **properties):
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


LINE = closed(["value"], value={"type": "number"}, label=TEXT)
PROPERTIES = {  # what CloudWatch documents of each kind of widget, as far as it is used
    "alarm": closed(
        ["alarms"],
        alarms={"type": "array", "items": TEXT, "minItems": 1, "maxItems": 100, "uniqueItems": True},
        sortBy={"enum": ["default", "stateUpdatedTimestamp", "timestamp"]},
        title=TEXT,
    ),
    "text": closed(["markdown"], markdown=TEXT, background={"enum": ["solid", "transparent"]}),
    "log": closed(
        ["region", "query"],
        region=REGION,
        query={"type": "string", "pattern": r"^SOURCE '.+?' \| "},
        view={"enum": ["table", "timeSeries", "bar", "pie"]},
        title=TEXT,
    ),
    "metric": closed(
        ["region", "metrics"],
        region=REGION,
        metrics={"type": "array", "minItems": 1, "maxItems": 500, "items": {"type": "array", "minItems": 2}},
        view={"enum": ["timeSeries", "singleValue", "gauge", "bar", "pie", "table"]},
        stat={"enum": ["Maximum", "Sum"]},
        period={"type": "integer", "minimum": 60, "multipleOf": 60},
        yAxis=closed([], left=closed([], min={"type": "number"}, max={"type": "number"})),
        annotations=closed([], horizontal={"type": "array", "items": LINE}),
        title=TEXT,
    ),
}
PLACE = {"x": WHOLE | {"maximum": 23}, "y": WHOLE, "width": WHOLE | {"minimum": 1, "maximum": 24}}
PLACE |= {"height": WHOLE | {"minimum": 1, "maximum": 1000}}
WIDGETS = [
    closed(["type", "properties", *PLACE], type={"const": kind}, properties=properties, **PLACE)
    for kind, properties in PROPERTIES.items()
]
WIDGET_LIST = {"type": "array", "minItems": 1, "maxItems": 500, "items": {"oneOf": WIDGETS}}
BODY = closed(["widgets"], widgets=WIDGET_LIST, start={"type": "string", "pattern": "^-P"})


def body(deployed):
    return json.loads(deployed.one("aws_cloudwatch_dashboard")["dashboard_body"])


def properties(deployed, kind):
    """What is in each widget of a kind."""
    return [each["properties"] for each in body(deployed)["widgets"] if each["type"] == kind]


def it_has_the_form_that_cloudwatch_documents(deployed):
    faults = [f"{each.json_path}: {each.message}" for each in Draft202012Validator(BODY).iter_errors(body(deployed))]

    assert faults == []


def lie_side_by_side(places):
    """Assert that nothing sticks out of 24 columns, or lies over anything else."""
    cells = set()
    for place in places:
        covered = {(x, y) for x in across(place) for y in range(place["y"], place["y"] + place["height"])}
        assert place["x"] + place["width"] <= 24, place
        assert not covered & cells, place
        cells |= covered


def across(place):
    return range(place["x"], place["x"] + place["width"])


def its_widgets_lie_side_by_side(deployed):
    lie_side_by_side(body(deployed)["widgets"])


def its_rows_answer_from_top_to_bottom(deployed):
    headings = [each for each in body(deployed)["widgets"] if each["type"] == "text"]
    rows = [f"## {row['title']}" for row in json.loads((INFRA / "dashboards/panels.json").read_text())["rows"]]

    assert [each["properties"]["markdown"] for each in sorted(headings, key=lambda each: each["y"])] == rows
    assert body(deployed)["widgets"][0]["type"] == "alarm"


def sent_series():
    """Each series that is sent of a report or a call: its name, its dimensions, and of some their value."""
    findings = [a_finding(signal=each, threshold=0.1) for each in ("data_drift", "performance", "quality")]
    points = report_points(a_report(findings), 0)
    series = {
        (each.name, tuple((k, v) for k, v in each.attributes if k not in {"monitor", "model"})) for each in points
    }
    return series | {(each.name, None) for kind in OPERATIONS.values() for each in kind}


def its_metrics_are_sent(deployed):
    sent, models = sent_series(), {"churn": "churn", "credit": "credit"}
    for widget in properties(deployed, "metric"):
        for namespace, name, *pairs, shown in widget["metrics"]:
            given = dict(zip(pairs[::2], pairs[1::2], strict=True))
            assert namespace == "Atalaia"
            if not given:
                assert (name, None) in sent
                continue
            assert given.pop("model") == models[given.pop("monitor")]
            assert (name, tuple(given.items())) in sent
            assert shown["label"] in models


def it_shows_every_monitor(deployed):
    for widget in properties(deployed, "metric"):
        of_monitors = [each for each in widget["metrics"] if "monitor" in each]
        assert [each[-1]["label"] for each in of_monitors] in ([], ["churn", "credit"]), widget


def its_queries_are_those_of_the_library(deployed):
    library = {}
    for file in (INFRA / "queries").glob("*.insights"):
        question, *lines = file.read_text().splitlines()
        library[question.removeprefix("# ")] = "\n".join(line for line in lines if not line.startswith("#"))
    groups = sorted(each["name"] for each in deployed.all("aws_cloudwatch_log_group").values())
    sources = "".join(f"SOURCE '{name}' | " for name in groups)

    asked = properties(deployed, "log")
    assert len(asked) >= 6
    assert all(each["query"] == sources + library[each["title"]] for each in asked)


def its_alarms_are_all_but_those_that_others_stand_for(deployed):
    parts = {each["arn"] for each in deployed.all("aws_cloudwatch_metric_alarm", "report").values()}
    parts |= {each["arn"] for each in deployed.all("aws_cloudwatch_metric_alarm", "silence").values()}
    every = {each["arn"] for _, each in deployed.every("aws_cloudwatch_metric_alarm")}
    every |= {each["arn"] for _, each in deployed.every("aws_cloudwatch_composite_alarm")}

    assert {arn for widget in properties(deployed, "alarm") for arn in widget["alarms"]} == every - parts


def its_limits_are_those_of_alarms(deployed):
    alarms = deployed.all("aws_cloudwatch_metric_alarm", "report").values()
    limits = {each["metric_name"]: each["threshold"] for each in alarms}
    for widget in properties(deployed, "metric"):
        (name,) = {each[1] for each in widget["metrics"]}
        drawn = [each["value"] for each in widget["annotations"]["horizontal"]]
        assert name not in limits or drawn == [limits[name]], widget


DASHBOARD = [
    it_has_the_form_that_cloudwatch_documents,
    its_widgets_lie_side_by_side,
    its_rows_answer_from_top_to_bottom,
    its_metrics_are_sent,
    it_shows_every_monitor,
    its_queries_are_those_of_the_library,
    its_alarms_are_all_but_those_that_others_stand_for,
    its_limits_are_those_of_alarms,
]
