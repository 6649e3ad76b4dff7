import json

import pytest

from emulated_aws.embedded_metrics import Datum, datums

DIRECTIVE = {"Namespace": "N", "Dimensions": [["model"]], "Metrics": [{"Name": "psi", "Unit": "None"}]}


def line(directive=DIRECTIVE, **members):
    root = {"_aws": {"Timestamp": 1500, "CloudWatchMetrics": [directive]}, "model": "credit", "psi": 0.5}
    return json.dumps({**root, **members})


def test_a_value_becomes_one_datum_per_set_of_dimensions():
    directive = {**DIRECTIVE, "Dimensions": [["model"], []]}

    found = datums(line(directive))

    assert found == [
        Datum("N", "psi", {"model": "credit"}, 1.5, "None", (0.5,)),
        Datum("N", "psi", {}, 1.5, "None", (0.5,)),
    ]


def test_a_list_becomes_all_its_values():
    assert datums(line(psi=[1, 2.5]))[0].values == (1.0, 2.5)


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        '{"psi": 1}',
        '{"_aws": 1}',
        '"_aws"',
        line(psi="high"),
        line(psi=[]),
        line(psi=[1] * 101),
        line({**DIRECTIVE, "Dimensions": [["absent"]]}),
        line({**DIRECTIVE, "Dimensions": [[f"d{n}" for n in range(31)]]}),
        line({**DIRECTIVE, "Metrics": [{"Name": f"m{n}"} for n in range(101)]}),
        line(psi=1).replace("0.5", "NaN").replace(": 1}", ": NaN}"),
    ],
)
def test_what_is_no_embedded_metric_gives_nothing(text):
    assert datums(text) == []
