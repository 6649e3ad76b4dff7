"""The page: what it says, that it asks for nothing, and that no name can break it."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from atalaia.charts import gauge, histogram, pairs, spark
from atalaia.checks import METRICS
from atalaia.checks import STATUSES as CHECK_STATUSES
from atalaia.html import render_html
from atalaia.report import SCHEMA, Bars, BaselineRef, ColumnReport, Finding, Input, Report, Summary
from atalaia.rows import REASONS
from atalaia.wording import (
    STATUSES,
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


def a_finding(status="alert", column="income", **changes):
    value = {"alert": 0.31, "warning": 0.15, "ok": 0.02, "undecided": 0.5}[status]
    made = Finding("data_drift", "psi", column, None, value, 0.2, status, f"PSI of {column} is {value}")
    return replace(made, **changes)


def a_column(name="income", **changes):
    bars = Bars(("≤ 10", "10 … 20", "> 20"), (10.0, 20.0), (0.25, 0.5, 0.25), (0.1, 0.3, 0.6))
    before = Summary(200_000, 0.031, 1200.0, 41_173.25, 21_944.0, 2864.0, 323_191.0)
    now = Summary(11_874, 0.171, 900.0, 58_961.0, 26_629.0, 14_442.0, 340_433.0)
    made = ColumnReport(
        name,
        None,
        "numeric",
        "feature",
        "alert",
        {"psi": 0.31, "kolmogorov_smirnov": 0.3402, "wasserstein": None},
        {"kolmogorov_smirnov": (0.3398, 0.3411)},
        {"kolmogorov_smirnov": 3.1e-12},
        before,
        now,
        bars,
    )
    return replace(made, **changes)


def a_report(findings=(), columns=(), day=1, **changes):
    worst = min((f.status for f in findings), key=("alert", "warning", "undecided", "ok").index, default="ok")
    made = Report(
        schema=SCHEMA,
        monitor="credit-scoring",
        model="credit-risk",
        model_version="7",
        start=f"2026-03-{day:02}T00:00:00Z",
        end=f"2026-03-{day + 1:02}T00:00:00Z",
        revision=1,
        final=True,
        status=worst,
        rows=11_874,
        captured={"input": 11_874, "output": 11_866},
        rejected={},
        late=0,
        times={"event": 11_874},
        findings=tuple(findings),
        columns=tuple(columns),
        inputs=(Input("p/1.profile", '"e1"', "s3://logs/1.jsonl", '"e2"', "sagemaker", 11_874, 0),),
        baseline=BaselineRef("20260301-5f2c", "b/1.profile", 200_000),
        definition="m/1.yaml",
    )
    return replace(made, **changes)


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

    assert all(word in text for word in ("s3://logs/1.jsonl", '"e2"', "p/1.profile", '"e1"', "20260301-5f2c", SCHEMA))


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


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text_wherever_they_stand(name):
    finding = a_finding(column=name, metric=name, signal=name, segment=name, message=name)
    bars = Bars((name, "b"), (), (0.5, 0.5), (0.4, 0.6))
    column = a_column(name, kind=name, role=name, metrics={name: 1.0}, bars=bars)
    segment = replace(column, segment=name)
    where = Input(name, name, name, name, name, 1, 0)
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

    page = Page(render_html([report, a_report(day=2)], focus=0))

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


def test_a_hundred_columns_over_thirty_windows_stay_below_a_megabyte():
    html = render_html(worst_case())

    assert len(html.encode()) < 1_000_000


def worst_case():
    names = [f"customer_feature_number_{at:03}" for at in range(100)]
    edges = tuple(1234.5 * at for at in range(1, 20))
    shares = tuple((at + 1) / 210 for at in range(20))
    bars = Bars(tuple(f"{at} … {at + 1}" for at in range(20)), edges, shares, shares[::-1])
    metrics = dict.fromkeys(
        (
            "psi",
            "hellinger",
            "kolmogorov_smirnov",
            "jensen_shannon",
            "total_variation",
            "l_infinity",
            "chi_square",
            "wasserstein",
            "wasserstein_normalised",
        ),
        0.123456,
    )
    columns = [a_column(name, bars=bars, metrics=metrics) for name in names]
    return [a_report(_many_findings(names, day), columns, 1 + day % 27) for day in range(30)]


def _many_findings(names, day):
    bad = {names[(day * 7 + at * 3) % 100] for at in range(20)}
    drift = [a_finding("alert" if name in bad else "ok", name) for name in names]
    quality = [
        a_finding("ok", name, metric=metric, signal="quality")
        for name in names
        for metric in ("missing", "type_errors", "nan", "infinity", "denormal", "overflow")
    ]
    return [*drift, *quality]


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

    assert [(pair.baseline, pair.current) for pair in chart.pairs] == [("100", "200"), ("300", "200")]


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


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6).filter(bool))
def test_a_gauge_stays_on_its_scale(value, limit):
    drawn = gauge(value, limit)

    assert 0 <= float(drawn.start) + float(drawn.length) <= 85.1
    assert 0 <= float(drawn.limit) <= 85.1


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
    shares = {name for name, metric in METRICS.items() if metric.meaning.startswith("share of")}

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


def test_statuses_are_ordered_as_the_checks_order_them():
    assert CHECK_STATUSES == STATUSES


def test_flags_are_written_as_words():
    assert (measured("constant", 1.0), measured("missing_column", 0.0)) == ("yes", "no")
