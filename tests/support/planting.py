"""Plants mistakes in a copy of the infrastructure."""

import shutil
from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """What is wrong, and what makes it so: in a file of the module, a text becomes another one."""

    what: str
    file: str
    old: str
    new: str


def planted(mistake, infra, module, folder):
    """A copy of the infrastructure in which a module has the mistake."""
    copy = folder / "infra"
    shutil.copytree(infra, copy, ignore=shutil.ignore_patterns("*.tfstate*"))
    file = copy / module / mistake.file
    text = file.read_text()
    assert mistake.old in text
    file.write_text(text.replace(mistake.old, mistake.new, 1))
    return copy
