"""Holding the rules of other tools to their own packages, on the same seeded columns."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from environments import Environments
from running import Runner, Step
from simulation.comparison import Comparison, Reference
from simulation.peers import PEERS
from simulation.populations import POPULATIONS, Random, Sample

_SIZES = ((600, 50), (800, 800), (3000, 100), (3000, 1000), (5000, 5000), (2000, 9000))
_SHIFTS = (0.0, 0.1, 0.3)
_SKETCHED = 1024  # above that a sketch tosses coins
_SAME, _COINS = 1e-9, 0.15
_SEED, _SECONDS = 20260719, 900
_PACKAGES = {"evidently": "Evidently", "nannyml": "NannyML", "whylogs": "whylogs"}


@dataclass(frozen=True, slots=True)
class Case:
    """One column with its baseline and its window."""

    name: str
    pair: Comparison


def prove(venvs: Path, install: bool, console: Console) -> int:
    """Compare every rule with its package; return 1 if any differs or a package is not there, else 0."""
    cases = {f"{n}-{m}": list(_cases(n, m)) for n, m in _SIZES}
    runner = Runner(0, _SECONDS, Environments(venvs, install))
    verdicts = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cases.npz"
        np.savez(file, allow_pickle=False, **dict(_arrays(cases)))
        for package, name in _PACKAGES.items():
            given = {"peer": package, "cases": str(file)}
            told = runner.run(Step(package, "peer", "peers/verdicts.py", given, package))
            verdict = told.get("error") or _differences(name, cases, told["scores"])
            console.print(f"{name}: {verdict or 'the same'}", markup=False)
            verdicts.append(verdict)
    return int(any(verdicts))


def _cases(n: int, m: int) -> Iterator[Case]:
    for place, population in enumerate(POPULATIONS.values()):
        for shift in _SHIFTS:
            random: Random = np.random.default_rng([_SEED, n, m, place, int(10 * shift)])
            reference = Reference(population.draw(random, n, 0.0), population.kind, random)
            pair = Comparison(reference, population.draw(random, m, shift))
            yield Case(f"{population.name} {shift}", pair)


def _arrays(cases: Mapping[str, list[Case]]) -> Iterator[tuple[str, np.typing.NDArray[np.generic]]]:
    for group, members in cases.items():
        for case in members:
            for side, sample in (("baseline", case.pair.reference.sample), ("window", case.pair.window)):
                yield f"{group}/{side}/{case.name}", _typed(sample, case.pair.reference.kind)


def _typed(sample: Sample, kind: str) -> np.typing.NDArray[np.generic]:
    """Return rows as the package would get them; names of categories keep their order."""
    if kind == "text":
        return np.array([f"c{int(value):04}" for value in sample.rows])
    return sample.rows.astype(np.int64) if kind == "integer" else sample.rows


def _differences(name: str, cases: Mapping[str, list[Case]], theirs: Mapping[str, Mapping[str, float]]) -> str:
    """Say where a rule differs from its package."""
    rule = next(rule for rule in PEERS if rule.name == name)
    columns = [(group, case) for group, members in cases.items() for case in members]
    told = [(group, case, rule.score(case.pair), theirs[group][case.name]) for group, case in columns]
    found = [
        f"{group} {case.name}: {ours:.6g}, the package {score:.6g}"
        for group, case, ours, score in told
        if not _agree(name, case.pair, ours, score)
    ]
    return f"{len(found)} of {len(told)} columns differ: " + "; ".join(found[:20]) if found else ""


def _agree(name: str, pair: Comparison, ours: float, theirs: float) -> bool:
    """Tell whether two scores are the same, but for rounding.

    Of whylogs' sketches that have tossed coins, p-values are near; of Evidently's exact tests the verdict is the same
    where an earlier p-value already decided.
    """
    if math.isnan(ours) or math.isnan(theirs):
        return math.isnan(ours) and math.isnan(theirs)
    if name == "Evidently" and min(abs(ours - 0.05), abs(ours + 0.95)) < _SAME and (ours > 0) == (theirs > 0):
        return True
    has_coins = name == "whylogs" and pair.reference.kind != "text" and max(pair.sizes) > _SKETCHED
    return abs(ours - theirs) < (_COINS if has_coins else _SAME)
