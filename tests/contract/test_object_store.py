import contextlib
import threading
import time
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from atalaia.errors import ObjectNotFoundError, PreconditionError, StoreError

READERS = {
    "head": lambda store: store.head("absent"),
    "get": lambda store: store.get("absent"),
    "get_range": lambda store: store.get_range("absent", 0, 1),
}
BAD_KEYS = [
    "",
    "/absolute",
    "a//b",
    "a/",
    "../up",
    "a/../b",
    "a/./b",
    ".",
    "nul\0",
    "half \ud800",
    ".atalaia-x",
    "a/.atalaia-x/b",
]
UNICODE_KEYS = ["Gehälter/März.jsonl", "日本/東京.jsonl", "emoji 🌊", "a b+c%20&=?#'\"", "-", "…/x", "a:b"]


def keys(store, prefix=""):
    return [info.key for info in store.list(prefix)]


@pytest.fixture
def etag_of_content(request):
    """Azure gives each write an ETag of its own, so that the same content again looks like another one."""
    if "azurite" in request.node.callspec.id:
        request.applymarker(pytest.mark.xfail(strict=True, reason="Azure's ETag names a write, not a content"))


def in_threads(count, work):
    outcomes, start = [], threading.Barrier(count)

    def run(number):
        start.wait()
        try:
            outcomes.append(work(number))
        except PreconditionError:
            outcomes.append(None)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_uri_has_no_slash_at_its_end(store):
    assert store.uri
    assert not store.uri.endswith("/")


def test_what_was_put_is_what_get_returns(store):
    store.put("a/b.bin", b"\0\xff\r\n")

    assert store.get("a/b.bin")[0] == b"\0\xff\r\n"


def test_put_takes_any_bytes_like_object_by_value(store):
    content = bytearray(b"before")

    store.put("a", content)
    content[:] = b"after!"

    assert store.get("a")[0] == b"before"


def test_put_get_head_and_list_agree_on_the_description(store):
    etag = store.put("a/b", b"12345")

    info = store.head("a/b")
    assert (info.key, info.etag, info.size) == ("a/b", etag, 5)
    assert store.get("a/b")[1] == info
    [listed] = store.list("")
    assert replace(listed, time=info.time) == info
    assert 0 <= listed.time - info.time < 1_000_000  # MiniStack lists milliseconds, where S3 tells whole seconds


def test_time_is_that_of_the_write_in_microseconds(store):
    before = time.time_ns() // 1000

    store.put("a", b"x")

    coarse = 2_000_000  # a file system may round by up to two seconds
    assert before - coarse <= store.head("a").time <= time.time_ns() // 1000 + coarse


def test_an_empty_object_is_an_object(store):
    store.put("empty", b"")

    assert store.get("empty")[0] == b""
    assert store.head("empty").size == 0
    assert keys(store) == ["empty"]


@pytest.mark.parametrize("key", UNICODE_KEYS)
def test_unusual_characters_in_keys_are_kept(store, key):
    store.put(key, b"x")

    assert store.get(key)[0] == b"x"
    assert keys(store) == [key]


def test_a_backslash_is_kept_or_refused_but_never_made_another_key(store):
    with contextlib.suppress(StoreError):
        store.put("a\\b", b"x")

    assert keys(store) in (["a\\b"], [])


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_could_lead_elsewhere_is_refused_by_every_method(store, key):
    calls = [
        lambda: store.head(key),
        lambda: store.get(key),
        lambda: store.get_range(key, 0, 1),
        lambda: store.put(key, b""),
        lambda: store.delete(key),
    ]

    for call in calls:
        with pytest.raises(StoreError, match="key"):
            call()


@pytest.mark.parametrize("method", READERS)
def test_reading_what_is_absent_says_where(store, method):
    with pytest.raises(ObjectNotFoundError, match=f"{store.uri}/absent"):
        READERS[method](store)


@pytest.mark.parametrize("method", READERS)
def test_reading_what_was_deleted_fails_like_what_never_was(store, method):
    store.put("absent", b"x")
    store.delete("absent")

    with pytest.raises(ObjectNotFoundError):
        READERS[method](store)


def test_a_folder_of_objects_is_not_an_object(store):
    store.put("a/b", b"x")

    with pytest.raises(ObjectNotFoundError):
        store.get("a")
    with pytest.raises(ObjectNotFoundError):
        store.head("a")


