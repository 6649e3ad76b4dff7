"""`atalaia package`: build the bundle of a cloud's functions."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from atalaia_bundle import ARCHITECTURES, CLOUDS, Bundle, Target, build
from atalaia_cli.jobs import working
from atalaia_cli.shapes import print_json

_LARGEST = 8


@click.command(short_help="Build the bundle of functions that a cloud takes.")
@click.argument("cloud", metavar="CLOUD", type=click.Choice(list(CLOUDS)))
@click.option("--python", default="3.13", show_default=True, help="The version of Python that runs it.")
@click.option("--arch", type=click.Choice(ARCHITECTURES), help="Its processor: on AWS arm64 unless you say so.")
@click.option("-o", "--output", "target", metavar="FILE", help="The file to write; by default named for the runtime.")
@click.option("--monitors", metavar="DIR", help="Put the monitor files of this folder into it.")
@click.option("--compiler", metavar="PROGRAM", help="The Python that compiles it, of its version; else one on PATH.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def package(
    cloud: str,
    python: str,
    arch: str | None,
    target: str | None,
    monitors: str | None,
    compiler: str | None,
    as_json: bool,
) -> None:
    """Build the bundle of functions for CLOUD (aws or azure) from locked packages: two builds give the same bytes.

    \b
    Example: atalaia package aws --arch arm64 -o build/atalaia-aws.zip
    """
    runtime = Target(python, arch or CLOUDS[cloud].architectures[0], CLOUDS[cloud])
    file = Path(target or f"atalaia-{cloud}-python{python}-{runtime.architecture}.zip")
    with working(f"building {file}"):
        built = build(file, runtime, None if monitors is None else Path(monitors), compiler)
    for line in _warnings(built):
        click.echo(line, err=True)
    if as_json:
        print_json(_shape(built))
    else:
        _show(Console(), built)


def _warnings(built: Bundle) -> list[str]:
    python, warnings = built.target.python, []
    if built.compiler is None:
        warnings.append(
            f"No Python {python} was found here to compile it, so each cold start will compile all modules it loads,"
            f" and take about three times as long. Install one, or name it: --compiler PROGRAM."
        )
    if not built.target.is_there:
        service = built.target.cloud.service
        warnings.append(f"{service} has no Python {python} with a C library that fits: this one is for the emulator.")
    return warnings


def _shape(built: Bundle) -> dict[str, object]:
    return {
        "file": str(built.file),
        "python": built.target.python,
        "architecture": built.target.architecture,
        "compiled": built.compiler is not None,
        "sha256": built.sha256,
        "zipped": built.zipped,
        "unzipped": built.unzipped,
        "limit": built.target.cloud.limit,
        "packages": dict(built.sizes),
    }


def _show(console: Console, built: Bundle) -> None:
    table = Table("largest in it", box=None, pad_edge=False, header_style="dim")
    table.add_column("MB unzipped", justify="right")
    for name, size in list(built.sizes.items())[:_LARGEST]:
        table.add_row(name, f"{size / 1e6:.1f}")
    console.print(table)
    limit, service = built.target.cloud.limit, built.target.cloud.service
    share = "" if limit is None else f", {built.unzipped / limit:.0%} of the {limit / 1e6:.1f} MB that {service} takes"
    console.print(f"{built.unzipped / 1e6:.1f} MB unzipped{share}; {built.zipped / 1e6:.1f} MB zipped", highlight=False)
    console.print(f"Wrote {built.file}, SHA-256 {built.sha256}", highlight=False, soft_wrap=True)
