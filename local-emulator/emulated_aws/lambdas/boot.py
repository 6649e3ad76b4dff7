"""Started in each sandbox, by its own Python: refuse the outside, then become AWS's runtime client.

Reads nothing but its arguments: the emulator's mark, and the handler's name.
"""

import os
import sys
from pathlib import Path


def main() -> None:
    """Become `python -m awslambdaric HANDLER`, with the function's folder first on the path, as on Lambda."""
    handler = sys.argv[-1]
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from emulation.wall import refuse_beyond_loopback  # noqa: PLC0415 (found only now)

    refuse_beyond_loopback()
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]  # noqa: TID251 (what Lambda passes in)
    from awslambdaric.__main__ import main as become_runtime_client  # noqa: PLC0415 (the sandbox's Python has it)

    sys.argv = ["awslambdaric", handler]
    become_runtime_client(sys.argv)


if __name__ == "__main__":
    main()