def test_nothing_is_stored_beneath_an_object(store):
    store.put("a", b"x")

    for read in (store.head, store.get, lambda key: store.get_range(key, 0, 1)):
        with pytest.raises(ObjectNotFoundError):
            read("a/b")
    store.delete("a/b")
    assert keys(store, "a/") == []


def test_delete_is_idempotent(store):
    store.put("a", b"x")

    store.delete("a")
    store.delete("a")
    store.delete("never/was")

    assert keys(store) == []


def test_deleting_leaves_the_neighbours(store):
    store.put("a/1", b"x")
    store.put("a/2", b"y")

    store.delete("a/1")

    assert keys(store) == ["a/2"]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, 10, b"0123456789"), (3, 5, b"34"), (8, 99, b"89"), (10, 20, b""), (50, 60, b""), (4, 4, b""), (5, 3, b"")],
)
def test_a_range_is_half_open_and_ends_with_the_object(store, start, end, expected):
    store.put("digits", b"0123456789")

    assert store.get_range("digits", start, end) == expected


def test_a_range_of_an_empty_object_is_empty(store):
    store.put("empty", b"")

    assert store.get_range("empty", 0, 5) == b""


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (0, -1)])
def test_a_range_before_the_object_is_a_mistake_of_the_caller(store, start, end):
    store.put("digits", b"0123456789")

    with pytest.raises(ValueError, match="begins before"):
        store.get_range("digits", start, end)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), start=st.integers(0, 250), length=st.integers(0, 250))
def test_a_range_is_a_slice_of_the_content(store, content, start, length):
    store.put("a", content)

    assert store.get_range("a", start, start + length) == content[start : start + length]


def test_the_etag_changes_when_one_byte_of_the_same_size_changes(store):
    first = store.put("a", b"one")
    second = store.put("a", b"onf")

    assert first != second
    assert store.head("a").etag == second


@pytest.mark.usefixtures("etag_of_content")
def test_the_etag_does_not_change_when_the_content_does_not(store):
    first = store.put("a", b"same")
    second = store.put("a", b"same")

    assert first == second
    assert store.head("a").etag == first


@pytest.mark.usefixtures("etag_of_content")
def test_the_etag_comes_back_with_the_content(store):
    first = store.put("a", b"one")
    store.put("a", b"two")

    assert store.put("a", b"one") == first


def test_the_last_unconditional_write_wins(store):
    store.put("a", b"one")
    store.put("a", b"two")

    assert store.get("a")[0] == b"two"


def test_if_absent_writes_where_nothing_is(store):
    etag = store.put("a/b", b"x", if_absent=True)

    assert store.head("a/b").etag == etag


def test_if_absent_refuses_to_overwrite(store):
    store.put("a", b"old")

    with pytest.raises(PreconditionError):
        store.put("a", b"new", if_absent=True)

    assert store.get("a")[0] == b"old"


def test_if_absent_refuses_even_the_same_content(store):
    store.put("a", b"same")

    with pytest.raises(PreconditionError):
        store.put("a", b"same", if_absent=True)


def test_if_absent_writes_again_after_a_delete(store):
    store.put("a", b"x")
    store.delete("a")

    store.put("a", b"y", if_absent=True)

    assert store.get("a")[0] == b"y"


def test_if_match_writes_over_the_object_that_was_read(store):
    etag = store.put("a", b"old")

    store.put("a", b"new", if_match=etag)

    assert store.get("a")[0] == b"new"


def test_if_match_refuses_an_object_that_changed(store):
    etag = store.put("a", b"old")
    store.put("a", b"other")

    with pytest.raises(PreconditionError):
        store.put("a", b"new", if_match=etag)

    assert store.get("a")[0] == b"other"


def test_if_match_refuses_an_object_that_is_gone(store):
    etag = store.put("a", b"old")
    store.delete("a")

    with pytest.raises(PreconditionError):
        store.put("a", b"new", if_match=etag)

    assert keys(store) == []


def test_a_refused_write_leaves_nothing_in_the_listing(store):
    with pytest.raises(PreconditionError):
        store.put("a/b", b"x", if_match="not an etag")

    assert keys(store) == []


