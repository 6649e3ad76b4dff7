"""What can go wrong, as one tree.

AtalaiaError                 anything a user can mend; its text says where, what was found, what to do
├── MonitorFileError         the monitor file has faults (all of them, in `faults`)
├── BaselineError            a baseline is absent, empty, or not the one a profile was made on
│   └── StatisticsFileError  a statistics.json has faults, or does not fit the monitor's columns
├── StoredFormError          a stored object is not ours, damaged, or of an unknown version
├── StoreError               the object store refused
│   ├── ObjectNotFoundError  nothing is stored under the key
│   └── PreconditionError    the object is not in the state that the caller named (ETag differs, or exists)
├── NotSentError             telemetry could not be sent now, but may be later
├── JobError                 a job could not be started
├── ApprovalError            an action can't be approved or declined, or not any more
└── LogError                 a log object cannot be read at all
    └── ReferenceRefusedError  a log names an object that must not or cannot be followed
"""

from __future__ import annotations


class AtalaiaError(Exception):
    """Anything that a user can mend: the text says where, what was found and what to do."""


class MonitorFileError(AtalaiaError):
    """The monitor file has faults."""

    def __init__(self, name: str, faults: list[str]) -> None:
        """Keep every fault of the file *name*, one line each."""
        self.name = name
        self.faults = faults
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        more = f" Run `atalaia validate` on it to see all {len(faults)}." if len(faults) > 1 else ""
        super().__init__(f"{name} has {count}. {faults[0]}{more}")


class BaselineError(AtalaiaError):
    """A baseline is absent, empty, or not the one a profile was made on."""


class StatisticsFileError(BaselineError):
    """A `statistics.json` has faults, or does not fit the monitor's columns."""


class StoredFormError(AtalaiaError):
    """A stored object is not ours, damaged, or of an unknown version."""


class StoreError(AtalaiaError):
    """The object store refused."""


class ObjectNotFoundError(StoreError):
    """Nothing is stored under the key."""


class PreconditionError(StoreError):
    """The object is not in the state that the caller named."""


class NotSentError(AtalaiaError):
    """Telemetry could not be sent now, but may be later."""

    def __init__(self, message: str, heard: frozenset[str] = frozenset()) -> None:
        """Keep who has *heard* all of it nevertheless, by the names that `Telemetry.tell` gives them."""
        self.heard = heard
        super().__init__(message)


class JobError(AtalaiaError):
    """A job could not be started."""


class ApprovalError(AtalaiaError):
    """An action can't be approved or declined, or not any more."""


class LogError(AtalaiaError):
    """A log object cannot be read at all."""


class DamagedColumnError(LogError):
    """A column that is read on demand cannot be decoded; read the object again in batches of rows."""


class ReferenceRefusedError(LogError):
    """A log names an object that must not, or cannot, be followed."""

    def __init__(self, reason: str, message: str) -> None:
        """Keep the *reason*, a key of `atalaia.rows.REASONS` beginning with `reference_`."""
        self.reason = reason
        super().__init__(message)
