"""Atalaia watches machine-learning models from their inference logs."""

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
