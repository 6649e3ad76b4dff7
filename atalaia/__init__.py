"""Atalaia watches machine-learning models from their inference logs.

Each public name is imported when it is first asked for: a function pays at its cold start only for what it uses.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atalaia.baseline import Baseline, build_baseline
    from atalaia.errors import AtalaiaError
    from atalaia.monitor_file import Monitor, load_monitor
    from atalaia.profile import Profile
    from atalaia.report import Finding, Report
    from atalaia.schema import Column
    from atalaia.window import Window

__all__ = [
    "AtalaiaError",
    "Baseline",
    "Column",
    "Finding",
    "Monitor",
    "Profile",
    "Report",
    "Window",
    "build_baseline",
    "load_monitor",
]
_HOMES = {
    "AtalaiaError": "errors",
    "Baseline": "baseline",
    "Column": "schema",
    "Finding": "report",
    "Monitor": "monitor_file",
    "Profile": "profile",
    "Report": "report",
    "Window": "window",
    "build_baseline": "baseline",
    "load_monitor": "monitor_file",
}

if not TYPE_CHECKING:  # or type checkers would take any name for one of ours

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        globals()[name] = found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
