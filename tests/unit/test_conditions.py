import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atalaia.conditions import (
    DEEPEST,
    LONGEST,
    OF_WINDOW,
    Comparison,
    HasStatus,
    Joined,
    Not,
    Place,
    condition_faults,
    mentions,
    parse_condition,
    spell_condition,
)

METRICS = {"psi": False, "missing": False, "row_count": True}
COLUMNS = {"income": False, "region": True, 'a "b"], c=d': False}

words = st.text(string.ascii_lowercase + "_", min_size=1, max_size=8).filter(
    lambda word: word not in (*OF_WINDOW, "alert", "warning", "and", "or", "not")
)
names = st.text(min_size=1, max_size=12).filter(lambda name: name.isprintable())
segments = st.builds("{}={}".format, names.filter(lambda name: "=" not in name), names)
places = st.one_of(st.builds(Place, words), st.builds(Place, words, names), st.builds(Place, words, names, segments))
numbers = st.floats(allow_nan=False, allow_infinity=False)
leaves = st.one_of(
    st.builds(
        Comparison, st.one_of(places, st.sampled_from(OF_WINDOW[1:])), st.sampled_from([">", ">=", "<", "<="]), numbers
    ),
    st.builds(Comparison, st.just("drifted"), st.just(">"), st.floats(0, 1)),
    st.builds(HasStatus, st.sampled_from(["alert", "warning"]), places),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(Not),
        st.builds(Joined, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


@given(conditions)
def test_what_is_printed_is_read_as_the_same(condition):
    text = spell_condition(condition)

    if len(text) <= LONGEST:
        assert parse_condition(text) == condition


pieces = st.sampled_from(
    [
        *OF_WINDOW,
        "psi",
        "[",
        "]",
        "(",
        ")",
        ">",
        "<",
        ">=",
        "=",
        ",",
        "and",
        "or",
        "not",
        "alert",
        "0.3",
        '"',
        "\\",
        " ",
        "é",
        "\u00a0",
    ]
)


@given(st.one_of(st.text(), st.lists(pieces).map("".join), st.lists(pieces).map(" ".join)))
def test_reading_fails_with_a_fault_or_not_at_all(text):
    faults = list(condition_faults(text, None, {}))

    if not all("no column" in fault.found for fault in faults):
        (fault,) = faults
        assert 1 <= fault.place <= len(text) + 1
        assert fault.found
        assert fault.fix
    else:
        assert parse_condition(spell_condition(parse_condition(text))) == parse_condition(text)


def test_and_binds_closer_than_or_and_not_closest():
    condition = parse_condition("alerts > 1 or not rows < 5 and warnings > 2")

    one, two, rows = (parse_condition(text) for text in ("alerts > 1", "warnings > 2", "rows < 5"))
    assert condition == Joined("or", (one, Joined("and", (Not(rows), two))))


@pytest.mark.parametrize("text", ["(drifted > 0.3)", "((drifted>.3))", " drifted  > 3e-1 ", "NOT (NOT drifted > 0.3)"])
def test_blanks_parentheses_and_large_letters_change_little(text):
    assert spell_condition(parse_condition(text)).removeprefix("not not ") == "drifted > 0.3"


def test_a_name_with_marks_in_it_stands_in_quotes():
    condition = parse_condition(r'psi["a \"b\"], c=d"] > 1')

    assert condition == Comparison(Place("psi", 'a "b"], c=d'), ">", 1)


@pytest.mark.parametrize(
    ("text", "place", "found", "fix"),
    [
        ("", 1, "the text ends where a value is expected", "drifted > 0.3"),
        ("drifted", 8, "compared with nothing", "Write drifted > 0.3"),
        ("drfted 0.3", 8, "compared with nothing", "'drifted'"),
        ("drifted = 0.3", 9, "compared with nothing", ">, >=, < or <="),
        ("drifted > 30 %", 11, "30 is not a share", "0.3"),
        ("alerts > 30 %", 13, "'%' is too much", "from 0 to 1"),
        ("drifted > x", 11, "'x' where a number is expected", "drifted > 0.3"),
        ("alerts > 1e999", 10, "'1e999' where a number is expected", "alerts > 1"),
        ("0.3 < drifted", 1, "the number 0.3 comes first", "value first"),
        ("alerts > 1 && rows > 2", 12, "'&' is too much", "`and`"),
        ("alerts > 1 rows > 2", 12, "'rows' is too much", "`and` or `or`"),
        ("alerts > 1 and", 15, "the text ends where a value", "drifted"),
        ("(alerts > 1", 12, "the parenthesis is not closed", "`)`"),
        ("rows <", 7, "the text ends where a number", "Write rows < 1000"),
        ("alerts", 7, "compared with nothing", "Write alerts > 1"),
        ("alerts(psi) > 0", 7, "compared with nothing: '('", "alert(psi) for one metric, or alerts > 0"),
        ("true", 5, "compared with nothing", "rows >= 0"),
        ("alert(psi) > 0", 12, "'>' is too much", "compared with nothing"),
        ("silent > 2h", 11, "'h' is too much", "without a unit: `silent` is in minutes"),
        ("alert(drift)", 7, "no metric 'drift'", "Choose one of the metrics: missing, psi, row_count"),
        ("alert > 1", 7, "says of no metric which", "alerts > 0"),
        ("alert(rows)", 7, "'rows' where a metric", "alert(missing)"),
        ("alert(missing", 14, "the parenthesis is not closed", "`)`"),
        ("psi[income > 1", 15, "the bracket is not closed", "`]`"),
        ("psi[] > 1", 5, "']' where the column is expected", "psi[income]"),
        ("psi[income, region] > 1", 19, "the segment has no value", "=VALUE"),
        (r'psi["\x"] > 1', 5, "cannot be read", "backslash"),
        ("not " * (DEEPEST + 2) + "alerts > 1", 4 * (DEEPEST + 1) + 1, "more than 20 levels", "several policies"),
        ("alerts > 1 or " * 100 + "alerts > 1", 1, "1,410 characters", "several policies"),
        ("pis > 1", 1, "no metric 'pis'", "'psi'"),
        ("alerts > 1 or alert(psi[incme])", 21, "no column 'incme'", "'income'"),
        ("row_count[income] > 1", 1, "of the whole window", "without brackets"),
        ("psi[income, income=1] > 1", 1, "with the role 'segment'", "region"),
        ("psi[income, reigon=1] > 1", 1, "with the role 'segment'", "'region'"),
    ],
)
def test_a_fault_tells_where_it_is_and_what_to_do(text, place, found, fix):
    (fault,) = condition_faults(text, METRICS, COLUMNS)

    assert found in fault.found
    assert fix in fault.fix
    assert fault.place == place


def test_without_columns_none_is_offered():
    (fault,) = condition_faults("missing[income] > 0.1", METRICS, {})

    assert fault.fix == "There are no columns yet: add them first."


def test_without_segments_a_fault_says_how_to_get_some():
    (fault,) = condition_faults("psi[income, region=1] > 1", METRICS, {"income": False})

    assert fault.fix == "Give a column `role: segment`."


@pytest.mark.parametrize("text", ["psi[income, region=north] > 1 and missing >= 0.1", "row_count < 3 or silent > 60"])
def test_what_is_known_is_no_fault(text):
    assert not list(condition_faults(text, METRICS, COLUMNS))


def test_without_a_list_of_metrics_any_is_good():
    assert not list(condition_faults("mine[income] > 1", None, COLUMNS))


def test_a_condition_tells_which_values_it_asks_for():
    condition = parse_condition("alerts > 1 or not (psi > 1 and silent > 60) or alert(psi)")

    assert [mentions(condition, value) for value in OF_WINDOW] == [False, True, False, False, True]
