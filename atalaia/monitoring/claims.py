"""Claims: because of which windows a policy acts, written under the condition that nobody else wrote there."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from atalaia.errors import ObjectNotFoundError, PreconditionError
from atalaia.monitoring.layout import policy_key
from atalaia.ports import ObjectStore

_TRIES = 10


class Acted(msgspec.Struct, frozen=True):
    """The starts of the windows because of which a policy acted, µs since 1970; which of these is not done yet."""

    windows: tuple[int, ...] = ()
    waiting: tuple[int, ...] = ()


class Claims(msgspec.Struct, frozen=True):
    """The list of one policy of a monitor."""

    output: ObjectStore
    monitor: str
    policy: str

    def held(self) -> Acted:
        """Return what was claimed so far."""
        return self._held()[0]

    def claim(self, start: int, is_free: Callable[[Acted], bool]) -> bool:
        """Write that the policy acts because of the window that begins at *start*; tell whether that is news.

        Args:
            start: µs since 1970.
            is_free: Asked of what was claimed so far, again whenever another evaluator was faster.
        """
        return self._change(
            lambda acted: (
                replace(acted, windows=(*acted.windows, start), waiting=(*acted.waiting, start))
                if start not in acted.windows and is_free(acted)
                else acted
            )
        )

    def settle(self, start: int) -> None:
        """Write that what was claimed is done."""
        self._change(lambda acted: replace(acted, waiting=tuple(each for each in acted.waiting if each != start)))

    def _change(self, changed: Callable[[Acted], Acted]) -> bool:
        key = policy_key(self.monitor, self.policy)
        for _ in range(_TRIES):
            acted, tag = self._held()
            wanted = changed(acted)
            if wanted == acted:
                return False
            try:
                self.output.put(key, msgspec.json.encode(wanted) + b"\n", if_match=tag, if_absent=tag is None)
            except PreconditionError:
                continue
            return True
        msg = f"{self.monitor}, policy {self.policy}: {_TRIES} times another evaluator was faster. Try again."
        raise PreconditionError(msg)

    def _held(self) -> tuple[Acted, str | None]:
        try:
            data, info = self.output.get(policy_key(self.monitor, self.policy))
        except ObjectNotFoundError:
            return Acted(), None
        return msgspec.json.decode(data, type=Acted), info.etag
