"""The monitor files that the functions serve: a folder of the bundle, or one in a bucket or container."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from atalaia.checks import METRICS
from atalaia.errors import AtalaiaError
from atalaia.monitor_file import Monitor, load_monitor
from atalaia.monitoring.watch import LOOK_AFTER, Stores, Watch

_ENDINGS = (".yaml", ".yml")

_Files = Mapping[str, str]  # ETags by name; empty for files of the bundle, which do not change


class Monitors:
    """The monitors in one place; those in a cloud are looked at again after a minute.

    Args:
        place: A folder, `s3://bucket/folder` or `az://container/folder`.
        stores: Opens what monitor files name.
        clock: Tells the time, in µs since 1970.
    """

    def __init__(self, place: str, stores: Stores, clock: Callable[[], int]) -> None:
        self._place = place
        self._stores = stores
        self._clock = clock
        self._looked: int | None = None
        self._files: _Files = {}
        self._watches: list[Watch] = []

    def watches(self) -> list[Watch]:
        """Return one for each monitor, the same as before unless a file has changed.

        Raises:
            MonitorFileError: A file has faults.
            AtalaiaError: There is no file, or two monitors have one name and one output.
        """
        now = self._clock()
        if self._looked is None or (self._in_cloud and now - self._looked >= LOOK_AFTER):
            files = self._listed()
            if files != self._files:
                self._watches = [Watch(monitor, self._stores, self._clock) for monitor in self._read(files)]
                self._files = files
            self._looked = now
        return self._watches

    @property
    def _in_cloud(self) -> bool:
        return "://" in self._place

    def _listed(self) -> _Files:
        if self._in_cloud:
            files = {i.key: i.etag for i in self._stores(self._place).list("") if i.key.endswith(_ENDINGS)}
        else:
            folder = Path(self._place)
            files = {path.name: "" for path in sorted(folder.glob("*")) if path.name.endswith(_ENDINGS)}
        if not files:
            msg = f"{self._place}: no monitor files (.yaml) there. Set ATALAIA_MONITORS to the folder that has them."
            raise AtalaiaError(msg)
        return files

    def _read(self, files: _Files) -> list[Monitor]:
        monitors = [load_monitor(self._content(name), name, METRICS) for name in sorted(files)]
        places = {(monitor.output.rstrip("/"), monitor.name) for monitor in monitors}
        if len(places) < len(monitors):
            msg = f"{self._place}: two monitors have the same name and output. Give each its own name."
            raise AtalaiaError(msg)
        return monitors

    def _content(self, name: str) -> bytes:
        if self._in_cloud:
            return self._stores(self._place).get(name)[0]
        return (Path(self._place) / name).read_bytes()
