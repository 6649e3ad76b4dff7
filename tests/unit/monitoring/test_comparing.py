import pytest
from worlds import lines, rows

from atalaia.errors import LogError
from atalaia.monitoring.comparing import compare
from atalaia.monitoring.sources import LogSource
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

    with pytest.raises(LogError, match=r"1 unknown_format\. Give files in a format that is read: Parquet, CSV"):
        compare(LogSource(store), source("b", *rows(1)))


def test_data_with_other_columns_are_an_error_that_names_both():
    with pytest.raises(LogError, match=r"b: its columns \(z\) are not those of a \(at, x, word\)"):
        compare(source("a", *rows(1)), source("b", {"z": 1}))
