import shlex

import numpy as np
import pytest
from click.testing import CliRunner
from counting import count_numbers

from atalaia.outgrown import outgrown, promote_command
from atalaia.profile import NumericGrid
from atalaia.window import Window, parse_time
from atalaia_cli.commands import cli

OLD = NumericGrid(np.array([0.0, 1.0, 2.0]))
BEFORE = count_numbers(OLD, [0.0, 1.0, 2.0] * 300)
DAY = Window(parse_time("2026-03-03"), parse_time("2026-03-04"))


def told(current, window=DAY):
    return outgrown(OLD, BEFORE, count_numbers(OLD, current), window)


def test_it_says_how_the_values_are_now_and_what_to_do():
    assert told(np.full(900, 7.0)) == (
        "; they lie above 2, the baseline's largest value"
        "; its values now: smallest 7, 10% 7, half 7, 90% 7, largest 7"
        "; by its own quantiles the median went from 1 to 7 and Kolmogorov-Smirnov is 1"
        "; the grid no longer fits, cut a new one: `atalaia baseline MONITOR --from-windows 2026-03-03 2026-03-04`"
    )


@pytest.mark.parametrize(
    ("current", "words"),
    [
        (np.full(9, -3.0), "below 0, the baseline's smallest value"),
        (np.full(9, 1.5), "between 1 and 2, two neighbouring"),
    ],
    ids=["below", "between"],
)
def test_it_says_where_the_values_lie(current, words):
    assert words in told(current)


def test_what_is_not_exact_is_told_with_its_error():
    assert " ± 0." in told(np.random.default_rng(1).normal(50, 1, 5000))


def test_rows_of_no_window_can_not_become_a_baseline():
    assert told(np.full(9, 7.0), window=None).endswith("; the grid no longer fits")


@pytest.mark.parametrize("hours", [1, 24])
def test_the_command_is_one_that_the_command_line_takes(hours, tmp_path):
    window = Window(DAY.start, DAY.start + hours * 3_600_000_000)
    program, *arguments = shlex.split(promote_command(window).strip("`"))
    (tmp_path / "m.yaml").write_text(
        "name: a\nmodel: {name: a}\nlogs: {source: l}\noutput: out\ncolumns: [{name: x}]\n"
    )
    arguments[1] = str(tmp_path / "m.yaml")
    done = CliRunner().invoke(cli, arguments)

    assert program == "atalaia"
    assert "there is no baseline yet" in str(done.exception)


def test_without_values_there_is_nothing_to_say():
    assert told([]) == ""
