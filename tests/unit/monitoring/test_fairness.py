"""Counting rows for bias metrics, and what is said where that cannot be done."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from worlds import lines

from atalaia.errors import AtalaiaError, LogError
from atalaia.monitoring.bias import MEASURES
from atalaia.monitoring.facets import MOST_FACETS, MOST_GROUPS, Choice, Question, parse_choice
from atalaia.monitoring.fairness import LeftOut, measure_fairness
from atalaia.monitoring.sources import LogSource
from atalaia.signals.fairness import Confusion
from atalaia_local import MemoryStore

ASKED = Question("sex", "paid", "said")
CLARIFY = {
    "CI": 0.25, "DPL": 0.13333333, "KL": 0.03625270, "JS": 0.00917419, "LP": 0.18856181, "TVD": 0.13333333,
    "KS": 0.13333333, "CDDL": 0.13029952, "DPPL": 0.15, "DI": 0.75, "DCA": -0.06481481, "DCR": 0.00378788,
    "RD": 0.18858561, "SD": -0.02463054, "DAR": 0.16666667, "DRR": -0.01893939, "AD": 0.11666667, "TE": -0.05555556,
    "CDDPL": 0.14180101, "GE": 0.16312881,
}  # fmt: skip
"""What SageMaker Clarify's package gives for `ROWS`, in eight digits."""

COUNTED = {"a": {(1, 1): 50, (0, 1): 10, (1, 0): 15, (0, 0): 25}, "d": {(1, 1): 18, (0, 1): 9, (1, 0): 13, (0, 0): 20}}
ROWS = [
    {"sex": sex, "paid": paid, "said": said}
    for sex, cells in COUNTED.items()
    for (paid, said), count in cells.items()
    for _ in range(count)
]
ROWS = [row | {"third": index % 3} for index, row in enumerate(ROWS)]


def source(*rows):
    store = MemoryStore("logs")
    store.put("rows.jsonl", lines(rows))
    return LogSource(store)


def asked(*rows, facet="sex", label="paid", predicted="said", values=("d",), positive=(), group=None):
    chosen, good = parse_choice(values, "--facet-value"), parse_choice(positive, "--positive")
    more = {} if good is None else {"positive": good}
    return measure_fairness(Question(facet, label, predicted, group, chosen, **more), [source(*rows)])


def test_rows_give_every_number_of_clarify():
    (bias,) = asked(*ROWS, group="third").facets

    assert list(bias.metrics) == list(MEASURES) == list(CLARIFY)
    assert bias.metrics == pytest.approx(CLARIFY, abs=5e-9)
    assert (bias.others.confusion, bias.facet.confusion) == (Confusion(50, 10, 15, 25), Confusion(18, 9, 13, 20))


def test_each_value_is_the_facet_in_turn_the_largest_first():
    found = asked(*ROWS, values=())

    assert [(bias.value, bias.facet.rows, bias.metrics["CI"]) for bias in found.facets] == [
        ("a", 100, -0.25),
        ("d", 60, 0.25),
    ]


def test_without_predictions_or_groups_only_labels_are_measured():
    (bias,) = asked(*ROWS, predicted=None).facets

    assert list(bias.metrics) == ["CI", "DPL", "KL", "JS", "LP", "TVD", "KS"]
    assert (bias.facet.positive_labels, bias.facet.confusion) == (31, None)


def test_files_are_counted_together_however_rows_are_split():
    store = MemoryStore("logs")
    for part in range(4):
        store.put(f"part{part}.jsonl", lines(ROWS[part::4]))

    assert measure_fairness(Question("sex", "paid", "said", "third"), [LogSource(store)]) == asked(
        *ROWS, values=(), group="third"
    )


def test_large_tables_are_read_column_by_column(tmp_path):
    rows = ROWS * 500
    columns = {name: [row[name] for row in rows] for name in ("sex", "paid", "said", "third")}
    columns["noise"] = np.random.default_rng(1).random(len(rows))
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.table(columns), file)
    store = MemoryStore("logs")
    store.put("rows.parquet", file.read_bytes())
    question = Question("sex", "paid", "said", "third", parse_choice(["d"], ""))
    found = measure_fairness(question, [LogSource(store)])

    assert found.rows == 80_000
    assert found.facets[0].metrics == pytest.approx(CLARIFY, abs=5e-9)


def test_a_limit_makes_a_facet_of_numbers_and_predictions_of_scores():
    rows = [
        {"sex": 30, "paid": 1, "said": 0.7},
        {"sex": "40", "paid": 0, "said": 0.5},
        {"sex": 41, "paid": 1, "said": "0.51"},
    ]
    (bias,) = asked(*rows, values=(">40",), positive=(">0.5",)).facets

    assert (bias.value, bias.facet.confusion, bias.others.confusion) == (
        "> 40",
        Confusion(1, 0, 0, 0),
        Confusion(1, 0, 0, 1),
    )


@pytest.mark.parametrize(("limit", "rows"), [(">2", 1), (">=2", 2), ("<2", 1), ("< = 2", None), ("<=2.0", 2)])
def test_limits_compare_as_they_are_written(limit, rows):
    data = [{"sex": value, "paid": 1} for value in (1, 2, 3)]
    if rows is None:
        with pytest.raises(LogError, match="none of 3 rows is < = 2"):
            asked(*data, predicted=None, values=(limit,))
        return

    assert asked(*data, predicted=None, values=(limit,)).facets[0].facet.rows == rows


def test_values_are_the_same_however_they_are_written():
    rows = [{"sex": "d", "paid": paid, "said": said} for paid, said in ((1, "1.0"), (True, "TRUE"), ("0", False))]
    (bias,) = asked(*rows, {"sex": "a", "paid": 0, "said": 0}).facets

    assert bias.facet.confusion == Confusion(2, 0, 0, 1)


