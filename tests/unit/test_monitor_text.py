"""Columns of free text in the monitor file: what loads, and every fault in words."""

import json

import pytest

from atalaia.checks import METRICS
from atalaia.monitor_file import find_faults, load_monitor
from atalaia.monitor_text import MOST_PATTERNS


def monitor(checks=(), **keys):
    columns = [{"name": "prompt", "type": "string", "kind": "text"} | keys, {"name": "sex", "type": "string"}]
    data = {"name": "chat", "model": {"name": "chat"}, "logs": {"source": "logs"}, "columns": columns, "output": "out"}
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in (data | {"checks": list(checks)}).items())


def faults(**keys):
    return [str(fault) for fault in find_faults(monitor(**keys), "m.yaml", METRICS)]


def check(metric, column):
    return [{"metric": metric, "columns": [column]}]


def test_patterns_keep_their_order_and_text():
    patterns = {"url": "https?://", "email": r"[^@\s]+@[^@\s]+"}

    (prompt, _) = load_monitor(monitor(patterns=patterns), "m.yaml", METRICS).columns
    assert (prompt.kind, list(prompt.patterns.items())) == ("text", list(patterns.items()))


def test_text_may_have_a_pattern_patterns_and_their_checks():
    checks = [check(metric, "prompt")[0] for metric in ("off_pattern", "pattern_share", "empty", "kolmogorov_smirnov")]

    assert faults(pattern="[a-z]+", patterns={"url": "http"}, nullable=False, role="prediction", checks=checks) == []


def test_as_many_patterns_as_are_counted_may_be_named():
    assert faults(patterns={f"p{i}": "a" for i in range(MOST_PATTERNS)}) == []


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"type": "number"}, "m.yaml:4, columns[0].kind: the kind 'text' on a column of the type 'number'. Rem"),
        ({"type": "time"}, "the kind 'text' on a column of the type 'time'"),
        ({"role": "segment"}, "columns[0].role: a segment whose kind is 'text' divides no rows. Write `kind: cat"),
        ({"set": ["a"]}, "columns[0].set: a set on a column of the kind 'text', whose single values are not looked"),
        ({"set": []}, "Remove the set, or remove `kind: text`."),
        ({"range": [0, 9]}, "a range on a column of the type 'string'"),
        ({"kind": None, "patterns": {"a": "b"}}, "columns[0].patterns: patterns on a column of the kind 'categori"),
        ({"kind": "numeric", "patterns": {"a": "b"}}, "patterns on a column of the kind 'numeric'"),
        ({"patterns": {}}, "no pattern is named. Name 1 to 16, such as {url: 'https?://'}, or remove `patterns`."),
        ({"patterns": {f"p{i}": "a" for i in range(17)}}, "columns[0].patterns: 17 patterns are named. Name 1 to 16"),
        ({"patterns": {"e mail": "@"}}, "columns[0].patterns.e mail: 'e mail' is not a name of letters, dig"),
        ({"patterns": {"x" * 41: "@"}}, "at most 40. Give the pattern a short name, such as url."),
        ({"patterns": {"url": ""}}, "columns[0].patterns.url: the pattern is empty, so every text contains it. Fi"),
        ({"patterns": {"url": "("}}, "columns[0].patterns.url: '(' is not a regular expression that can run (missing"),
        ({"patterns": {"url": "a(?=b)"}}, "patterns know no lookaround and no backreferences"),
        ({"patterns": {"url": 5}}, "columns[0].patterns.url: 5 is a number, not text. Put it in quotes"),
        ({"patterns": ["a"]}, 'columns[0].patterns: ["a"] is a list, not a mapping. Give a mapping.'),
        ({"patterns": {"url": None}}, "columns[0].patterns.url: nothing is given. Give text."),
        ({"role": "ignored", "patterns": {"a": "b"}}, "`patterns` has no effect on a column of the role 'ignored'"),
        ({"kind": "texts"}, "Did you mean 'text'?"),
        ({"checks": check("empty", "sex")}, "the column 'sex' is not of the kind 'text', so 'empty' has nothing"),
        ({"checks": check("pattern_share", "prompt")}, "the column 'prompt' has no `patterns`, so 'pattern_share' has"),
    ],
)  # fmt: skip
def test_a_broken_rule_of_text_is_told_with_its_fix(keys, said):
    (fault,) = faults(**keys)

    assert said in fault
