"""Traffic is shifted to names that there may be, and to shares that add up."""

import pytest

from atalaia.monitor_targets import broken_targets

ENDPOINT = {"endpoint": "churn", "weights": {"champion": 1, "challenger": 0}}
ONLINE = {"workspace": "w", "endpoint": "churn", "traffic": {"blue": 100, "green": 0}}


def told(**target):
    return [(".".join(map(str, issue.path)), f"{issue.found}. {issue.fix}") for issue in broken_targets(target, ())]


@pytest.mark.parametrize(
    "target",
    [
        {"sagemaker_traffic": ENDPOINT},
        {"sagemaker_traffic": {**ENDPOINT, "weights": {"champion": 0.5}}},
        {"azureml_traffic": ONLINE},
        {"sns_topic": "arn:aws:sns:eu-west-1:123456789012:drift"},
        {"sns_topic": "arn:aws-cn:sns:cn-north-1:123456789012:drift_2.fifo"},
    ],
)
def test_what_can_be_is_fine(target):
    assert told(**target) == []


@pytest.mark.parametrize(
    ("weights", "words"),
    [({"champion": -1, "challenger": 2}, "below 0"), ({"champion": 0}, "all are 0"), ({"a_b": 1}, "'a_b' is no name")],
)
def test_weights_are_not_negative_and_not_all_nothing(weights, words):
    [(path, said)] = told(sagemaker_traffic={**ENDPOINT, "weights": weights})

    assert path == "sagemaker_traffic.weights"
    assert words in said


@pytest.mark.parametrize("name", ["-churn", "churn_1", "x" * 64, ""])
def test_an_endpoint_has_a_name_of_sagemakers(name):
    [(path, said)] = told(sagemaker_traffic={**ENDPOINT, "endpoint": name})

    assert path == "sagemaker_traffic.endpoint"
    assert "is no name of letters" in said


@pytest.mark.parametrize("traffic", [{"blue": 60, "green": 30}, {"blue": 110, "green": -10}])
def test_percentages_add_up(traffic):
    [(path, said)] = told(azureml_traffic={**ONLINE, "traffic": traffic})

    assert path == "azureml_traffic.traffic"
    assert "a sum of 100" in said


@pytest.mark.parametrize(
    "topic", ["drift", "arn:aws:sqs:eu-west-1:123456789012:drift", "arn:aws:sns:eu-west-1:1:drift"]
)
def test_a_topic_is_named_by_its_arn(topic):
    [(path, said)] = told(sns_topic=topic)

    assert path == "sns_topic"
    assert "is no ARN of an SNS topic" in said


@pytest.mark.parametrize(
    "given", [None, 7, "x", [], {"weights": "x"}, {"weights": {"a": "b"}}, {"traffic": {"a": None}}]
)
def test_what_has_a_wrong_type_is_told_of_elsewhere(given):
    assert told(sagemaker_traffic=given, azureml_traffic=given, sns_topic=7) == []