def test_a_value_that_only_looks_like_a_limit_is_a_value():
    rows = [{"sex": sex, "paid": paid} for sex in "ad" for paid in (">50K", "<=50K")]
    found = asked(*rows, predicted=None, positive=(">50K",))

    assert found.facets[0].facet.positive_labels == 1
    assert found.positive == ">50K"


def test_several_values_make_one_facet():
    rows = [{"sex": sex, "paid": 1} for sex in "abcd"]
    (bias,) = asked(*rows, predicted=None, values=("b", "d")).facets

    assert (bias.value, bias.facet.rows, bias.others.rows) == ("b, d", 2, 2)


def test_rows_that_lack_a_value_are_left_out_and_told_once_each():
    lacking = [
        {"sex": None, "paid": 1, "said": None},
        {"sex": "d", "paid": " ", "said": 1},
        {"sex": "d", "paid": 1, "said": float("nan")},
        {"sex": "NaN", "paid": 1, "said": 1},
    ]
    found = asked(*ROWS, *lacking)

    assert found.rows == len(ROWS)
    assert found.left_out == [
        LeftOut("paid", "missing", 1),
        LeftOut("said", "missing", 1),
        LeftOut("sex", "missing", 2),
    ]


def test_what_is_no_number_cannot_be_compared_with_a_limit():
    rows = [{"sex": value, "paid": 1} for value in (1, 3, "many", None, "1e999")]
    found = asked(*rows, predicted=None, values=(">2",))

    assert found.left_out == [LeftOut("sex", "missing", 1), LeftOut("sex", "not a number", 1)]
    assert found.facets[0].facet.rows == 2


def test_rows_without_a_column_and_rejected_ones_are_told():
    store = source(*ROWS).store
    store.put("later.csv", b"sex,paid\nd,1\na,0\n")
    store.put("torn.jsonl", b'{"sex": "d"\n')
    found = measure_fairness(ASKED, [LogSource(store)])

    assert found.left_out == [LeftOut("said", "not in these rows", 2)]
    assert found.rejected == {"not_json": 1}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"facet": "sec"}, r"sec: no such column\. Did you mean 'sex'\?"),
        ({"predicted": "answer"}, r"answer: no such column\. Choose one of the columns: paid, said, sex, third\."),
        ({"values": ("x",)}, r"sex: none of 160 rows is x\. Correct --facet-value"),
        ({"values": ("a", "d")}, r"sex: every one of 160 rows is a, d\. Correct --facet-value"),
        ({"positive": ("yes",)}, r"paid: none of 160 rows is yes, so no label is positive\. Say .* --positive VALUE"),
        ({"label": "third"}, r"third: holds other values than 0, 1, false and true\. Say .* --positive VALUE"),
    ],
)
def test_what_cannot_be_measured_is_said_with_the_fix(changes, words):
    with pytest.raises(LogError, match=words):
        asked(*ROWS, **changes)


def test_a_facet_of_one_value_is_an_error():
    with pytest.raises(LogError, match="sex: one value in all of 31 rows, so there is nothing to compare it with"):
        asked(*[row for row in ROWS if row["sex"] == "d" and row["paid"]], values=())


def test_too_many_values_are_an_error_with_the_fix():
    rows = [{"sex": number, "paid": 1} for number in range(MOST_GROUPS + 1)]

    with pytest.raises(LogError, match=rf"sex: has more than {MOST_FACETS} values\. Choose some with --facet-value"):
        asked(*rows, predicted=None, values=())
    with pytest.raises(LogError, match=r"many: has more than 1,000 values\. Give --group a column with fewer"):
        asked(*({"many": row["sex"]} | row for row in rows), predicted=None, values=(">3",), group="many")


def test_as_many_values_as_are_told_apart_are_measured():
    rows = [{"sex": number, "paid": 1} for number in range(MOST_FACETS)]

    assert len(asked(*rows, predicted=None, values=()).facets) == MOST_FACETS


def test_a_value_whose_rows_were_all_left_out_is_no_facet():
    found = asked(*ROWS, {"sex": "e", "paid": None, "said": 1}, values=())

    assert [bias.value for bias in found.facets] == ["a", "d"]


def test_labels_in_other_rows_than_predictions_are_an_error():
    store = MemoryStore("logs")
    store.put("inputs.jsonl", lines([{"sex": "d", "said": 1}]))
    store.put("labels.jsonl", lines([{"sex": "d", "paid": 1}]))

    with pytest.raises(LogError, match=r"no row has all of sex, paid, said \(1 paid not in these rows, 1 said not in"):
        measure_fairness(ASKED, [LogSource(store)])


def test_data_of_which_nothing_can_be_read_are_an_error_with_the_reasons():
    store = MemoryStore("logs")
    store.put("torn.jsonl", b"{torn\n{torn\n")

    with pytest.raises(LogError, match=r"no row has all of sex, paid, said \(rejected: 2 not_json\)\. Give data"):
        measure_fairness(ASKED, [LogSource(store)])
    with pytest.raises(LogError, match=r"no row has all of sex, paid, said\. Give data"):
        measure_fairness(ASKED, [LogSource(MemoryStore("none"))])


def test_a_limit_beside_something_else_is_an_error():
    with pytest.raises(AtalaiaError, match=r"--positive >3: a limit stands alone"):
        parse_choice(["1", ">3"], "--positive")


def test_a_choice_says_what_was_chosen():
    assert parse_choice([], "") is None
    assert parse_choice([">= .5e1"], "") == Choice(">= .5e1", sign=">=", limit=5.0)
    assert parse_choice(["1.0", "True", " x"], "") == Choice("1.0, True,  x", frozenset({"1", "x"}))
