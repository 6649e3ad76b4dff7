"""The command line: data on stdout, talk and progress on stderr.

Exit codes: 0 fine, 1 at least one alert (or a report that does not verify), 2 could not run.
"""

from __future__ import annotations

import sys

from atalaia_cli.commands import cli

__all__ = ["cli", "main"]


def main() -> None:
    """Run the command line and leave with its exit code; a user's mistake is one line, never a traceback."""
    import click  # noqa: PLC0415  # only to name its exception here

    from atalaia.errors import AtalaiaError  # noqa: PLC0415

    try:
        sys.exit(cli.main(standalone_mode=False))
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("atalaia: stopped\n")
        sys.exit(130)
    except (AtalaiaError, OSError) as error:  # what is left of the latter is about stdout, such as a full disk
        sys.stderr.write(f"atalaia: {error}\n")
        sys.exit(2)
