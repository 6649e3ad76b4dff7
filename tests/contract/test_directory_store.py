"""What only a folder can get wrong: links, pipes, other processes, the operating system's refusals."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from atalaia.errors import ObjectNotFoundError, StoreError
from atalaia_local import DirectoryStore
from atalaia_local.os_errors import explained

ADAPTERS_FOLDER = Path(__file__).resolve().parents[2] / "adapters"
needs_rights = pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def keys(root, prefix=""):
    return [info.key for info in DirectoryStore(root).list(prefix)]


def in_processes(count, code, root):
    """Run *code* with a `store` in so many processes at once: each waits until all have started."""
    gate = root.parent / "gate"
    gate.mkdir()
    folders = [str(ADAPTERS_FOLDER), str(ADAPTERS_FOLDER.parent)]
    prelude = (
        f"import sys; sys.path[:0] = {folders}; from pathlib import Path; from atalaia_local import DirectoryStore; "
        "from atalaia.errors import PreconditionError; store = DirectoryStore(Path(sys.argv[1]))\n"
        "import os; gate = Path(sys.argv[2]); (gate / str(os.getpid())).touch()\n"
        f"while len(os.listdir(gate)) < {count}: pass\n"
    )
    command = [sys.executable, "-c", prelude + code, str(root), str(gate)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    return [process.communicate(timeout=60)[0] for process in started]


def test_uri_is_the_folder_as_it_was_given():
    assert DirectoryStore(Path("logs/today")).uri == "logs/today"
    assert DirectoryStore(Path("/data/logs")).uri == "/data/logs"


def test_uri_can_be_given():
    assert DirectoryStore(Path("logs"), "s3://bucket/logs/").uri == "s3://bucket/logs"


def test_a_folder_that_is_absent_lists_nothing(tmp_path):
    assert keys(tmp_path / "absent") == []


def test_listing_does_not_create_the_folder(tmp_path):
    keys(tmp_path / "absent")

    assert not (tmp_path / "absent").exists()


def test_writing_creates_the_folder(tmp_path):
    DirectoryStore(tmp_path / "new" / "store").put("a/b", b"x")

    assert (tmp_path / "new" / "store" / "a" / "b").read_bytes() == b"x"


def test_empty_folders_are_not_listed(root):
    (root / "empty" / "deeper").mkdir(parents=True)

    assert keys(root) == []


def test_writing_leaves_nothing_but_the_object(root):
    store = DirectoryStore(root)
    store.put("a/b", b"x", if_absent=True)
    store.put("a/b", b"y", if_match=store.head("a/b").etag)

    assert sorted(p.relative_to(root).as_posix() for p in root.rglob("*")) == ["a", "a/b"]


def test_a_write_that_was_cut_off_is_not_listed(root):
    (root / ".atalaia-0123").write_bytes(b"half")

    assert keys(root) == []


def test_a_new_file_has_the_rights_of_any_other_file(root):
    (root / "other").write_bytes(b"")

    DirectoryStore(root).put("ours", b"")

    assert (root / "ours").stat().st_mode == (root / "other").stat().st_mode


def test_time_is_that_of_the_file(root):
    (root / "a").write_bytes(b"x")
    os.utime(root / "a", ns=(0, 1_772_409_600_123_456_000))

    assert DirectoryStore(root).head("a").time == 1_772_409_600_123_456


def test_a_store_sees_that_a_file_it_had_hashed_was_changed_in_place(root):
    (root / "a").write_bytes(b"one")
    os.utime(root / "a", ns=(0, 0))
    store = DirectoryStore(root)
    before = store.head("a").etag

    (root / "a").write_bytes(b"two")
    os.utime(root / "a", ns=(0, 0))

    assert store.head("a").etag != before


def in_an_hour():
    return time.time_ns() + 3600 * 10**9


def test_a_file_at_rest_is_not_hashed_again(root):
    (root / "a").write_bytes(b"one")
    store = DirectoryStore(root, clock=in_an_hour)
    store.head("a")

    store._etags = {key: (stamp, "remembered") for key, (stamp, _) in store._etags.items()}

    assert store.head("a").etag == "remembered"
    assert [info.etag for info in store.list("")] == ["remembered"]
    assert store.get("a")[1].etag == "remembered"


def test_a_file_at_rest_is_hashed_again_when_it_changes(root):
    (root / "a").write_bytes(b"one")
    store = DirectoryStore(root, clock=in_an_hour)
    before = store.head("a").etag

    (root / "a").write_bytes(b"two")

    assert store.head("a").etag == store.get("a")[1].etag != before


def test_no_more_etags_are_remembered_than_fit(root, monkeypatch):
    monkeypatch.setattr("atalaia_local.directory_store._CACHED_ETAGS", 3)
    store = DirectoryStore(root, clock=in_an_hour)
    for number in range(8):
        store.put(f"a{number}", b"%d" % number)

    assert [info.etag for info in store.list("")] == [store.get(f"a{number}")[1].etag for number in range(8)]
    assert len(store._etags) <= 3


def test_touching_a_file_leaves_its_etag(root):
    (root / "a").write_bytes(b"one")
    store = DirectoryStore(root)
    before = store.head("a").etag

    os.utime(root / "a", ns=(0, 10**18))

    assert store.head("a").etag == before


def test_a_link_to_a_file_inside_is_an_object(root):
    (root / "a").write_bytes(b"x")
    (root / "b").symlink_to("a")

    assert keys(root) == ["a", "b"]
    assert DirectoryStore(root).get("b")[0] == b"x"


def test_the_folder_itself_may_be_a_link(root, tmp_path):
    (root / "a").write_bytes(b"x")
    (tmp_path / "link").symlink_to(root)

    assert keys(tmp_path / "link") == ["a"]
    assert DirectoryStore(tmp_path / "link").get("a")[0] == b"x"


@pytest.fixture
def escape(root, tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "file").write_bytes(b"secret")
    (root / "file").symlink_to(tmp_path / "secret" / "file")
    (root / "folder").symlink_to(tmp_path / "secret")
    return DirectoryStore(root)


def test_links_that_lead_outside_are_not_listed(escape):
    assert list(escape.list("")) == []
    assert list(escape.list("folder/")) == []


@pytest.mark.parametrize("key", ["file", "folder/file"])
@pytest.mark.parametrize("method", ["head", "get", "range", "put", "delete"])
def test_links_that_lead_outside_are_refused(escape, tmp_path, key, method):
    calls = {
        "head": lambda: escape.head(key),
        "get": lambda: escape.get(key),
        "range": lambda: escape.get_range(key, 0, 5),
        "put": lambda: escape.put(key, b"overwritten"),
        "delete": lambda: escape.delete(key),
    }

    with pytest.raises(StoreError, match="outside"):
        calls[method]()

    assert (tmp_path / "secret" / "file").read_bytes() == b"secret"


def test_nothing_is_created_through_a_link_that_leads_outside(escape, tmp_path):
    with pytest.raises(StoreError, match="outside"):
        escape.put("folder/deeper/new", b"x")

    assert not (tmp_path / "secret" / "deeper").exists()


def test_links_that_go_in_circles_end(root):
    (root / "a").mkdir()
    (root / "a" / "x").write_bytes(b"")
    (root / "a" / "up").symlink_to(root)
    (root / "self").symlink_to("self")
    (root / "broken").symlink_to("nowhere")

    assert keys(root) == ["a/x"]


def test_reading_a_link_in_a_circle_says_so(root):
    (root / "self").symlink_to("self")

    with pytest.raises(StoreError, match="circle"):
        DirectoryStore(root).get("self")


def test_a_pipe_is_neither_listed_nor_waited_for(root):
    os.mkfifo(root / "pipe")

    assert keys(root) == []
    with pytest.raises(ObjectNotFoundError, match="no regular file"):
        DirectoryStore(root).get("pipe")


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems refuse such names")
def test_a_file_name_that_is_not_text_is_an_error_not_a_gap(root):
    Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9")).write_bytes(b"x")

    with pytest.raises(StoreError, match="UTF-8"):
        keys(root)


def test_writing_onto_a_folder_says_so(root):
    (root / "a").mkdir()

    with pytest.raises(StoreError, match="a folder has this name"):
        DirectoryStore(root).put("a", b"x")


def test_deleting_a_folder_does_nothing(root):
    (root / "a").mkdir()

    DirectoryStore(root).delete("a")

    assert (root / "a").is_dir()


def test_writing_beneath_a_file_says_so(root):
    DirectoryStore(root).put("a", b"x")

    with pytest.raises(StoreError, match="a part of this path is a file"):
        DirectoryStore(root).put("a/b", b"x")


def test_a_name_too_long_says_so_and_keeps_the_cause(root):
    with pytest.raises(StoreError, match="too long") as caught:
        DirectoryStore(root).put("x" * 300, b"x")

    assert isinstance(caught.value.__cause__, OSError)


@needs_rights
def test_a_file_without_rights_says_so(root):
    (root / "a").write_bytes(b"x")
    (root / "a").chmod(0)

    with pytest.raises(StoreError, match="permission was denied"):
        DirectoryStore(root).get("a")


@needs_rights
def test_a_folder_without_rights_is_an_error_not_a_gap(root):
    (root / "a").mkdir(mode=0)

    try:
        with pytest.raises(StoreError, match="permission was denied"):
            keys(root)
    finally:
        (root / "a").chmod(0o700)


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "permission"), (errno.EROFS, "only be read"), (errno.EIO, "Input")],
)
def test_what_the_system_refuses_is_said_with_the_name(number, words):
    with pytest.raises(StoreError, match=rf"logs/a: .*{words}"), explained("logs/a"):
        raise OSError(number, os.strerror(number))


def test_of_processes_that_create_one_object_one_wins(root):
    code = """
for n in range(200):
    try:
        store.put(f"a/{n}", str(os.getpid()).encode(), if_absent=True)
        print(n)
    except PreconditionError:
        pass
"""

    wins = " ".join(in_processes(3, code, root)).split()

    assert sorted(map(int, wins)) == list(range(200))


def test_processes_that_compare_and_swap_lose_no_update(root):
    DirectoryStore(root).put("counter", b"0")
    code = """
left = 20
while left:
    data, info = store.get("counter")
    try:
        store.put("counter", str(int(data) + 1).encode(), if_match=info.etag)
        left -= 1
    except PreconditionError:
        pass
print("done")
"""

    answers = in_processes(3, code, root)

    assert answers == ["done\n"] * 3
    assert DirectoryStore(root).get("counter")[0] == b"60"
