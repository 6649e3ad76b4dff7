"""The page: what it says, that it asks for nothing, and that no name can break it."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace
from reports import a_column, a_finding, a_report, wide_reports

from atalaia.charts import gauge, histogram, pairs, spark
from atalaia.checks import METRICS
from atalaia.decisions import Decision, Outcome
from atalaia.html import render_html
from atalaia.report import SCHEMA, Bars, Evidence, Finding, Input, Mover, Rest, SegmentColumn, Trail
from atalaia.rows import REASONS
from atalaia.wording import (
    compact,
    is_share,
    measured,
    number,
    percent,
    printable,
    shortened,
    unjudged,
    verdict,
)

VOID = {"meta", "link", "br", "img", "input", "hr"}
DRAWN_EMPTY = {"path", "rect", "line", "use", "circle"}


class Page(HTMLParser):
    """Every element with its attributes and text; complains about tags that do not nest."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.texts = [], [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in DRAWN_EMPTY
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", "".join(self.texts))

    def attributes(self, name):
        return [attrs[name] for _, attrs in self.elements if name in attrs]


def three_days():
    bad = [a_finding(), a_finding("undecided", "age"), a_finding("ok", "region")]
    fine = [a_finding("ok"), a_finding("ok", "age"), a_finding("ok", "region")]
    columns = [a_column(), a_column("age"), a_column("region")]
    return [a_report(fine, columns, 1), a_report([a_finding("warning")], columns, 2), a_report(bad, columns, 3)]


def timeline(html):
    """Return the timeline as {row: [status of each cell]}, in the order of the page."""
    table = re.search(r'<table class="timeline.*?<tbody>(.*?)</tbody>', html, re.DOTALL)[1]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    names = [re.search(r"<bdi>(.*?)</bdi>", row)[1] for row in rows]
    return {name: re.findall(r'<td class="(\w+)"', row) for name, row in zip(names, rows, strict=True)}


def test_the_first_heading_is_the_verdict_over_all_windows():
    html = render_html(three_days())

    assert re.search(r"<h1.*?<span>1 alert and 1 warning in 2 of 3 windows</span></h1>", html)


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([a_report([a_finding("ok")])], "All fine"),
        ([a_report([a_finding("ok")]), a_report([a_finding("ok")])], "All fine in 2 windows"),
        ([a_report([a_finding("undecided")])], "Undecided: too few rows to judge"),
        ([a_report()], "Nothing was checked"),
        ([a_report([a_finding(), a_finding(), a_finding("warning")])], "2 alerts and 1 warning"),
    ],
)
def test_the_verdict_in_words(reports, expected):
    assert verdict(reports) == expected


def test_undecided_checks_are_told_beside_a_verdict_but_not_twice():
    assert unjudged([a_report([a_finding("ok"), a_finding("undecided")])]) == "1 check could not be judged"
    assert unjudged([a_report([a_finding("undecided")])]) == ""


def test_the_timeline_shows_the_worst_status_of_each_column_and_window_worst_columns_first():
    assert timeline(render_html(three_days())) == {
        "All rows": ["none", "none", "none"],
        "income": ["ok", "warning", "alert"],
        "age": ["ok", "none", "undecided"],
        "region": ["ok", "none", "ok"],
    }


def test_columns_of_equal_status_are_ordered_by_the_number_of_bad_windows():
    once, twice = a_finding(column="a"), a_finding(column="z")

    rows = timeline(render_html([a_report([twice], day=1), a_report([once, twice], day=2)]))

    assert list(rows) == ["All rows", "z", "a"]


def test_segments_fold_into_the_row_of_their_column():
    findings = [a_finding(segment="region=north"), a_finding("ok")]

    assert timeline(render_html([a_report(findings)]))["income"] == ["alert"]


def test_findings_without_a_column_stand_in_the_first_row():
    rejected = Finding("quality", "rejected", None, None, 0.02, 0.0, "warning", "some rows")

    assert timeline(render_html([a_report([rejected])])) == {"All rows": ["warning"]}


def test_headings_of_windows_lead_to_their_own_pages():
    html = render_html(three_days(), links={0: "../20260301T000000Z/r1.html"})

    hrefs = [attrs["href"] for tag, attrs in Page(html).elements if tag == "a"]

    assert "../20260301T000000Z/r1.html" in hrefs


