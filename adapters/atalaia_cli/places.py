"""From what a user wrote as a place to the store behind it: on a laptop, folders and files."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from atalaia.checks import METRICS
from atalaia.errors import AtalaiaError
from atalaia.logs import PayloadNames
from atalaia.monitor_file import LogFormat, Monitor, load_monitor
from atalaia.monitoring.sources import LogSource, payload_names
from atalaia_local import DirectoryStore


class Opened(Struct, frozen=True):
    """A monitor file with the folder that its relative paths start from, and the root of its output.

    Attributes:
        out: That root, as the user gave it in place of the monitor file's.
    """

    monitor: Monitor
    folder: Path
    root: Path
    output: DirectoryStore
    out: str | None = None

    def here(self, uri: str) -> str:
        """Return an object of the output as a path from where the user is; anything else as it is."""
        own = f"{self.output.uri}/"
        return (self.root / uri.removeprefix(own)).as_posix() if uri.startswith(own) else uri

    def logs(self, places: tuple[str, ...]) -> list[LogSource]:
        """Return where the logs are: *places* from the command line, or else what the monitor file says.

        A place within the one that the file names is opened as a part of that, so that objects that were profiled
        together with others of it can be read again.
        """
        logs, names = self.monitor.logs, payload_names(self.monitor.columns)
        given = [(place, Path()) for place in places] or [(logs.source, self.folder)]
        return [self._as_part(self._source(place, base, logs.format, names, logs.include)) for place, base in given]

    def reference(self, places: tuple[str, ...] = ()) -> list[LogSource]:
        """Return where the reference data is: *places* from the command line, or else what the monitor file says."""
        named, names = self.monitor.baseline, payload_names(self.monitor.columns)
        given = [(place, Path()) for place in places]
        if not given and named is not None:
            given = [(place, self.folder) for place in named.data]
        format_given = named.format if named is not None else LogFormat.AUTO
        return [self._source(place, base, format_given, names) for place, base in given]

    def _as_part(self, source: LogSource) -> LogSource:
        scheme, found, rest = self.monitor.logs.source.partition("://")
        if found and scheme != "file":
            return source
        folder = self.folder / (rest if found else scheme)
        uri = _relative(folder, self.folder)
        if not source.store.uri.startswith(f"{uri}/"):
            return source
        prefix = f"{source.store.uri.removeprefix(f'{uri}/')}/{source.prefix}"
        own = _inside(folder, self.root, self.monitor.name)
        return replace(source, store=DirectoryStore(folder, uri), prefix=prefix, exclude=own)

    def _source(
        self, place: str, base: Path, format_given: LogFormat, names: PayloadNames, include: tuple[str, ...] = ()
    ) -> LogSource:
        store, prefix = open_place(place, base, self.folder)
        own = _inside(base / local_path(place), self.root, self.monitor.name)
        return LogSource(store, prefix, format_given, include, own, names)


def open_monitor(path: str, out: str | None = None) -> Opened:
    """Read a monitor file; *out* replaces its output root.

    Raises:
        AtalaiaError: The file cannot be read.
        MonitorFileError: It has faults.
    """
    file = Path(path)
    monitor = load_monitor(read_bytes(file), file.name, METRICS)
    root = Path(out) if out is not None else file.parent / local_path(monitor.output)
    shown = out if out is not None else monitor.output
    return Opened(monitor, file.parent, root, DirectoryStore(root, PurePosixPath(shown).as_posix()), out)


def read_bytes(file: Path) -> bytes:
    """Return the content of a file that a user named.

    Raises:
        AtalaiaError: It cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        msg = f"{file}: {(error.strerror or 'cannot be read').lower()}. Give the path of a file that can be read."
        raise AtalaiaError(msg) from error


def make_folder(folder: Path) -> Path:
    """Make a folder that a user named, unless it is there.

    Raises:
        AtalaiaError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder}: {(error.strerror or 'cannot be made').lower()}. Give the path of a folder."
        raise AtalaiaError(msg) from error
    return folder


def write_text(file: Path, text: str) -> None:
    """Write a file that a user named.

    Raises:
        AtalaiaError: It cannot be written.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"{file}: {(error.strerror or 'cannot be written').lower()}. Give a path that can be written to."
        raise AtalaiaError(msg) from error


def open_place(place: str, base: Path = Path(), home: Path = Path()) -> tuple[DirectoryStore, str]:
    """Return the store and the key prefix for a folder or file.

    Args:
        place: As the user wrote it; a link to a file is followed, wherever it leads.
        base: What it is relative to.
        home: What the store's URI is relative to, so that one object has one URI however it is named.

    Raises:
        AtalaiaError: There is nothing at the place.
    """
    path = base / local_path(place)
    if path.is_dir():
        return DirectoryStore(path, _relative(path, home)), ""
    if path.is_file():
        path = path.resolve() if path.is_symlink() else path
        return DirectoryStore(path.parent, _relative(path.parent, home)), path.name
    msg = f"{place}: there is no such file or folder{_from(base)}. Correct the path."
    raise AtalaiaError(msg)


def _from(base: Path) -> str:
    return "" if base == Path() else f" (looked from {base}, the monitor file's folder)"


def local_path(place: str) -> str:
    """Return *place* as a path of this machine.

    Raises:
        AtalaiaError: It is a URL of a cloud.
    """
    scheme, found, rest = place.partition("://")
    if not found:
        return place
    if scheme == "file":
        return rest
    msg = f"{place}: this release reads folders and files of this machine; {scheme}:// comes with the cloud adapters."
    raise AtalaiaError(msg)


def _relative(path: Path, home: Path) -> str:
    return Path(os.path.relpath(path.absolute(), home.absolute())).as_posix()


def _inside(logs: Path, output: Path, monitor: str) -> str | None:
    """Return the prefix of the monitor's own keys within the logs' store, None if they lie elsewhere."""
    relative = Path(os.path.relpath((output / monitor).resolve(), logs.resolve())).as_posix()
    return None if relative.startswith("..") else f"{relative}/"
