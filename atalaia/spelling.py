"""Which known word was probably meant, and names made of any text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable


def slug(text: str) -> str:
    """Make a valid monitor name of any text, such as a folder's name.

    Example:
        >>> slug("Fraud Model (März)")
        'fraud-model-marz'
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")[:63].rstrip("-") or "monitor"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like *word*, or None where none is alike."""
    import difflib  # noqa: PLC0415  # only where there is something to tell

    lowered = {name.lower(): name for name in sorted(known, reverse=True)}
    found = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    return lowered[found[0]] if found else None


def suggest(word: str, known: Collection[str], what: str, most: int = 20) -> str:
    """Say which known word was probably meant, or list all of them (the first *most*)."""
    guess = nearest(word, known)
    if guess is not None:
        return f"Did you mean {guess!r}?"
    names = sorted(known)
    if not names:
        return f"There are no {what} yet: add them first."
    more = ", …" if len(names) > most else ""
    return f"Choose one of the {what}: {', '.join(names[:most])}{more}."
