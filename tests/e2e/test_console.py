"""The emulated Azure's console in a real Chromium: it asks, draws, shows reports and watches, and asks nobody else."""

import http.client
import json
import os
import re
import shutil
import sys
import urllib.request
from urllib.parse import quote, urlsplit

import pytest
from azure_emulators import write_app
from emulators import ROOT, fetch, until
from reports import a_column, a_finding, a_report
from telling import everything

from atalaia.html import render_html
from atalaia.report import to_json

QUERIES = {file.stem: file.read_text() for file in sorted((ROOT / "infra/queries").glob("*.kql"))}
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 60_000  # on a busy machine
EVIL = b"""<p>untouched</p><img src="http://elsewhere.example/x.png"><link rel=stylesheet href="/page/console.css">
<script>document.querySelector("p").textContent = "touched"; fetch("/api/live")</script>"""
SOURCE = """
import azure.functions as func
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
@app.route(route="hello")
def hello(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("hello")
"""


@pytest.fixture(scope="module")
def browser():
    """Chromium; without one a user's tests are left out, and CI's fail."""
    if sys.platform != "linux":
        pytest.skip("the emulator needs Linux")
    given = os.environ  # noqa: TID251 (which browser, and whether this is CI)
    program = shutil.which(given.get("CHROMIUM") or "chromium")
    if program is None:
        words = "no Chromium. On Debian: apt-get install chromium. Or name another browser's program in CHROMIUM."
        (pytest.fail if given.get("CI") == "true" else pytest.skip)(words)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def console(azure):
    """Where the console answers, with a week of two monitors told, and three reports stored."""
    told = json.dumps(everything()).encode()
    assert fetch(urllib.request.Request(f"{azure.run['insights']}/v2.1/track", told))[0] == 200
    kept = azure.container("consoles")
    report = a_report([a_finding(), a_finding("warning", "age"), a_finding("ok", "region")], (a_column(),), day=3)
    kept.upload_blob("out/credit-scoring/reports/20260303T000000Z/r1.json", to_json(report))
    kept.upload_blob("out/credit-scoring/reports/20260303T000000Z/r1.html", render_html([report]).encode())
    kept.upload_blob("out/churn/reports/20260301T000000Z/r1.json", to_json(a_report([a_finding()], monitor="churn")))
    kept.upload_blob("out/evil/reports/20260301T000000Z/r1.html", EVIL)
    kept.upload_blob("out/secret.html", b"no report")
    return azure.run["console"]


@pytest.fixture(scope="module")
def opened(browser, console):
    """The console in a window, with all that it asked for and complained of."""
    rights = ["clipboard-read", "clipboard-write"]
    context = browser.new_context(viewport={"width": 1360, "height": 860}, permissions=rights)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.asked, page.complaints = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(console)
    page.wait_for_selector(".cm-editor[data-ready]")
    yield page
    context.close()


@pytest.fixture
def page(opened, console):
    """The same at its query view."""
    opened.goto(f"{console}#query")
    return opened


def ask(page, query):
    """Open a link to *query*, run it, and return what is told of its answer."""
    page.goto(f"{page.url.partition('#')[0]}#query={quote(query)}")
    page.click("#run")
    return settled(page)


def settled(page):
    return page.inner_text("#told:text-matches('rows? in')")


def write(page, text):
    """Type *text* in place of what stands in the editor."""
    page.click(".cm-content")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.type(text)


def cells(page, number):
    return page.locator(f"#result tbody tr:not(.space) td:nth-child({number})").all_inner_texts()


def heads(page):
    return page.locator("#result thead button").all_inner_texts()


def test_after_a_pipe_the_tables_own_columns_are_offered(page):
    write(page, "customEvents | where custom")
    page.wait_for_selector(".cm-tooltip-autocomplete li[aria-selected]:has-text('customDimensions')")
    offered = page.locator(".cm-tooltip-autocomplete .cm-completionLabel").all_inner_texts()
    page.wait_for_timeout(200)  # what appears under the hand takes no key at once
    page.keyboard.press("Enter")

    assert offered[:2] == ["customDimensions", "customMeasurements"]
    assert page.inner_text(".cm-content") == "customEvents | where customDimensions "


def test_a_pipe_offers_what_may_follow_it(page):
    write(page, "customEvents | ")

    assert page.wait_for_selector(".cm-tooltip-autocomplete li:has-text('summarize')")
    page.keyboard.press("Escape")


@pytest.mark.parametrize("name", QUERIES)
def test_each_query_of_the_library_is_loaded_run_and_shown(page, name):
    page.click(f"#library [data-name={name}]")
    told = settled(page)
    page.click("#as-table")

    [promised] = re.findall(r"^// Columns: (.*)$", QUERIES[name], re.MULTILINE)
    assert heads(page) == promised.split(", ")
    assert re.match(r"[1-9]\d* rows? in ", told)
    assert cells(page, 1)
    assert page.get_attribute(f"#library [data-name={name}]", "aria-current") == "true"
    assert page.locator("#faults li").count() == 0