def test_every_anchor_on_the_page_leads_to_an_element_of_the_page():
    page = Page(render_html(three_days(), focus=1))
    ids = page.attributes("id")

    assert len(ids) == len(set(ids))
    assert {href[1:] for href in page.attributes("href") if href.startswith("#")} <= set(ids)


def test_the_focus_is_the_last_window_unless_named():
    assert "Findings of 3 Mar 2026" in Page(render_html(three_days())).text
    assert "Findings of 1 Mar 2026" in Page(render_html(three_days(), focus=0)).text


def test_a_finding_without_a_limit_is_told_without_one():
    html = render_html([a_report([a_finding(threshold=None)], [a_column()])])

    assert 'title="alert: PSI 0.31"' in html


def test_no_reports_cannot_be_drawn():
    with pytest.raises(ValueError, match="at least one window"):
        render_html([])


def test_cards_are_open_unless_their_column_is_ok():
    html = render_html(three_days())

    cards = re.findall(r'<details class="card" id="c\d+"( open)?>\n<summary><h3><bdi>(\w+)', html)

    assert [(name, bool(is_open)) for is_open, name in cards] == [("income", True), ("age", True), ("region", False)]


def test_a_metric_known_within_bounds_shows_them_and_its_p_value():
    text = Page(render_html([a_report([a_finding()], [a_column()])])).text

    assert "0.3398 to 0.3411" in text
    assert "3.1e-12" in text


def test_what_could_not_be_measured_is_a_dash_with_its_reason():
    html = render_html([a_report([a_finding()], [a_column()])])

    assert '\N{EN DASH}<span class="hidden"> (could not be measured on these rows)</span>' in html


def test_a_nan_or_an_infinity_in_a_report_is_never_written_as_such():
    odd = a_column(metrics={"psi": float("nan"), "hellinger": float("inf")})

    text = Page(render_html([a_report([a_finding(value=float("nan"))], [odd])])).text

    assert not re.search(r"\b(nan|inf)\b", text)


def test_rows_read_are_shown_as_rows_profiled_and_rows_rejected():
    text = Page(render_html([a_report(rejected={"not_json": 212, "column_count": 14})])).text

    assert re.search(r"12,100 ?= ?11,874 ?\+ ?226", text)


@pytest.mark.parametrize("reason", REASONS)
def test_rejects_are_told_by_their_sentence(reason):
    assert REASONS[reason] in Page(render_html([a_report(rejected={reason: 3})])).text


def test_an_unknown_reason_is_shown_as_it_is():
    assert "eaten_by_mice" in Page(render_html([a_report(rejected={"eaten_by_mice": 3})])).text


def test_inputs_are_listed_with_their_fingerprints():
    text = Page(render_html([a_report()])).text

    assert all(word in text for word in ("s3://logs/1.jsonl", '"e2"', "0" * 64, "20260301-5f2c", SCHEMA))


def test_the_same_reports_give_the_same_page():
    assert render_html(three_days()) == render_html(three_days())


def test_the_page_asks_for_nothing_from_outside():
    page = Page(render_html(three_days()))

    assert not {tag for tag, _ in page.elements} & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not page.attributes("src")
    assert all(href.startswith("#") for href in page.attributes("href"))


def test_the_style_asks_for_nothing_from_outside():
    style = re.search(r"<style>(.*?)</style>", render_html(three_days()), re.DOTALL)[1]

    assert "url(" not in style
    assert "@import" not in style


def test_every_picture_is_named_or_hidden_from_those_who_cannot_see_it():
    html = render_html(three_days())

    pictures = re.findall(r"<svg([^>]*)>(<title>[^<]+</title>)?", html)

    assert pictures
    assert all(
        ('role="img"' in attrs and (title or "aria-label" in attrs)) or "aria-hidden" in attrs
        for attrs, title in pictures
    )


def test_every_header_cell_says_what_it_heads():
    cells = [attrs for tag, attrs in Page(render_html(three_days())).elements if tag == "th"]

    assert cells
    assert all(attrs.get("scope") in ("row", "col") for attrs in cells)


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "</style></title><b>",
    "&lt;b&gt; &amp;",
    "\u202eevil\u202c",
    "nul\x00 esc\x1b[31m \ud800",
    "عمود الدخل",
]


