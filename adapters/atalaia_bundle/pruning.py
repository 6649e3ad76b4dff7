"""What packages bring that no function ever loads, with the reasons.

A pattern is matched against a file's path below the bundle, in which `*` matches slashes too. What is left out here
must not be missed: `tests/e2e/test_bundles.py` runs the functions in what is left, on every format they read.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

LEFT_OUT = {
    "the packages' own tests": ("*/tests/*", "*/testing/*_test*", "*/_pyarrow_cpp_tests*"),
    "sources that were compiled, headers and types for compilers": (
        "*.pyi", "*.pyx", "*.pxd", "*.pxi", "*.c", "*.h", "*.hpp", "*.cc", "*.f90", "*.a", "*.cmake", "*.pc", "*.lib",
        "pyarrow/include/*", "pyarrow/src/*", "numpy/_core/include/*", "numpy/_core/lib/*", "numpy/f2py/*",
        "numpy/_pyinstaller/*",
    ),
    "scripts for a shell": ("bin/*",),
    "installers' notes; licences, versions and entry points stay": (
        "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/WHEEL", "*.dist-info/REQUESTED",
        "*.dist-info/direct_url.json", "*.dist-info/top_level.txt", "*.dist-info/sboms/*", "*.dist-info/zip-safe",
    ),
    "copies of libraries under names that no loader asks for": (
        "pyarrow/libarrow_python*.so", "pyarrow/libarrow_python*.so.*.*.*",
    ),
    "Arrow's ways to other systems: objects are fetched by obstore": (
        "pyarrow/*flight*", "pyarrow/*s3*", "pyarrow/*gcsfs*", "pyarrow/*azurefs*", "pyarrow/*hdfs*",
    ),
    "formats of files and plans that are no log's": (
        "pyarrow/*gandiva*", "pyarrow/*orc*", "pyarrow/*feather*", "pyarrow/_substrait*", "pyarrow/*cuda*",
        "pyarrow/_dataset*", "pyarrow/_acero*", "pyarrow/*parquet_encryption*", "pyarrow/_json*",
    ),
}  # fmt: skip

_SERVICES = ("cloudwatch", "sagemaker", "secretsmanager", "sns", "sts", "sso", "sso-oidc")
_DESCRIBED = "botocore/data/*/*"
"""AWS's services as botocore describes them: those that are called, and those that credentials come from."""


def is_left_out(path: str) -> bool:
    """Tell whether a function can do without the file at *path*, relative to the bundle, with slashes."""
    if fnmatchcase(path, _DESCRIBED):
        return path.split("/")[2] not in _SERVICES
    return any(fnmatchcase(path, pattern) for patterns in LEFT_OUT.values() for pattern in patterns)


def prune(folder: Path) -> None:
    """Remove from a bundle's folder what functions can do without, and the folders that are empty then."""
    for path in list(_files(folder)):
        if is_left_out(path.relative_to(folder).as_posix()):
            path.unlink()
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
