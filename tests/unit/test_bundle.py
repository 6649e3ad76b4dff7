"""The parts of building bundles that need no package index."""

import os
import re
import sys
import zipfile
from pathlib import Path

import pytest

from atalaia.errors import AtalaiaError
from atalaia_bundle import AWS, CLOUDS, Target
from atalaia_bundle.compiling import compile_all, find_compiler
from atalaia_bundle.installing import copy_monitors, copy_ours, requirements_for
from atalaia_bundle.pruning import is_left_out, prune
from atalaia_bundle.zipping import demand_room, sizes_of, zip_folder

ROOT = Path(__file__).resolve().parents[2]
HERE = Target(f"{sys.version_info.major}.{sys.version_info.minor}", "x86_64")


def write(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(f"# {path}\n")


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("python", ["3.10", "3.9", "2.7", "3", "3.13.1", "python3.13", "", "3.1x"])
def test_a_version_that_atalaia_does_not_run_on_is_refused(python):
    with pytest.raises(AtalaiaError, match=r"Give 3\.11 or newer"):
        Target(python, "arm64")


def test_an_architecture_that_lambda_has_not_is_refused():
    with pytest.raises(AtalaiaError, match="Give one of arm64, x86_64"):
        Target("3.13", "aarch64")


def test_wheels_may_ask_for_no_newer_c_library_than_lambda_has():
    platforms = Target("3.13", "arm64").platforms

    assert platforms[0] == "manylinux_2_34_aarch64"
    assert {"manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"} < set(platforms)


def test_lambdas_python_311_is_known_to_be_too_old():
    assert [Target(python, "arm64").is_there for python in ("3.11", "3.12", "3.13")] == [False, True, True]


@pytest.mark.parametrize(("python", "major"), [("3.11", 1), ("3.12", 1), ("3.13", 2), ("3.14", 2)])
def test_azures_lock_has_the_library_that_its_authors_made_for_the_targets_python(python, major):
    lock = (ROOT / "requirements/azure-functions.txt").read_text()

    pinned = requirements_for(Target(python, "x86_64"), lock)

    assert re.findall(r"^azure-functions==(\d+)\..* ", pinned, re.MULTILINE) == [str(major)]
    assert "python_version" not in pinned
    assert pinned.count("\nnumpy==") == lock.count("\nnumpy==") == 1


def test_what_functions_load_stays_and_the_rest_goes(tmp_path):
    stays = {
        "pyarrow/lib.cpython-313-x86_64-linux-gnu.so", "pyarrow/libarrow.so.2600", "pyarrow/libarrow_python.so.2600",
        "pyarrow/parquet/core.py", "numpy/testing/__init__.py", "numpy-2.0.dist-info/METADATA",
        "opentelemetry_sdk-1.0.dist-info/entry_points.txt", "x-1.dist-info/licenses/LICENSE",
        "botocore/data/endpoints.json", "botocore/data/sagemaker/2017/service-2.json.gz",
    }  # fmt: skip
    goes = {
        "pyarrow/libarrow_flight.so.2600", "pyarrow/libarrow_python.so", "pyarrow/libarrow_python.so.2600.1.0",
        "pyarrow/include/arrow/api.h", "pyarrow/tests/test_array.py", "numpy/_core/tests/test_x.py", "bin/f2py",
        "x-1.dist-info/RECORD", "botocore/data/ec2/2016/service-2.json.gz", "msgspec/__init__.pyi",
    }  # fmt: skip
    write(tmp_path, *stays, *goes)

    prune(tmp_path)

    assert files(tmp_path) == stays
    assert not (tmp_path / "pyarrow/include").exists()


def test_services_that_are_called_stay_described():
    sources = (ROOT / "adapters/atalaia_aws").glob("*.py")
    called = {name for path in sources for name in re.findall(r'\bwithin\("(\w+)"', path.read_text())}

    assert called >= {"cloudwatch", "sagemaker", "secretsmanager", "sns"}
    assert not [name for name in called if is_left_out(f"botocore/data/{name}/2017/service-2.json.gz")]


def test_a_zip_file_tells_nothing_of_when_how_and_by_whom_its_files_were_made(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    write(one, "a/b.py", "a.py", "lib.so.1")
    write(other, "lib.so.1", "a.py", "a/b.py")
    os.utime(other / "a.py", (1, 1))
    (other / "a/b.py").chmod(0o600)

    for folder in (one, other):
        zip_folder(folder, folder.with_suffix(".zip"))

    assert one.with_suffix(".zip").read_bytes() == other.with_suffix(".zip").read_bytes()
    with zipfile.ZipFile(one.with_suffix(".zip")) as package:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in package.infolist()}
    assert modes == {"a.py": 0o644, "a/b.py": 0o644, "lib.so.1": 0o755}


def test_sizes_are_told_by_package_the_largest_first(tmp_path):
    write(tmp_path, "small.py", "numpy/core.py", "numpy.libs/a.so", "numpy.libs/b.so")

    assert list(sizes_of(tmp_path)) == ["numpy", "small.py"]
    assert sum(sizes_of(tmp_path).values()) == sum(
        path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()
    )


def test_what_is_too_large_for_lambda_is_refused_with_what_is_largest():
    demand_room({"numpy": AWS.limit}, AWS)
    with pytest.raises(
        AtalaiaError, match=r"262,144,001 bytes unzipped, and Lambda takes 262,144,000.*numpy 262\.1 MB, a"
    ):
        demand_room({"numpy": AWS.limit, "a": 1}, AWS)


def test_our_packages_and_handlers_are_copied_without_what_python_left_there(tmp_path):
    copy_ours(AWS, tmp_path)

    assert files(tmp_path) >= {
        "approve.py",
        "ingest.py",
        "evaluate.py",
        "lifecycle.py",
        "status.py",
        "atalaia/py.typed",
    }
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {
        "atalaia", "atalaia_aws", "atalaia_functions", "atalaia_local", "atalaia_obstore", "atalaia_otel",
        "atalaia_web",
    }  # fmt: skip
    assert not [path for path in files(tmp_path) if "__pycache__" in path]


def test_azure_finds_packages_where_its_worker_looks_and_functions_at_the_top(tmp_path):
    azure = CLOUDS["azure"]

    copy_ours(azure, tmp_path)

    packages = ".python_packages/lib/site-packages"
    assert {path.name for path in tmp_path.iterdir()} == {".python_packages", "function_app.py", "host.json"}
    assert files(tmp_path) >= {f"{packages}/atalaia_azure/runtime.py", f"{packages}/atalaia/py.typed"}
    assert not list(tmp_path.rglob("atalaia_aws"))
    assert {"atalaia", "atalaia_azure", "host.json"} <= set(sizes_of(tmp_path, azure.inside))


def test_azure_has_one_processor_an_older_c_library_and_no_limit():
    target = Target("3.13", "x86_64", CLOUDS["azure"])

    assert target.platforms[0] == "manylinux_2_31_x86_64"
    assert [Target(f"3.{n}", "x86_64", CLOUDS["azure"]).is_there for n in (11, 13, 14)] == [True, True, False]
    demand_room({"numpy": 10**9}, CLOUDS["azure"])
    with pytest.raises(AtalaiaError, match=r"Azure Functions has no such processor. Give x86_64\."):
        Target("3.13", "arm64", CLOUDS["azure"])


def test_monitor_files_are_copied_to_where_functions_look_and_none_are_refused(tmp_path):
    write(tmp_path, "mine/a.yaml", "mine/b.yml", "mine/notes.txt", "none/notes.txt")
    (tmp_path / "bundle").mkdir()

    copy_monitors(tmp_path / "mine", tmp_path / "bundle")

    assert files(tmp_path / "bundle") == {"monitors/a.yaml", "monitors/b.yml"}
    with pytest.raises(AtalaiaError, match="no monitor files"):
        copy_monitors(tmp_path / "none", tmp_path / "bundle")


def test_modules_are_compiled_the_same_wherever_they_lie(tmp_path):
    compiled = []
    for name in ("one", "another/deeper"):
        write(tmp_path / name, "a.py")
        compile_all(tmp_path / name, sys.executable, HERE)
        compiled.append(next((tmp_path / name / "__pycache__").iterdir()).read_bytes())

    assert compiled[0] == compiled[1]
    assert compiled[0][4:8] == b"\1\0\0\0"  # by hash, unchecked
    assert b"/var/task/a.py" in compiled[0]


def test_what_cannot_be_compiled_is_told(tmp_path):
    (tmp_path / "a.py").write_text("def\n")

    with pytest.raises(AtalaiaError, match="not all modules could be compiled"):
        compile_all(tmp_path, sys.executable, HERE)


def test_this_python_compiles_for_its_own_version_and_no_other():
    assert find_compiler(HERE) == find_compiler(HERE, sys.executable) == sys.executable
    assert find_compiler(Target("3.99", "arm64")) is None
    for other in (sys.executable, "no-such-python"):
        with pytest.raises(AtalaiaError, match=r"is no Python 3\.99"):
            find_compiler(Target("3.99", "arm64"), other)