def test_a_wrong_name_is_underlined_and_told_with_its_place(page):
    write(page, "customEvents\n| where nosuch == 1")
    underlined = page.inner_text(".cm-lintRange-error")
    told = page.inner_text("#faults button")
    page.keyboard.press("Control+Enter")
    refused = page.inner_text("#wrong p")

    assert underlined == "nosuch"
    assert told.startswith("line 2, column 9: The name 'nosuch' does not refer to any known column")
    assert refused == "line 2, column 9: Failed to resolve scalar expression named 'nosuch'"


def test_what_cannot_be_parsed_is_told_with_its_place(page):
    page.goto(f"{page.url.partition('#')[0]}#query={quote('customEvents' + chr(10) + '| where name ==')}")
    page.click("#run")

    assert "line 2, column 16: Query could not be parsed" in page.inner_text("#wrong p:has-text('parsed')")
    assert not page.is_visible("#answer")


def test_it_opens_with_a_query_that_has_run(browser, console):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(console)
        rows = page.inner_text("#told:text-matches('rows in')", timeout=PATIENCE_MS)
        address = page.url

    assert not rows.startswith("0")
    assert "#query=" in address


def test_a_good_query_without_rows_says_so(page):
    assert ask(page, "customEvents | where name == 'never'").startswith("0 rows in ")
    assert page.inner_text("#result").startswith("No rows")


def test_what_is_too_much_is_cut_and_said_to_be(page):
    ask(page, "range number from 1 to 10010 step 1")
    page.focus("#result table")
    page.keyboard.press("End")

    assert page.inner_text("#count") == "first 10,000 of 10,010 rows"
    assert cells(page, 1)[-1] == "10000"


def test_a_column_sorts_by_click_as_numbers_and_by_key_backwards(page):
    ask(page, "range number from 1 to 20 step 1 | extend name = strcat('n', number) | order by name asc")
    page.click("#result thead button >> text=number")
    up, ordered = cells(page, 1), page.get_attribute("#result th >> nth=0", "aria-sort")
    page.keyboard.press("Enter")
    down, reversed_order = cells(page, 1), page.get_attribute("#result th >> nth=0", "aria-sort")

    assert (ordered, reversed_order) == ("ascending", "descending")
    assert up == [str(number) for number in range(1, 21)]
    assert down == up[::-1]


def test_rows_are_copied_as_csv_and_tsv(page):
    ask(page, "print a = 'x,y', b = 1")
    page.click("#copy-csv")
    page.wait_for_selector("#told:has-text('Copied')")
    csv = page.evaluate("navigator.clipboard.readText()")
    page.click("#copy-tsv")

    assert csv == 'a,b\n"x,y",1\n'
    assert until(lambda: page.evaluate("navigator.clipboard.readText()") == "a\tb\nx,y\t1\n")


def test_what_a_query_renders_is_drawn_as_lines(page):
    page.click("#library [data-name=drift-over-time]")
    settled(page)
    page.wait_for_selector("#result canvas")
    lines = """() => {
        const canvas = document.querySelector("#result canvas"), { width, height } = canvas;
        const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
        let coloured = 0;
        for (let at = 0; at < data.length; at += 4) {
            const [red, green, blue, seen] = data.slice(at, at + 4);
            coloured += seen > 200 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60;
        }
        return coloured;
    }"""

    assert until(lambda: page.evaluate(lines) > 300)
    assert "credit-scoring · of_limit" in page.get_attribute("#result .chart", "aria-label")


def test_names_with_numbers_are_drawn_as_bars(page):
    ask(page, QUERIES["functions"])
    page.click("#as-chart")
    bars = page.locator("#result .bars li", has_text="evaluate").locator("i")

    assert page.locator("#result .bars .name").all_inner_texts()[0] == "ingest"
    assert bars.first.bounding_box()["width"] > 50


def test_reports_are_listed_with_their_findings_and_opened(page):
    page.click("[data-view=reports]")
    page.click("#report-list li:has-text('2026-03-03') a")
    shown = page.frame_locator("#report iframe").locator("body").inner_text()
    told = page.inner_text("#report-list li:has-text('2026-03-03')")
    page.click("#report-list h3:text-is('churn') + ul a")
    page.wait_for_selector("#report td")

    assert "1 alert and 1 warning" in shown
    assert "1 alert" in told
    assert page.inner_text("#report h2") == "churn alert"
    assert page.locator("#report td >> nth=1").inner_text() == "income"


def test_a_report_can_do_nothing_but_be_seen(browser, console):
    with browser.new_context() as context:
        page = context.new_page()
        asked, failed = [], {}
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfailed", lambda request: failed.update({request.url: request.failure}))
        page.goto(f"{console}#reports={quote('consoles/out/evil/reports/20260301T000000Z/r1.html', '')}")
        said = page.frame_locator("#report iframe").locator("p").inner_text(timeout=PATIENCE_MS)
        page.goto(f"{console}reports/consoles/out/evil/reports/20260301T000000Z/r1.html")
        alone = page.inner_text("p")

    assert (said, alone) == ("untouched", "untouched")
    assert {urlsplit(url).netloc for url in asked if failed.get(url) != "csp"} == {urlsplit(console).netloc}


