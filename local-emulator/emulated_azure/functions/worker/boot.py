"""Started in each instance, by its own Python: refuse the outside, take on the application, serve the host.

`python -sPB boot.py MARK DESCRIPTOR FOLDER [PACKAGES...]`
"""

import asyncio
import os
import sys
from pathlib import Path


def main() -> None:
    """As on Azure, the application's packages come first on the path, its folder last."""
    descriptor, folder, *packages = sys.argv[2:]
    ours = str(Path(__file__).parents[3])
    sys.path.insert(0, ours)
    from emulation.wall import refuse_beyond_loopback  # noqa: PLC0415 (found only now)

    refuse_beyond_loopback()
    from emulated_azure.functions.worker.serving import Worker  # noqa: PLC0415 (likewise)

    sys.path.remove(ours)
    sys.path[0:0] = [str(Path(folder) / ".python_packages" / "lib" / "site-packages"), *packages]
    sys.path.append(folder)
    os.chdir(folder)
    asyncio.run(Worker(int(descriptor), folder).serve())


if __name__ == "__main__":
    main()
