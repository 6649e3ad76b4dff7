import pytest
from drawn import COLUMNS
from worlds import lines, rows

from atalaia.conventions.asking import metrics_of
from atalaia.errors import LogError
from atalaia.monitor_file import Convention
from atalaia.monitoring.comparing import compare
from atalaia.monitoring.sources import LogSource
from atalaia.schema import Kind
from atalaia_local import MemoryStore


def source(name, *entries):
    store = MemoryStore(name)
    store.put("data.jsonl", lines(entries))
    return LogSource(store)


def test_every_column_but_the_time_is_compared():
    found = compare(source("a", *rows(1, seed=1)), source("b", *rows(2, seed=2)))

    assert [c["column"] for c in found["columns"]] == ["x", "word"]
    assert [c["finding"]["status"] for c in found["columns"]] == ["ok", "ok"]


def test_missing_values_and_unknown_columns_are_told():
    current = [{"x": None, "surprise": 1} for _ in range(600)]
    found = compare(source("a", *rows(1)), source("b", *current))

    assert found["current"]["extra_columns"] == ["surprise"]
    assert found["columns"][0]["missing"] == {"reference": 0.0, "current": 1.0}
    assert found["columns"][0]["finding"]["status"] == "undecided"


def test_rejects_of_both_sides_are_counted():
    reference, current = source("a", *rows(1)), source("b", *rows(2))
    for side in (reference, current):
        side.store.put("more.jsonl", b'{"x": 1}\nbroken\n{"x": 2}\n')
    found = compare(reference, current)

    assert found["reference"]["rejected"] == found["current"]["rejected"] == {"not_json": 1}


def test_current_data_without_rows_are_an_error():
    with pytest.raises(LogError, match=r"b: no usable rows\. "):
        compare(source("a", *rows(1)), LogSource(MemoryStore("b")))


def test_current_data_of_which_all_is_rejected_are_an_error_with_the_reasons():
    store = MemoryStore("b")
    store.put("data.jsonl", b"{broken\n{broken\n")

    with pytest.raises(LogError, match=r"b: no usable rows \(rejected: 2 not_json\)"):
        compare(source("a", *rows(1)), LogSource(store))


def test_reference_data_without_rows_are_an_error_that_names_them():
    store = MemoryStore("a")
    store.put("data.txt", b"no table\n")

    with pytest.raises(LogError, match="1 unknown_format. Give files in a format that is read: Parquet, CSV"):
        compare(LogSource(store), source("b", *rows(1)))


def test_data_with_other_columns_are_an_error_that_names_both():
    with pytest.raises(LogError, match=r"b: its columns \(z\) are not those of a \(at, x, word\)"):
        compare(source("a", *rows(1)), source("b", {"z": 1}))


@pytest.mark.parametrize("convention", [name for name in Convention if name is not Convention.ATALAIA])
def test_a_convention_tells_that_tools_metrics_and_its_verdict(convention):
    found = compare(source("a", *rows(1, n=2000, seed=1)), source("b", *rows(2, n=1500, seed=2)), convention=convention)
    x, word = found["columns"]

    assert set(x["metrics"]) | set(x["p_values"]) == set(metrics_of(convention, Kind.NUMERIC))
    assert set(word["metrics"]) | set(word["p_values"]) == set(metrics_of(convention, Kind.CATEGORICAL))
    assert x["finding"]["metric"].endswith(f"[{convention}]")
    assert x["finding"]["status"] == word["finding"]["status"] == "ok"
    assert x["finding"]["message"].startswith("x: ")


def test_nannymls_limits_come_from_the_chunks_of_the_reference():
    found = compare(source("a", *rows(1, seed=1)), source("b", *rows(2, seed=2)), convention=Convention.NANNYML)

    assert (
        "the limit is the mean and three standard deviations of the reference's own chunks"
        in (found["columns"][0]["finding"]["message"])
    )


EXACT = {
    Convention.EVIDENTLY: {
        "jensen_shannon": 0.1101675349665512,
        "psi": 0.09667904888069306,
        "kullback_leibler": 0.04573762215579022,
    },
    Convention.NANNYML: {
        "jensen_shannon": 0.13116288425697303,
        "hellinger": 0.11128420745235913,
    },
}
"""What evidently 0.7.23 and nannyml 0.13.1 themselves measure on the column "normal" of `drawn`."""


def compared(convention):
    before, now = ([{"x": value} for value in side] for side in COLUMNS["normal"])
    return compare(source("a", *before), source("b", *now), convention=convention)["columns"][0]


@pytest.mark.parametrize("convention", EXACT)
def test_with_the_rows_at_hand_binned_metrics_are_those_of_the_tool(convention):
    found = compared(convention)

    for metric, value in EXACT[convention].items():
        assert found["metrics"][metric] == pytest.approx(value, rel=1e-12), metric
    assert found["finding"]["value"] == next(v for v in found["metrics"].values())


def test_with_the_rows_at_hand_nannymls_limit_is_its_own():
    finding = compared(Convention.NANNYML)["finding"]

    assert finding["threshold"] == pytest.approx(0.17359535124046468, rel=1e-12)
    assert "may" not in finding["message"]


def test_columns_without_numbers_on_both_sides_have_no_bins():
    found = compare(
        source("a", *rows(1), *[{"remark": f"a few words {n} of text"} for n in range(50)]),
        source("b", *[{"word": "a", "x": None} for _ in range(20)]),
        convention=Convention.AZUREML,
    )

    assert {c["column"]: c["finding"]["status"] for c in found["columns"]}["x"] == "undecided"