def decided(outcome, policy="retrain", why="drifted 0.5 > 0.3", found="drifted 0.5 > 0.3"):
    return Decision(policy, Outcome(outcome), why, found, "20260301T000000Z/r1", 0)


def test_decisions_of_the_focus_are_all_told_and_of_other_windows_those_with_a_reason():
    decisions = {
        0: [decided("held", why="it cools down"), decided("no", "idle")],
        2: [decided("no", "idle", "drifted 0, not > 0.3", "drifted 0, not > 0.3"), decided("acted", "ticket")],
    }

    page = Page(render_html(three_days(), decisions=decisions))

    told = " ".join(" ".join(page.texts).split())
    assert "idle 3 Mar 2026 nothing to do drifted 0, not > 0.3" in told
    assert "ticket 3 Mar 2026 acted drifted 0.5 > 0.3" in told
    assert "retrain 1 Mar 2026 held back it cools down (drifted 0.5 > 0.3)" in told
    assert told.count("idle") == 1


def test_windows_in_a_row_that_one_thing_holds_back_are_told_once():
    held = {place: [decided("held", why="it cools down", found=f"drifted 0.{place + 4} > 0.3")] for place in (0, 1)}

    page = Page(render_html(three_days(), decisions=held))

    told = " ".join(" ".join(page.texts).split())
    assert "retrain 1 Mar 2026 to 2 Mar 2026 held back it cools down" in told
    assert told.count("it cools down") == 1
    assert "drifted 0.5" not in told


def test_without_policies_nothing_is_said_of_them():
    assert "Policies" not in Page(render_html(three_days(), decisions={0: []})).text


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text_wherever_they_stand(name):
    finding = a_finding(column=name, metric=name, signal=name, segment=name, message=name)
    bars = Bars((name, "b"), (), (0.5, 0.5), (0.4, 0.6))
    column = a_column(name, kind=name, role=name, metrics={name: 1.0}, bars=bars)
    segment = replace(column, segment=name)
    where = Input(name, name, name, 1, 0)
    report = a_report(
        [finding],
        [column, segment],
        monitor=name,
        model=name,
        model_version=name,
        rejected={name: 1},
        times={name: 1},
        captured={name: 1},
        inputs=(where,),
        definition=name,
    )

    told = {0: [decided("acted", name, name, name)]}
    page = Page(render_html([report, a_report(day=2)], focus=0, decisions=told))

    assert printable(name) in "".join(page.texts)
    assert not {tag for tag, _ in page.elements} & {"script", "img"}
    assert not [key for _, attrs in page.elements for key in attrs if key.startswith("on")]


@given(st.text(min_size=1, max_size=80))
def test_no_name_breaks_the_nesting_of_the_page_or_its_encoding(name):
    html = render_html([a_report([a_finding(column=name, segment=name)], [a_column(name)])])

    html.encode("utf-8")
    assert Page(html).elements[-1][0] == "p"


def test_a_name_of_ten_thousand_characters_is_whole_once_and_short_elsewhere():
    name = "x" * 10_000

    html = render_html([a_report([a_finding(column=name, message=name)], [a_column(name)])])

    assert html.count(name) == 1


@pytest.mark.parametrize("windows", [1, 30])
def test_one_window_and_thirty_windows_fill_the_timeline(windows):
    reports = [a_report([a_finding()], [a_column()], day) for day in range(1, windows + 1)]

    assert timeline(render_html(reports))["income"] == ["alert"] * windows


def test_hourly_windows_are_headed_by_their_hours():
    report = a_report([a_finding()], start="2026-03-01T06:00:00Z", end="2026-03-01T07:00:00Z")

    assert "1 Mar<b>06:00</b>" in render_html([report])


@pytest.mark.parametrize(
    ("rows", "drifted", "segments"), [(60, 0, 0), (510, 10, 0), (60, 0, 8), (5000, 30, 8)], ids=str
)
def test_a_hundred_columns_over_thirty_windows_stay_below_a_megabyte(rows, drifted, segments):
    reports = wide_reports(rows, drifted, segments)
    links = {at: f"../../reports/{report.start[:10]}T000000Z/r1.html" for at, report in enumerate(reports)}

    html = render_html(reports, links=links)

    assert len(html.encode()) < 1_000_000
    assert {f"c{at}" for at in range(99)} <= set(re.findall(r'id="(c\d+)"', html))


