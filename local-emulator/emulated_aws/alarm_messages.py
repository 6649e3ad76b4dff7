"""What an alarm that changed tells: the SNS message, the EventBridge event, and what a Lambda function receives."""

import time
from collections.abc import Mapping
from typing import Any

REGION_NAMES = {
    "eu-central-1": "EU (Frankfurt)",
    "eu-west-1": "EU (Ireland)",
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-2": "US West (Oregon)",
}


def stamp(moment: float) -> str:
    """A Unix time as alarms write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment * 1000) % 1000:03d}+0000"


def notification(alarm: Mapping[str, Any], old: str, account: str, region: str, moment: float) -> dict[str, Any]:
    """The message that an SNS topic receives."""
    message = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription") or None,
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.get("AlarmConfigurationUpdatedTimestamp") or moment),
        "NewStateValue": alarm["StateValue"],
        "NewStateReason": alarm["StateReason"],
        "StateChangeTime": stamp(moment),
        "Region": REGION_NAMES.get(region, region),
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": old,
        "OKActions": alarm.get("OKActions") or [],
        "AlarmActions": alarm.get("AlarmActions") or [],
        "InsufficientDataActions": alarm.get("InsufficientDataActions") or [],
    }
    if alarm.get("AlarmRule"):
        return {**message, "AlarmRule": alarm["AlarmRule"]}
    return {**message, "Trigger": _trigger(alarm)}


def _trigger(alarm: Mapping[str, Any]) -> dict[str, Any]:
    dimensions = alarm.get("Dimensions") or []
    trigger = {
        "MetricName": alarm["MetricName"],
        "Namespace": alarm["Namespace"],
        "StatisticType": "Statistic",
        "Statistic": str(alarm.get("Statistic", "Average")).upper(),
        "Unit": alarm.get("Unit"),
        "Dimensions": [{"value": each["Value"], "name": each["Name"]} for each in dimensions],
        "Period": alarm["Period"],
        "EvaluationPeriods": alarm["EvaluationPeriods"],
        "DatapointsToAlarm": alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"],
        "ComparisonOperator": alarm["ComparisonOperator"],
        "Threshold": alarm["Threshold"],
        "TreatMissingData": alarm.get("TreatMissingData", "missing"),
        "EvaluateLowSampleCountPercentile": alarm.get("EvaluateLowSampleCountPercentile", ""),
    }
    if alarm.get("ExtendedStatistic"):
        del trigger["Statistic"]
        trigger.update(StatisticType="ExtendedStatistic", ExtendedStatistic=alarm["ExtendedStatistic"])
    return trigger


def event_detail(alarm: Mapping[str, Any], old: str, moment: float) -> dict[str, Any]:
    """The detail of the "CloudWatch Alarm State Change" event."""
    state = {"value": alarm["StateValue"], "reason": alarm["StateReason"], "timestamp": stamp(moment)}
    if alarm.get("StateReasonData"):
        state["reasonData"] = alarm["StateReasonData"]
    return {
        "alarmName": alarm["AlarmName"],
        "state": state,
        "previousState": {"value": old},
        "configuration": _configuration(alarm),
    }


def _configuration(alarm: Mapping[str, Any]) -> dict[str, Any]:
    if alarm.get("AlarmRule"):
        return {"alarmRule": alarm["AlarmRule"]}
    metric = {
        "namespace": alarm["Namespace"],
        "name": alarm["MetricName"],
        "dimensions": {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []},
    }
    stat = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average")
    measured = {"metric": metric, "period": alarm["Period"], "stat": stat}
    return {
        "description": alarm.get("AlarmDescription", ""),
        "metrics": [{"id": "m1", "metricStat": measured, "returnData": True}],
    }


def function_event(alarm: Mapping[str, Any], old: str, account: str, region: str, moment: float) -> dict[str, Any]:
    """What a Lambda function named as an action receives."""
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm["AlarmArn"],
        "accountId": account,
        "time": stamp(moment),
        "region": region,
        "alarmData": event_detail(alarm, old, moment),
    }
