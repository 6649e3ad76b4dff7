import pytest
from worlds import content

from atalaia.errors import ObjectNotFoundError, PreconditionError
from atalaia.monitoring.overlay import Overlay
from atalaia_local import MemoryStore


@pytest.fixture
def below():
    store = MemoryStore("memory://below", lambda: 1)
    for key in ("m/profiles/a", "m/profiles/b", "m/reports/r"):
        store.put(key, key.encode())
    return store


@pytest.fixture
def overlay(below):
    return Overlay(below, ["m/profiles/"], lambda: 7)


def keys(store, prefix=""):
    return [info.key for info in store.list(prefix)]


def test_only_what_is_shown_is_seen_of_the_store_below(overlay, below):
    assert keys(overlay) == keys(overlay, "m/") == keys(overlay, "m/profiles/") == ["m/profiles/a", "m/profiles/b"]
    assert keys(overlay, "m/profiles/b") == ["m/profiles/b"]
    assert keys(overlay, "m/reports/") == []
    assert overlay.get("m/profiles/a") == below.get("m/profiles/a")
    assert overlay.get_range("m/profiles/a", 0, 1) == b"m"
    with pytest.raises(ObjectNotFoundError):
        overlay.head("m/reports/r")


def test_what_is_written_is_seen_and_the_store_below_stays_as_it_is(overlay, below):
    before = content(below)

    overlay.put("m/profiles/a", b"other")
    overlay.put("m/reports/r", b"own", if_absent=True)
    overlay.delete("m/profiles/b")

    assert content(overlay) == {"m/profiles/a": b"other", "m/reports/r": b"own"}
    assert overlay.head("m/profiles/a").time == 7
    assert content(below) == before


def test_conditions_hold_for_what_is_read_through(overlay):
    tag = overlay.head("m/profiles/a").etag

    with pytest.raises(PreconditionError):
        overlay.put("m/profiles/a", b"", if_absent=True)
    with pytest.raises(PreconditionError):
        overlay.put("m/profiles/a", b"", if_match="another")
    overlay.put("m/profiles/a", b"new", if_match=tag)
    with pytest.raises(PreconditionError):
        overlay.put("m/profiles/a", b"newer", if_match=tag)

    assert overlay.get("m/profiles/a")[0] == b"new"


def test_what_was_deleted_may_be_written_again(overlay):
    overlay.delete("m/profiles/a")
    overlay.delete("m/profiles/a")
    overlay.put("m/profiles/a", b"again", if_absent=True)
    overlay.delete("m/profiles/a")
    overlay.put("m/profiles/a", b"once more")

    assert keys(overlay) == ["m/profiles/a", "m/profiles/b"]
