"""CSV and Parquet give the same, read as fast as their rows allow or row by row."""

from __future__ import annotations

import random

import pytest
from tablemaker import csv_is_read_in_one_way, make_csv, make_parquet, parquet_is_read_in_one_way


@pytest.mark.parametrize("seed", range(40))
def test_a_csv_file_is_read_in_one_way_whatever_traps_stand_among_its_rows(seed):
    assert csv_is_read_in_one_way(make_csv(random.Random(seed), 200))


@pytest.mark.parametrize("seed", range(6))
def test_a_parquet_file_is_read_in_one_way(seed):
    assert parquet_is_read_in_one_way(make_parquet(random.Random(seed), 17_000))


@pytest.mark.parametrize("cell", ['" blank within"', ' "blank before"'])
@pytest.mark.parametrize("line", ["{},1", "1,{}"])
def test_blanks_at_a_quote_are_read_in_one_way(read, cell, line):
    text = "a,b\n" + line.format(cell) + "\n"

    assert cell.strip().strip('"') in read(text, path="logs/a.csv").rows[0].values()
    assert csv_is_read_in_one_way(text.encode())


def test_a_byte_order_mark_is_left_out_at_the_start_of_a_file_only(read):
    data = b"\xef\xbb\xbfa,b\n\xef\xbb\xbf1,x\n"

    assert read(data, path="logs/a.csv").rows == [{"a": "\ufeff1", "b": "x"}]
    assert csv_is_read_in_one_way(data)


def test_an_open_quote_costs_its_own_line_only(read):
    got = read('a,b\n1,x\n2,"open\n' + "3,y\n" * 20, path="logs/a.csv")

    assert [row["a"] for row in got.rows] == [1, *[3] * 20]
    assert got.reasons == ["bad_csv"]
