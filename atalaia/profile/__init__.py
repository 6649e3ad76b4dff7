"""Profiles: small mergeable summaries of rows."""

from atalaia.profile.categorical import CategoricalGrid, CategoricalSummary
from atalaia.profile.numeric import NumericGrid, NumericSummary, grid_of
from atalaia.profile.profile import Grid, Grids, Profile, Summary, empty_summary
from atalaia.profile.profiler import ProfileCounter, Profiler
from atalaia.profile.restored import merged_from_plain, profile_from_plain
from atalaia.profile.stored import pack, profile_to_plain, unpack
from atalaia.profile.text import TextGrid, TextSummary

__all__ = [
    "CategoricalGrid",
    "CategoricalSummary",
    "Grid",
    "Grids",
    "NumericGrid",
    "NumericSummary",
    "Profile",
    "ProfileCounter",
    "Profiler",
    "Summary",
    "TextGrid",
    "TextSummary",
    "empty_summary",
    "grid_of",
    "merged_from_plain",
    "pack",
    "profile_from_plain",
    "profile_to_plain",
    "unpack",
]