def test_the_ticks_of_a_histogram_stand_below_their_edges():
    chart = histogram(Bars(("a", "b", "c", "d"), (1.0, 2.0, 3.0), (0.25,) * 4, (0.25,) * 4))

    assert [(tick.x, tick.text) for tick in chart.ticks] == [("90", "1"), ("180", "2"), ("270", "3")]


def test_a_histogram_tells_its_largest_change_in_words():
    bars = Bars(("≤ 1", "> 1"), (1.0,), (0.5, 0.5), (0.25, 0.75))

    assert histogram(bars).sentence == "Largest change: ≤ 1, from 50% to 25%."


def test_a_histogram_without_any_value_has_no_bars():
    assert histogram(Bars(("≤ 1", "> 1"), (1.0,), (0.0, 0.0), (0.0, 0.0))).baseline == ""


def test_paired_bars_are_as_long_as_their_shares():
    chart = pairs(Bars(("a", "b"), (), (0.25, 0.75), (0.5, 0.5)))

    lengths = [re.findall(r"h(\d+)", path) for path in (chart.baseline, chart.current)]
    assert lengths == [["100", "300"], ["200", "200"]]


def test_categories_beyond_the_largest_fourteen_are_counted():
    shares = tuple(1 / 20 for _ in range(20))

    chart = pairs(Bars(tuple(map(str, range(20))), (), shares, shares))

    assert (len(chart.pairs), chart.others) == (14, 6)


def test_a_window_without_a_value_leaves_a_gap_in_the_line():
    assert spark([0.0, None, 0.0, 0.0], [False] * 4, []).line == "M5 39M158 39L235 39"


def test_a_line_without_values_is_not_drawn():
    assert spark([None, float("nan")], [False, False], [0.2]) is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.lists(st.floats(0, 1e6), max_size=4))
def test_lines_and_limits_stay_inside_their_picture(values, limits):
    drawn = spark(values, [False] * len(values), limits)

    heights = [float(y) for y in re.findall(r"[ML]-?\d+ (-?[\d.]+)", drawn.line)]
    assert all(0 <= y <= 44 for y in [*heights, *map(float, drawn.limits)])


@given(st.floats(0, 1e6), st.floats(1e-9, 1e6))
def test_a_bar_passes_its_limit_as_its_value_does(value, limit):
    drawn = gauge(value, limit)

    assert 0 <= float(drawn.length) <= 100
    assert (float(drawn.length) > float(drawn.limit)) <= (value > limit)


def test_bars_are_longer_the_further_their_value_is_beyond_the_limit_whatever_the_unit():
    lengths = [float(gauge(times * limit, limit).length) for times, limit in ((1.7, 0.1), (5, 2000.0), (30, 0.01))]

    assert lengths == sorted(lengths)
    assert lengths[2] - lengths[0] > 40


def test_the_limit_stands_at_the_same_place_on_every_bar():
    assert gauge(0.2, 0.1).limit == gauge(7000.0, 12.0).limit


@pytest.mark.parametrize(("value", "limit"), [(0.2, 0.0), (0.2, None), (None, 0.2), (0.1, -1.0), (float("nan"), 0.2)])
def test_without_a_value_and_a_limit_above_zero_there_is_no_bar(value, limit):
    assert gauge(value, limit) is None


@given(st.floats(-1e300, 1e300))
def test_a_number_is_written_to_four_significant_digits(value):
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=5.1e-4)


@given(st.floats(0, 1))
def test_only_all_is_a_hundred_percent_and_only_none_is_zero(share):
    assert (percent(share) == "100%") == (share == 1)
    assert (percent(share) == "0%") == (share == 0)


@given(st.integers(0, 10**18))
def test_a_compact_count_has_at_most_four_characters(count):
    assert len(compact(count)) <= 4


@given(st.text(max_size=200), st.integers(3, 60))
def test_a_shortened_text_is_printable_and_not_longer_than_asked(text, length):
    short = shortened(text, length)

    assert len(short) <= length
    assert short == printable(short)


