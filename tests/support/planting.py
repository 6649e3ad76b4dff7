"""Plants mistakes in a copy of the infrastructure."""

import shutil
from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """What is wrong, what makes it so, as in a file a text becomes another one, and what is said of it."""

    what: str
    file: str
    old: str
    new: str
    said: str = ""

    def __str__(self):
        return self.what


def plant(mistake, folder):
    """Make the mistake in the folder that its file is in."""
    file = folder / mistake.file
    text = file.read_text()
    assert mistake.old in text
    file.write_text(text.replace(mistake.old, mistake.new, 1))


def planted(mistake, infra, module, folder):
    """A copy of the infrastructure in which a module has the mistake."""
    copy = folder / "infra"
    shutil.copytree(infra, copy, ignore=shutil.ignore_patterns("*.tfstate*"))
    plant(mistake, copy / module)
    return copy
