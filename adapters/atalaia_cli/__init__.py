"""The command line: data on stdout, talk and progress on stderr.

Exit codes: 0 fine, 1 at least one alert (or a report that does not verify), 2 could not run.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code; a user's mistake is one line, never a traceback."""
    try:
        sys.exit(_run())
    except KeyboardInterrupt:
        sys.stderr.write("atalaia: stopped\n")
        sys.exit(130)


def _run() -> int:
    # Imported here, so that stopping the program while it loads is no traceback either.
    from atalaia_local.without_pandas import keep_pandas_out  # noqa: PLC0415 - before all that loads Arrow

    keep_pandas_out()
    import click  # noqa: PLC0415

    from atalaia.errors import AtalaiaError  # noqa: PLC0415
    from atalaia_cli.commands import cli  # noqa: PLC0415

    try:
        return int(cli.main(standalone_mode=False) or 0)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except click.Abort as error:
        raise KeyboardInterrupt from error
    except (AtalaiaError, OSError) as error:  # what is left of the latter is about stdout, such as a full disk
        sys.stderr.write(f"atalaia: {error}\n")
        return 2