def test_every_metric_that_measures_a_share_is_written_as_a_percentage():
    shares = {
        name for name, metric in METRICS.items() if metric.meaning.startswith(("share of", "change of the share of"))
    }

    assert shares == {name for name in METRICS if is_share(name)}


def test_a_window_without_values_says_so_in_place_of_a_picture_of_them():
    bars = Bars(("≤ 10", "> 10"), (10.0,), (0.5, 0.5), (0.0, 0.0))

    assert "This window holds no values to draw." in render_html([a_report([a_finding()], [a_column(bars=bars)])])


def test_a_column_without_any_bars_has_no_picture():
    html = render_html([a_report([a_finding()], [a_column(bars=Bars((), (), (), ()))])])

    assert "No values to draw." in html
    assert '<svg class="chart"' not in html


def test_a_single_window_draws_no_line_over_windows():
    assert "Over 1 window" not in render_html([a_report([a_finding()], [a_column()])])


def test_several_windows_draw_the_judged_drift_metric_with_its_limit():
    reports = [a_report([a_finding()], [a_column()], day) for day in (1, 2)]

    assert "PSI over 2 windows, now 0.31, limit 0.2." in render_html(reports)


def test_segments_are_told_in_their_columns_card():
    column = a_column()
    segment = replace(column, segment="region=north", metrics={"psi": 0.44})
    findings = [a_finding(), a_finding(segment="region=north")]

    text = Page(render_html([a_report(findings, [column, segment])])).text

    assert re.search(r"region=north ?alert ?0.44 ?17.1% ?11,874", text)


def test_flags_are_written_as_words():
    assert (measured("constant", 1.0), measured("missing_column", 0.0)) == ("yes", "no")


OWN_PAGES = {0: "reports/1/r1.html", 1: "reports/2/r1.html", 2: "reports/3/r1.html"}


def cell_links(html):
    table = re.search(r'<table class="timeline.*?<tbody>(.*?)</tbody>', html, re.DOTALL)[1]
    return re.findall(r'<td class="(\w+)"><a href="([^"]+)"', table)


def test_cells_that_are_not_ok_lead_to_the_card_on_their_windows_own_page_and_in_focus_on_this_one():
    html = render_html(three_days(), links=OWN_PAGES)

    assert cell_links(html) == [("warning", "reports/2/r1.html#c0"), ("alert", "#c0"), ("undecided", "#c1")]


def test_cells_of_a_window_without_a_page_lead_to_its_findings_below():
    assert ("warning", "#w1") in cell_links(render_html(three_days()))


def test_cells_of_all_rows_lead_to_the_findings_of_their_window():
    rejected = Finding("quality", "rejected", None, None, 0.02, 0.0, "warning", "some rows")

    html = render_html([a_report([rejected]), a_report([rejected], day=2)], links=OWN_PAGES)

    assert cell_links(html) == [("warning", "reports/1/r1.html#findings"), ("warning", "#findings")]


def test_cells_that_are_undecided_or_ok_have_no_title():
    html = render_html(three_days())

    assert re.findall(r'title="(ok|undecided)', html) == []


def test_findings_of_other_windows_lead_to_the_card_on_that_windows_own_page():
    html = render_html(three_days(), links=OWN_PAGES)

    others = html[html.index("Other windows") : html.index('id="columns"')]
    assert '<a href="reports/2/r1.html#c0"><bdi>income' in others
    assert 'href="#c0"' not in others


def test_a_column_has_the_same_anchor_on_the_pages_of_all_windows():
    pages = [render_html(three_days(), focus=at) for at in range(3)]

    anchors = [dict(re.findall(r'id="(c\d+)".*?>\n<summary><h3><bdi>(\w+)', page)) for page in pages]
    assert anchors == [{"c0": "income", "c1": "age", "c2": "region"}] * 3


def test_below_the_verdict_stand_the_worst_columns_with_their_windows():
    first = [a_finding(column="channel"), a_finding(column="income")]
    second = [a_finding(column="debt_ratio"), a_finding("warning", None)]

    text = Page(render_html([a_report(first, day=3), a_report(second, day=4)])).text

    assert "Worst: channel, income (3 Mar); debt_ratio, all rows (4 Mar)" in text