def test_of_many_threads_that_create_one_object_one_wins(store):
    outcomes = in_threads(8, lambda n: store.put("a/once", b"%d" % n, if_absent=True))

    winners = [etag for etag in outcomes if etag is not None]
    assert len(outcomes) == 8
    assert winners == [store.head("a/once").etag]


def test_of_many_threads_that_replace_one_version_one_wins(store):
    etag = store.put("a", b"first")

    outcomes = in_threads(8, lambda n: store.put("a", b"%d" % n, if_match=etag))

    winners = [winner for winner in outcomes if winner is not None]
    assert winners == [store.head("a").etag]


def test_compare_and_swap_loses_no_update(store):
    store.put("counter", b"0")

    def add(_number):
        for _ in range(10):
            while True:
                data, info = store.get("counter")
                try:
                    store.put("counter", b"%d" % (int(data) + 1), if_match=info.etag)
                except PreconditionError:
                    continue
                break
        return "done"

    in_threads(4, add)

    assert store.get("counter")[0] == b"40"


def test_a_reader_sees_the_old_content_or_the_new_one_whole(store):
    versions = {bytes([n]) * 300_000 for n in range(4)}
    store.put("a", min(versions))
    stop = threading.Event()

    def write():
        while not stop.is_set():
            for version in versions:
                store.put("a", version)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = [store.get("a") for _ in range(60)]
    finally:
        stop.set()
        writer.join()

    assert {data for data, _ in seen} <= versions
    assert all(info.size == len(data) for data, info in seen)
    assert len({(info.etag, data) for data, info in seen}) == len({info.etag for _, info in seen})


def test_listing_while_others_write_shows_only_whole_objects(store):
    stop = threading.Event()

    def write():
        while not stop.is_set():
            store.put("a/x", b"x" * 100_000)
            store.delete("a/x")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        listings = [list(store.list("")) for _ in range(100)]
    finally:
        stop.set()
        writer.join()

    assert {(info.key, info.size) for listing in listings for info in listing} <= {("a/x", 100_000)}


def test_an_empty_store_lists_nothing(store):
    assert keys(store) == []
    assert keys(store, "any/prefix") == []


def test_a_prefix_matches_letters_not_folders(store):
    for key in ["ab/c", "abc", "b/a", "ab/d/e"]:
        store.put(key, b"")

    assert keys(store, "a") == ["ab/c", "ab/d/e", "abc"]
    assert keys(store, "ab/") == ["ab/c", "ab/d/e"]
    assert keys(store, "ab/d") == ["ab/d/e"]
    assert keys(store, "abc/") == []


def test_a_whole_key_is_a_prefix_of_itself(store):
    store.put("a/b.txt", b"")
    store.put("a/b.txt.gz", b"")

    assert keys(store, "a/b.txt") == ["a/b.txt", "a/b.txt.gz"]


@pytest.mark.parametrize("prefix", ["..", "a.", "a/.", "a/.."])
def test_a_prefix_may_end_in_dots(store, prefix):
    store.put("a/b", b"")

    assert keys(store, prefix) == []


@pytest.mark.parametrize("prefix", ["../", "/", "/a", "a/../", "a//b", "x\0"])
def test_a_prefix_that_could_lead_elsewhere_is_refused(store, prefix):
    with pytest.raises(StoreError, match="prefix"):
        list(store.list(prefix))


def test_the_order_is_that_of_the_keys_not_of_the_folders(store):
    names = ["a-b", "a.txt", "a/x", "a/b/c", "a0", "Z", "ä", "z/1", "z/10", "z/2", "z-"]
    for name in names:
        store.put(name, b"")

    assert keys(store) == sorted(names)


NAMES = st.text(alphabet="ab-.0ä/", min_size=1, max_size=6).filter(
    lambda key: all(part not in ("", ".", "..") for part in key.split("/"))
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.sets(NAMES, max_size=6), prefix=st.text(alphabet="ab-.0", max_size=2))
def test_a_listing_is_the_sorted_keys_that_begin_with_the_prefix(store, names, prefix):
    names = {n for n in names if not any(other.startswith(n + "/") for other in names)}  # files are not folders too
    fresh = f"{uuid.uuid4()}/"
    for name in names:
        store.put(fresh + name, b"x")

    assert keys(store, fresh + prefix) == sorted(fresh + n for n in names if n.startswith(prefix))
