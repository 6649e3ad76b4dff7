"""The page on log formats tells what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from atalaia.logs import ReadLimits
from atalaia.monitor_file import LogFormat
from atalaia.rows import REASONS

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")


def section(title):
    return PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_page_lists_every_reason_as_a_report_prints_it():
    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section("Reject reasons"), re.MULTILINE)) == REASONS


def test_the_page_lists_every_limit():
    assert re.findall(r"^\| `(\w+)`", section("Limits"), re.MULTILINE) == list(ReadLimits.__struct_fields__)


def test_the_page_lists_every_format():
    named = set(re.findall(r"^\| `(\w+)`", section("What is read"), re.MULTILINE))

    assert named == {chosen.value for chosen in LogFormat if chosen is not LogFormat.AUTO}