def test_a_column_that_is_bad_in_several_windows_is_named_once_with_their_number():
    text = Page(render_html([a_report([a_finding()], day=day) for day in (1, 2, 3)])).text

    assert "Worst: income (1 Mar and 2 other windows)" in text


def test_worst_columns_beyond_seven_are_counted():
    text = Page(render_html([a_report([a_finding(column=f"x{at}") for at in range(9)])])).text

    assert "Worst: x0, x1, x2, x3, x4, x5, x6; 2 others" in text


def test_no_worst_columns_are_named_where_all_is_well():
    assert "Worst:" not in render_html([a_report([a_finding("ok")])])


def test_nan_stands_among_the_values_where_there_is_some():
    nan = a_finding(metric="nan", signal="stability", value=0.12)

    assert re.search(r"NaN ?\N{EN DASH} ?\(not known\) ?12%", Page(render_html([a_report([nan], [a_column()])])).text)


def test_nan_does_not_stand_among_the_values_where_there_is_none():
    nan = a_finding("ok", metric="nan", signal="stability", value=0.0)

    assert '<th scope="row">NaN</th><td><span' not in render_html([a_report([nan], [a_column()])])


def test_distinct_values_are_marked_as_estimated_above_a_thousand():
    assert re.search(r"Distinct ?≈ 1,200 ?900", Page(render_html([a_report([a_finding()], [a_column()])])).text)


def test_inputs_and_outputs_logged_apart_are_counted_apart():
    report = a_report(rows=14_280, captured={"input": 7140, "output": 7140})

    assert "14,280 (7,140 inputs, 7,140 outputs)" in Page(render_html([report])).text


def test_sides_that_every_row_carries_are_not_told():
    assert "inputs," not in Page(render_html([a_report(captured={"input": 11_874, "output": 11_874})])).text


def test_segments_beyond_the_eight_worst_are_counted_by_status():
    column = a_column()
    segments = [replace(column, segment=f"region={at}") for at in range(12)]
    findings = [a_finding("alert" if at == 11 else "ok", segment=f"region={at}") for at in range(12)]

    text = Page(render_html([a_report(findings, [column, *segments])])).text

    assert re.search(r"Rows ?region=11 ?alert", text)
    assert "and 4 more segments: 4 ok." in text


def test_how_a_column_divides_the_rows_is_told_in_a_sentence():
    found = SegmentColumn("<region>", ("<region>=a",), "<region> (rest)", Rest(0, 0), Rest(1234, 56))

    text = Page(render_html([a_report(segments=(found,))])).text

    assert "2 segments of <region>: <region>=a; <region> (rest) is the other 1,234 rows, with 56 other values" in text


def test_columns_beyond_the_forty_worst_are_told_in_brief():
    names = [f"x{at:02}" for at in range(42)]
    findings = [a_finding("ok" if name < "x02" else "alert", name) for name in names]

    html = render_html([a_report(findings, [a_column(name) for name in names])])

    assert html.count('<details class="card"') == 40
    assert re.findall(r'<tr id="c\d+"><th scope="row"><bdi>(\w+)', html) == ["x00", "x01"]


def test_findings_beyond_a_hundred_are_told_in_brief():
    findings = [a_finding(column=f"x{at:03}") for at in range(103)]

    text = Page(render_html([a_report(findings)])).text

    assert all(re.search(rf"x{at} ?PSI 0.31", text) for at in (100, 101, 102))


def test_many_undecided_checks_are_told_by_column_with_their_segments_counted():
    findings = [a_finding("undecided", segment=f"region={at}") for at in range(40)]

    assert "PSI in 40 segments" in Page(render_html([a_report(findings)])).text


def test_every_metric_that_is_not_ok_is_drawn_over_the_windows():
    nan = a_finding(metric="nan", signal="stability", value=0.12)
    late = a_finding("ok", metric="denormal", signal="stability", value=0.0)

    html = render_html([a_report([a_finding(), nan, late], [a_column()], day) for day in (1, 2)])

    assert re.findall(r"<title>(\w+) over 2 windows", html) == ["PSI", "NaN"]