def test_no_blob_is_given_out_but_reports(console):
    assert fetch(urllib.request.Request(f"{console}reports/consoles/out/secret.html"))[0] == 404
    assert fetch(urllib.request.Request(f"{console}modules/azurite/package.json"))[0] == 404
    assert fetch(urllib.request.Request(f"{console}page/..%2fconsole.py"))[0] == 404


def test_what_runs_is_seen_while_it_runs(page, azure, tmp_path):
    app = azure.deploy("seen", write_app(tmp_path / "seen", SOURCE))
    azure.send("seen-poison", "one")
    row = "#now table:has(caption:text-is('functions of seen')) tr:has-text('hello')"
    page.click("[data-view=live]")
    page.wait_for_selector(f"{row} td:nth-child(6):text-is('0')")
    for _ in range(3):
        app.call("/api/hello")
    page.wait_for_selector(f"{row} td:nth-child(6):text-is('3')")
    instance = page.inner_text("#now table:has(caption:text-is('instances of seen')) tbody tr")
    poison = page.get_attribute("#now tr:has-text('seen-poison') td", "class")
    page.click("[data-view=query]")
    asked = len(page.asked)
    app.remove()
    page.wait_for_timeout(2500)  # longer than a look's period

    assert re.search(r"http#\d+\s+\d+\s+idle\s+0\s+\d+ MiB", instance)
    assert "alert" in poison
    assert len(page.asked) == asked


def test_all_is_done_by_keys_alone(page):
    press = page.keyboard.press
    page.evaluate("document.activeElement.blur()")
    walk(page, "#library [data-name=functions]")
    press("Enter")
    settled(page)
    walk(page, ".cm-content")
    press("Control+a")
    page.keyboard.type("range x from 1 to 30 step 1 ")
    press("Escape")
    press("Control+Enter")
    page.wait_for_selector("#told:has-text('30 rows in')")
    press("Tab")
    after_editor = page.evaluate("document.activeElement.id")
    walk(page, "#result table")
    press("ArrowDown")
    press("ArrowDown")
    press("Enter")
    shown = page.inner_text("#row dd")
    press("Escape")
    chosen = page.inner_text("#result [aria-selected=true]")
    walk(page, "[data-view=live]", "Shift+Tab")
    press("Enter")

    assert after_editor == "run"
    assert (shown, chosen) == ("3", "3")
    assert page.wait_for_selector("#live #now table, #live #now .nothing")
    assert page.title() == "Live · Atalaia console"


def walk(page, selector, key="Tab"):
    """Press *key* until *selector* has the focus, which must be seen."""
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{key} does not lead to {selector}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.evaluate((ROOT / "build/node/node_modules/axe-core/axe.min.js").read_text())
    found = []
    for view, shown in (("query", "#result .bars"), ("reports", "#report-list a"), ("live", "#now table")):
        page.click(f"[data-view={view}]")
        if view == "query":
            ask(page, QUERIES["functions"])
            found += barriers(page)
            page.click("#as-chart")
        page.wait_for_selector(shown)
        found += barriers(page)
    page.emulate_media(color_scheme="light")

    assert found == []


def barriers(page):
    told = page.evaluate("axe.run(document, {resultTypes: ['violations'], iframes: false})")
    return [(each["id"], each["nodes"][0]["html"][:200]) for each in told["violations"]]


def test_nothing_was_asked_of_anybody_else_and_nothing_complained_of(opened, console):
    assert {urlsplit(url).netloc for url in opened.asked if not url.startswith("blob:")} == {urlsplit(console).netloc}
    assert len(opened.asked) > 50
    assert opened.complaints == []


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {"Host": "attacker.example"}),
        ("POST", "/api/query", {"Host": "attacker.example:80", "Origin": "http://attacker.example"}),
        ("POST", "/api/query", {"Origin": "http://attacker.example"}),
        ("POST", "/api/query", {"Origin": "null"}),
        ("POST", "/api/query", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}),
        ("GET", "/api/live", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}),
        ("GET", "/api/live", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}),
    ],
)
def test_who_comes_from_elsewhere_is_refused(console, method, path, headers):
    connection = http.client.HTTPConnection(urlsplit(console).netloc, timeout=20)
    try:
        connection.request(method, path, "print 1" if method == "POST" else None, headers)
        assert connection.getresponse().status == 403
    finally:
        connection.close()


def test_the_page_lets_the_browser_ask_nobody_else(console):
    with urllib.request.urlopen(console) as answer:
        policy = answer.headers["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert not re.search(r"https?:|\*|script-src[^;]*unsafe", policy)
