r"""Patterns: the regular expressions that a monitor file looks for in texts, or asks every value to match.

They run on an engine that takes time in proportion to the text, whatever the pattern; a pattern such as `(a+)+` cannot
hold up the ingest. The price is that lookaround and backreferences do not exist, and `\d`, `\w` and `\s` are ASCII.

Source: the syntax of RE2, as Apache Arrow carries it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from atalaia.errors import AtalaiaError

if TYPE_CHECKING:
    import pyarrow as pa

_BEYOND_LINEAR = re.compile(r": (?:\(\?(?:[=!<>]|P$)|\\[1-9k])")


@lru_cache(maxsize=1024)
def check_pattern(pattern: str) -> str | None:
    """Return why *pattern* cannot run, or None if it can.

    Example:
        >>> check_pattern("[A-Z]{2}"), check_pattern("[")
        (None, 'missing ]: [')
    """
    return _fault(pattern) or _fault(_whole(pattern))  # by itself too: `a)|(b` would be sound inside the anchors only


def match_texts(pattern: str, texts: pa.Array, *, whole: bool = False) -> pa.Array:
    """Tell for each of *texts*, an Arrow array, whether it contains *pattern*, or is matched by it as a *whole*.

    A null stays null.

    Raises:
        AtalaiaError: The pattern cannot run.
    """
    from atalaia import compute as pc  # noqa: PLC0415  # dear to import, and `atalaia validate` has no use for it mostly

    fault = check_pattern(pattern)
    if fault is not None:
        msg = f"the pattern {pattern!r} cannot run ({fault}). Correct it in the monitor file."
        raise AtalaiaError(msg)
    return pc.match_substring_regex(texts, _whole(pattern) if whole else pattern)


def _whole(pattern: str) -> str:
    return rf"\A(?:{pattern})\z"


def _fault(pattern: str) -> str | None:
    import pyarrow as pa  # noqa: PLC0415  # as above

    from atalaia import compute as pc  # noqa: PLC0415  # as above

    try:
        pc.match_substring_regex(pa.array([""]), pattern)  # not compiled for no text at all
    except UnicodeEncodeError:
        return "it is not Unicode text"
    except pa.ArrowInvalid as error:
        reason = str(error).removeprefix("Invalid regular expression: ")
        knows_no = "; patterns know no lookaround and no backreferences"
        return reason + (knows_no if _BEYOND_LINEAR.search(reason) else "")
    return None
