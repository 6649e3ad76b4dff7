"""Where everything lies in the output store.

Keys are derived from where their content comes from, so writing it again changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from atalaia.window import Window


def log_id(uri: str) -> str:
    """Return the name that stands for a log object in keys, and for the packet of this object by itself."""
    return hashlib.sha256(uri.encode()).hexdigest()


def packet_id(uris: Iterable[str]) -> str:
    """Return the name that stands for log objects profiled together."""
    return "p" + hashlib.sha256("".join(sorted(map(log_id, uris))).encode()).hexdigest()


def is_of_several(packet: str) -> bool:
    """Tell whether a packet's id is one of several objects."""
    return packet.startswith("p")


def baseline_key(monitor: str, name: str) -> str:
    """Return where the baseline of that name (`Baseline.name`) is stored."""
    return f"{baselines_prefix(monitor)}{name}.profile"


def baselines_prefix(monitor: str) -> str:
    """Return what the keys of all baselines begin with."""
    return f"{monitor}/baseline/"


def current_baseline_key(monitor: str) -> str:
    """Return where it is written which baseline holds now."""
    return f"{monitor}/state/baseline.json"


def profiles_prefix(monitor: str) -> str:
    """Return what the keys of all profiles begin with."""
    return f"{monitor}/profiles/"


def window_prefix(monitor: str, window: Window) -> str:
    """Return what the keys of a window's profiles begin with."""
    return f"{profiles_prefix(monitor)}{window.key}/"


def profile_key(monitor: str, start: int, packet: str) -> str:
    """Return where the profile of a packet's rows in the window that begins at *start* (µs since 1970) lies."""
    return f"{window_prefix(monitor, Window(start, start))}{packet}.profile"


def rejects_key(monitor: str, start: int, uri: str) -> str:
    """Return where a log object's rejects in the window that begins at *start* are listed."""
    return f"{monitor}/rejects/{Window(start, start).key}/{log_id(uri)}.jsonl"


def state_key(monitor: str, packet: str) -> str:
    """Return where it is written what became of a packet; for that of one log object alone, of this object."""
    return f"{monitor}/state/{'packets' if is_of_several(packet) else 'logs'}/{packet}.json"


def collected_key(monitor: str) -> str:
    """Return where it is written since when objects that grow are looked at."""
    return f"{monitor}/state/collected.json"


def folder_key(monitor: str, folder: str) -> str:
    """Return where it is written how far the growing objects of a folder were read."""
    return f"{monitor}/state/collected/{log_id(folder)}.json"


def definition_key(monitor: str, fingerprint: str) -> str:
    """Return where the monitor file behind a report is kept."""
    return f"{monitor}/state/monitors/{fingerprint}.json"


def all_reports_prefix(monitor: str) -> str:
    """Return what the keys of all reports begin with."""
    return f"{monitor}/reports/"


def reports_prefix(monitor: str, window: Window) -> str:
    """Return what the keys of a window's reports begin with."""
    return f"{all_reports_prefix(monitor)}{window.key}/"


def report_key(monitor: str, window: Window, revision: int, ending: str = "json") -> str:
    """Return where a report is stored."""
    return f"{reports_prefix(monitor, window)}r{revision}.{ending}"


def violations_key(monitor: str, window: Window) -> str:
    """Return where a window's latest `constraint_violations.json` is stored, if its baseline has constraints."""
    return f"{reports_prefix(monitor, window)}constraint_violations.json"


def decisions_key(monitor: str, window: Window) -> str:
    """Return where it is written what the policies decided because of a window."""
    return f"{reports_prefix(monitor, window)}decisions.json"


def is_of_decisions(key: str) -> bool:
    """Tell whether decisions are stored under *key*."""
    return key.endswith("/decisions.json")


def revision_of(key: str) -> int:
    """Return the number of the report stored under *key*, which counts from 1 for each window; 0 if none can be."""
    number = key.rpartition("/")[2].removeprefix("r").removesuffix(".json")
    return int(number) if number.isdecimal() else 0


def merged_prefix(monitor: str) -> str:
    """Return what the keys of all merged profiles begin with."""
    return f"{monitor}/state/merged/"


def merged_key(monitor: str, window: Window, baseline: str) -> str:
    """Return where a window's profiles are kept as one, as far as they were counted on a baseline."""
    return f"{merged_prefix(monitor)}{window.key}/{baseline}.profile"


def changed_prefix(monitor: str) -> str:
    """Return what the keys of all marks begin with: of windows that are to be evaluated."""
    return f"{monitor}/state/changed/"


def actions_prefix(monitor: str) -> str:
    """Return what the keys of all actions begin with."""
    return f"{monitor}/actions/"


def action_key(monitor: str, policy: str, window: str) -> str:
    """Return where it is written what a policy started because of a window: of its start, as in storage keys."""
    return f"{actions_prefix(monitor)}{policy}/{window}.json"


def approvals_prefix(monitor: str) -> str:
    """Return what the keys of all approvals begin with."""
    return f"{monitor}/approvals/"


def approval_key(monitor: str, policy: str, window: str) -> str:
    """Return where it is written whether an action is approved; *window* is its start, as in storage keys."""
    return f"{approvals_prefix(monitor)}{policy}/{window}.json"


def policy_key(monitor: str, policy: str) -> str:
    """Return where it is written because of which windows a policy has started something."""
    return f"{monitor}/state/policies/{policy}.json"


def renewals_prefix(monitor: str) -> str:
    """Return what the keys of all renewals of the baseline begin with."""
    return f"{monitor}/renewals/"


def renewal_key(monitor: str, since: int, name: str) -> str:
    """Return where a renewal of the baseline for what began *since* (µs since 1970) is kept; keys rise with time."""
    return f"{renewals_prefix(monitor)}{since:020}-{name[:16]}.json"


def overview_key(monitor: str) -> str:
    """Return where the page over all windows is stored."""
    return f"{monitor}/report.html"


def unsent_prefix(monitor: str, kind: str = "") -> str:
    """Return what the keys of all telemetry that is still to be sent begin with, or of a *kind* of it."""
    return f"{monitor}/state/unsent/{kind}/" if kind else f"{monitor}/state/unsent/"
