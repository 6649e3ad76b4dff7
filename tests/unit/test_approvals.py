"""Signed links, without a cloud."""

import json
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from msgspec.structs import replace
from services import MONITOR, make_service

from atalaia.errors import AtalaiaError, JobError
from atalaia.monitoring.actions import Action, State, to_json
from atalaia.ports import Job
from atalaia.window import SECOND
from atalaia_functions.approvals import Asked, Question, answer, key_of, links_by, links_of, signature
from atalaia_web.chats import slack
from atalaia_web.telling import message_of

KEY = b"k" * 32
WINDOW = "20260302T000000Z"
STORED = f"churn/approvals/retrain/{WINDOW}.json"
DAY = 86_400 * SECOND


@pytest.fixture
def world():
    made = make_service(MONITOR + "policies: [{name: retrain, when: drifted > 0.4, approval: true, pipeline: p}]\n")
    made.action = Action("id", "retrain", WINDOW, made.now, State.PENDING_APPROVAL, made.now + DAY)
    made.output.put(f"churn/actions/retrain/{WINDOW}.json", to_json(made.action))
    made.links = links_of("https://here.example/approve", KEY, "churn", made.action)
    return made


def query(link, **changes):
    fields = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    return urlencode(fields | changes)


def asked(world, method, text, body=b""):
    return answer(Asked(method, text, body), KEY, world.watches, world.now)


def stored(world):
    return [json.loads(world.output.get(info.key)[0]) for info in world.output.list("churn/approvals/")]


def test_to_look_at_a_link_decides_nothing(world):
    for method in ("GET", "HEAD"):
        page = asked(world, method, query(world.links["approve"]))
        assert page.status == 200
        assert '<form method="post">' in page.text

    assert stored(world) == []


@pytest.mark.parametrize("decision", ["approve", "decline"])
def test_to_post_a_link_decides_once(world, decision):
    first = asked(world, "POST", query(world.links[decision]), b"by=Ada+Lovelace")
    again = asked(world, "POST", query(world.links[decision]))
    other = asked(world, "POST", query(world.links["decline" if decision == "approve" else "approve"]))

    assert (first.status, again.status, other.status) == (200, 409, 409)
    assert "Ada Lovelace (link)" in again.text
    (made,) = stored(world)
    assert made == {"decision": decision, "by": "Ada Lovelace (link)", "time": "2026-03-20T00:00:00Z"}


def test_a_program_may_post_all_of_it_as_a_form(world):
    assert asked(world, "POST", "", query(world.links["approve"]).encode()).status == 200
    assert stored(world)[0]["by"] == "link"


@pytest.mark.parametrize("field", ["monitor", "policy", "window", "decision", "expires", "signature"])
def test_a_link_that_was_changed_is_refused(world, field):
    for value in ("", "decline", "2026", "é"):
        page = asked(world, "POST", query(world.links["approve"], **{field: value}))
        assert page.status == 403
        assert "churn" not in page.text

    assert stored(world) == []


def test_a_link_of_another_key_is_refused(world):
    other = links_of("https://here.example/approve", b"x" * 32, "churn", world.action)

    assert asked(world, "POST", query(other["approve"])).status == 403


def test_a_link_runs_out(world):
    world.now += DAY + SECOND

    assert asked(world, "POST", query(world.links["approve"])).status == 410
    assert stored(world) == []


def test_a_link_of_a_monitor_that_is_gone_is_not_good_any_more(world):
    assert answer(Asked("GET", query(world.links["approve"])), KEY, [], world.now).status == 410


def test_nothing_else_is_done_with_a_link(world):
    assert asked(world, "DELETE", query(world.links["approve"])).status == 405


def test_what_does_not_wait_any_more_is_not_asked_again(world):
    world.output.put(f"churn/actions/retrain/{WINDOW}.json", to_json(replace(world.action, state=State.DONE)))

    assert asked(world, "GET", query(world.links["approve"])).status == 409


def test_what_was_written_by_hand_and_is_no_approval_is_told(world):
    world.output.put(STORED, b"yes")

    page = asked(world, "POST", query(world.links["approve"]))
    assert page.status == 409
    assert "not an approval. Write {" in page.text
    assert world.output.get(STORED)[0] == b"yes"


def test_names_are_shown_and_never_run(world):
    asked(world, "POST", query(world.links["approve"]), urlencode({"by": "<script>x</script>\n" + "y" * 500}).encode())

    page = asked(world, "GET", query(world.links["approve"]))
    assert len(stored(world)[0]["by"]) == 100 + len(" (link)")
    assert "<script" not in page.text


def test_the_parts_of_what_is_signed_do_not_run_into_each_other():
    parts = ["a", "b", "c", "approve", "1"]
    signed = {signature(KEY, Question(*parts[:i], *(parts[i] + "x", *parts[i + 1 :]))) for i in range(5)}
    moved = signature(KEY, Question("ab", "", "c", "approve", "1"))

    assert len(signed | {moved, signature(KEY, Question(*parts))}) == 7
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in signed)


def test_a_link_goes_on_with_the_query_of_its_address(world):
    links = links_of("https://here.example/approve?code=1", KEY, "churn", world.action)

    assert links["approve"].startswith("https://here.example/approve?code=1&monitor=churn&")


def test_a_short_key_is_refused():
    with pytest.raises(AtalaiaError, match="fewer than 16"):
        key_of("short")


def test_links_come_of_settings(world):
    env = {"ATALAIA_APPROVAL_URL": "https://here.example/approve", "ATALAIA_APPROVAL_KEY": "env:KEY"}

    def missing(reference):
        raise JobError(f"{reference}: no such setting.")

    assert links_by(env, lambda reference: KEY.decode(), "churn", world.action) == world.links
    assert links_by({}, missing, "churn", world.action) == {}
    assert links_by(env, missing, "churn", world.action) == {"why_no_links": "env:KEY: no such setting."}


def test_a_chat_shows_links_whole(world):
    links = links_of(f"https://{'long.' * 60}example/approve", KEY, "churn", world.action)
    told = message_of(Job("churn", "tell", WINDOW, {}, {"links": {"Approve retrain": links["approve"]}}))

    text = json.dumps(slack(told), ensure_ascii=False)
    assert f"<{links['approve'].replace('&', '&amp;')}|Approve retrain>" in text
