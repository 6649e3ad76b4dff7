"""Reads Logs Insights queries as far as can be told without running them: commands, functions, names."""

import re

TEXT = re.compile(r'"[^"]*"')
WORD = re.compile(r"@?[A-Za-z_][\w.]*(\s*\()?")
WORDS = {"and", "as", "asc", "by", "desc", "in", "not", "or"}
EVENTS = re.compile(r'event (?:= ("[^"]+")|in \[([^\]]+)\])')


def commands(text):
    """Each command's name, in order."""
    bare = TEXT.sub('""', "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    return [part.split()[0] for part in bare.split("|")]


def events(text):
    """The events that a query asks for."""
    return {name for found in EVENTS.findall(text) for name in re.findall(r'"([^"]+)"', " ".join(found))}


def functions(text):
    return {each[0].rstrip("( ") for each in re.finditer(WORD, _bare(text)) if each[1]} - WORDS


def names(text):
    """The names of fields that a query reads, but those that it makes itself."""
    bare = _bare(text)
    made = set(re.findall(r"\bas (\w+)", bare))
    found = {each[0] for each in re.finditer(WORD, bare) if not each[1]}
    return found - WORDS - made - set(commands(text))


def _bare(text):
    return TEXT.sub("", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