def test_a_column_with_drift_alone_is_drawn_with_its_missing_values():
    html = render_html([a_report([a_finding("ok")], [a_column()], day) for day in (1, 2)])

    assert re.findall(r"<title>(\w+) over 2 windows", html) == ["PSI", "missing"]


def test_small_segments_do_not_make_a_cell_undecided():
    findings = [a_finding("ok"), a_finding("undecided", segment="region=north")]

    assert timeline(render_html([a_report(findings)]))["income"] == ["ok"]


def test_many_edges_have_round_ticks_at_their_place_among_them():
    edges = tuple(0.3 + at for at in range(10))
    chart = histogram(Bars(("",) * 11, edges, (1 / 11,) * 11, (1 / 11,) * 11))

    assert [tick.text for tick in chart.ticks] == ["2", "4", "6", "8"]
    assert [float(tick.x) for tick in chart.ticks] == pytest.approx(
        [(1 + at - 0.3) * 360 / 11 for at in (2, 4, 6, 8)], abs=0.05
    )


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30, unique=True).map(sorted))
@example([at * 5e-324 for at in range(8)])
@example([(at - 3.5) * 4e307 for at in range(8)])
@example([1e9 + at * 2.0**-23 for at in range(8)])
@example([1e6 + at * 0.25 for at in range(8)])
def test_ticks_rise_and_stay_inside_their_picture(edges):
    shares = (1 / (len(edges) + 1),) * (len(edges) + 1)

    places = [float(tick.x) for tick in histogram(Bars(("",) * len(shares), tuple(edges), shares, shares)).ticks]

    assert places == sorted(places)
    assert all(0 <= x <= 360 for x in places)


CHANCE = Evidence(
    200_000,
    11_874,
    "chance",
    floor=0.02,
    p_value=0.00823,
    tested=12,
    detectable=0.03,
    shift=0.0712,
    moved=(Mover("> 20", 0.25, 0.6), Mover("10 … 20", 0.5, 0.3)),
)


def explained(evidence=CHANCE, **changes):
    made = {"metric": "cramer_von_mises", "evidence": evidence} | changes
    return render_html([a_report([a_finding(**made)], [a_column()], trail=Trail(None, 31, 2, 0.05, {}))])


def cells(page):
    return [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<(?:td|th|dd|dt)[^>]*>(.*?)</(?:td|th|dd|dt)>", page)]


def test_a_card_explains_drift_by_its_limit_p_value_and_what_would_show():
    told = cells(explained())

    facts = {
        "Measured": "0.31, limit 0.2",
        "Limit from": "chance, for 11,874 rows against 200,000",
        "p-value": "0.0082, corrected for 12 tests",
        "Would have seen": "a shift of 0.071 standard deviations, four times out of five",
    }
    assert {name: told[told.index(name) + 1] for name in facts} == facts


def test_a_card_lists_what_moved_most_from_and_to():
    told = cells(explained())

    at = told.index("&gt; 20")
    assert told[at : at + 6] == ["&gt; 20", "25%", "60%", "10 … 20", "50%", "30%"]


def test_a_finding_in_the_list_says_what_moved_most_and_what_would_show():
    page = explained()

    assert "Moved most: <bdi>&gt; 20</bdi> (25% → 60%). Would have seen a shift of 0.071 standard deviations." in page


def test_without_evidence_nothing_is_explained():
    page = explained(None)

    assert "Limit from" not in page
    assert "Moved most" not in page


def test_evidence_without_a_shift_or_a_mover_leaves_these_out():
    page = explained(Evidence(200_000, 11_874, "time", windows=14))

    assert "chance, over 14 windows: 11,874 rows against 200,000" in page
    assert not re.search(r"Moved most|Would have seen|<dt>p-value", page)


def test_the_rate_promised_and_the_rate_realised_stand_at_the_head_and_the_foot():
    page = explained()

    assert '2 of 31 windows <span class="quiet">(5% may without drift)</span>' in page
    assert "5% of windows without drift may warn of drift; 2 of 31 windows did." in page


def test_where_no_limit_is_chances_there_is_no_rate():
    assert "may without drift" not in explained(Evidence(200_000, 11_874, "given"))


def test_hostile_labels_of_what_moved_are_text():
    page = explained(replace(CHANCE, moved=(Mover("<script>x", 0.1, 0.2),)))

    assert "<script" not in page
