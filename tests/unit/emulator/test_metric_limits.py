import pytest

from emulated_aws.metric_gate import from_query, judge
from emulated_aws.metric_limits import MAX_BYTES, refusal

NOW = 1_800_000_000.0
FINE = {"MetricName": "m", "Value": 1.0}


def code(*datums, size=100, namespace="N"):
    fault = refusal({"Namespace": namespace, "MetricData": list(datums)}, size, NOW)
    return fault and (fault.status, fault.code)


@pytest.mark.parametrize(
    "datum",
    [
        FINE,
        {**FINE, "Timestamp": NOW - 14 * 86400},
        {**FINE, "Timestamp": NOW + 7200},
        {**FINE, "Dimensions": [{"Name": f"d{n}", "Value": "x"} for n in range(30)]},
        {"MetricName": "m", "Values": [1.0] * 150},
        {"MetricName": "m", "StatisticValues": {"SampleCount": 2, "Sum": 3, "Minimum": 1, "Maximum": 2}},
    ],
)
def test_what_is_within_the_limits_passes(datum):
    assert code(datum) is None


@pytest.mark.parametrize(
    ("datum", "fault"),
    [
        ({"Value": 1}, "MissingParameter"),
        ({"MetricName": "m"}, "InvalidParameterCombination"),
        ({**FINE, "Values": [1.0]}, "InvalidParameterCombination"),
        ({**FINE, "Value": "NaN"}, "InvalidParameterValue"),
        ({**FINE, "Value": float("-inf")}, "InvalidParameterValue"),
        ({**FINE, "Value": 2.0**361}, "InvalidParameterValue"),
        ({"MetricName": "m", "Values": [1.0], "Counts": [1.0, 2.0]}, "InvalidParameterValue"),
        ({"MetricName": "m", "Values": [1.0] * 151}, "InvalidParameterValue"),
        ({**FINE, "Timestamp": NOW - 14 * 86400 - 1}, "InvalidParameterValue"),
        ({**FINE, "Timestamp": NOW + 7201}, "InvalidParameterValue"),
        ({**FINE, "Dimensions": [{"Name": "d", "Value": ""}]}, "InvalidParameterValue"),
        ({**FINE, "Dimensions": [{"Name": "d", "Value": "x"}] * 2}, "InvalidParameterValue"),
        ({**FINE, "Dimensions": [{"Name": f"d{n}", "Value": "x"} for n in range(31)]}, "InvalidParameterValue"),
    ],
)
def test_what_is_beyond_a_limit_is_refused(datum, fault):
    assert code(FINE, datum) == (400, fault)


def test_a_request_has_limits_as_a_whole():
    assert code(*[FINE] * 1000, size=MAX_BYTES) is None
    assert code(*[FINE] * 1001) == (400, "InvalidParameterValue")
    assert code(FINE, size=MAX_BYTES + 1) == (413, "RequestEntityTooLarge")
    assert code(FINE, namespace="") == (400, "MissingParameter")
    assert code(FINE, namespace="AWS/Lambda") == (400, "InvalidParameterValue")


def test_a_query_is_read_as_the_nested_request_it_stands_for():
    fields = {
        "Namespace": ["N"],
        "MetricData.member.1.MetricName": ["m"],
        "MetricData.member.1.Dimensions.member.1.Name": ["a"],
        "MetricData.member.1.Dimensions.member.1.Value": ["1"],
        "MetricData.member.2.Values.member.1": ["3"],
        "MetricData.member.2.Values.member.2": ["4"],
    }

    assert from_query(fields) == {
        "Namespace": "N",
        "MetricData": [{"MetricName": "m", "Dimensions": [{"Name": "a", "Value": "1"}]}, {"Values": ["3", "4"]}],
    }


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"MetricData": 3}', b'{"Namespace": "N", "MetricData": [{"Timestamp": "soon"}]}']
)
def test_a_request_that_cannot_be_read_is_refused_in_words(body):
    fault = judge({"content-type": "application/x-amz-json-1.0"}, {}, body, NOW, None)

    assert (fault.code, fault.status) == ("MalformedInput", 400)


@pytest.mark.parametrize("stamp", ["2027-01-15T08:00:00Z", "2027-01-15T08:00:00", NOW, "1800000000"])
def test_every_protocols_time_stamp_is_understood(stamp):
    body = f'{{"Namespace": "N", "MetricData": [{{"MetricName": "m", "Value": 1, "Timestamp": {stamp!r}}}]}}'.replace(
        "'", '"'
    )

    assert judge({"content-type": "application/x-amz-json-1.0"}, {}, body.encode(), NOW, None) is None
