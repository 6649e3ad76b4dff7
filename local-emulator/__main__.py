"""`python local-emulator`: the clouds a monitor runs in, on this machine's loopback."""

import sys

from emulator.command import main

sys.exit(main(sys.argv[1:]))
