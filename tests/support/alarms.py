"""Alarms in the running emulator: make one, give it data, wait for its state."""

from emulators import until


def alarm(aws, name, metric, **options):
    settings = {
        "AlarmName": name, "Namespace": "Alarms", "MetricName": metric, "Statistic": "Maximum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 0.2, "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "ignore",
    }  # fmt: skip
    aws.client("cloudwatch").put_metric_alarm(**{**settings, **options})


def put(aws, metric, value, **dimensions):
    pairs = [{"Name": name, "Value": each} for name, each in dimensions.items()]
    data = [{"MetricName": metric, "Value": value, "Dimensions": pairs}]
    aws.client("cloudwatch").put_metric_data(Namespace="Alarms", MetricData=data)


def state(aws, *names):
    found = aws.client("cloudwatch").describe_alarms(
        AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    return {each["AlarmName"]: each["StateValue"] for each in found["MetricAlarms"] + found["CompositeAlarms"]}


def is_in(aws, name, wanted):
    return until(lambda: state(aws, name).get(name) == wanted)
