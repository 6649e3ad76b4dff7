"""Logs Insights queries keep to what CloudWatch's documentation says; nothing here can run them."""

import pytest
from infrastructure import INFRA
from insights_text import commands, events, functions

QUERIES = sorted((INFRA / "queries").glob("*.insights"))
COMMANDS = {"dedup", "fields", "filter", "limit", "sort", "stats"}
FUNCTIONS = {
    "avg",
    "coalesce",
    "count",
    "count_distinct",
    "greatest",
    "ispresent",
    "latest",
    "least",
    "max",
    "min",
    "pct",
    "replace",
    "strcontains",
    "sum",
}


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_is_made_of_known_commands_and_functions(path):
    text = path.read_text()

    assert text.startswith("# ")
    assert set(commands(text)) <= COMMANDS
    assert functions(text) <= FUNCTIONS
    assert events(text)


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_nothing_but_a_limit_comes_after_dedup(path):
    asked = commands(path.read_text())
    after = asked[asked.index("dedup") + 1 :] if "dedup" in asked else []

    assert set(after) <= {"limit"}
