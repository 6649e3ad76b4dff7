import pytest

from emulated_azure.functions.patterns import fill, match_path, resolve_settings, route_expression, specificity


@pytest.mark.parametrize(
    ("pattern", "path", "places"),
    [
        ("logs/{name}", "logs/a/b.json", {"name": "a/b.json"}),
        ("logs/{model}/{name}.jsonl", "logs/m/2026/x.jsonl", {"model": "m", "name": "2026/x"}),
        ("logs/{name}.jsonl", "logs/a.csv", None),
        ("logs/{name}", "other/a", None),
        ("logs/a+b/{name}", "logs/a+b/c", {"name": "c"}),
        ("logs/fixed.json", "logs/fixed.json", {}),
    ],
)
def test_a_path_is_matched_with_its_places(pattern, path, places):
    assert match_path(pattern, path) == places


def test_settings_and_places_are_filled_in():
    data = {"Name": "x", "data": {"url": "u"}}

    assert resolve_settings("%A%/{name}", {"A": "logs"}) == "logs/{name}"
    assert fill("out/{name}-{data.url}.json", data, 0) == "out/x-u.json"
    assert fill("{DateTime:yyyy-MM-dd}", {}, 0) == "1970-01-01"
    assert len(fill("{rand-guid}", {}, 0)) == 36
    with pytest.raises(LookupError, match="%B%"):
        resolve_settings("%B%", {})
    with pytest.raises(LookupError, match="absent"):
        fill("{absent}", data, 0)


@pytest.mark.parametrize(
    ("route", "path", "places"),
    [
        ("status", "status", {}),
        ("status", "STATUS/", {}),
        ("models/{model}", "models/m", {"model": "m"}),
        ("models/{model?}", "models", {"model": None}),
        ("models/{model}/windows/{start}", "models/m/windows/w", {"model": "m", "start": "w"}),
        ("files/{*rest}", "files/a/b/c", {"rest": "a/b/c"}),
        ("jobs/{id:int}", "jobs/12", {"id": "12"}),
    ],
)
def test_a_route_takes_its_addresses(route, path, places):
    found = route_expression(route).fullmatch(path)

    assert found is not None
    assert found.groupdict() == places


@pytest.mark.parametrize(
    ("route", "path"), [("status", "other"), ("models/{m}", "models/a/b"), ("jobs/{id:int}", "jobs/x")]
)
def test_a_route_takes_no_other(route, path):
    assert route_expression(route).fullmatch(path) is None


def test_a_route_that_names_a_part_comes_first():
    assert sorted(["a/{b}", "{a}/{b}", "a/b"], key=specificity) == ["a/b", "a/{b}", "{a}/{b}"]
