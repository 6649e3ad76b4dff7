"""What goes wrong for a reason its user can mend."""


class EmulatorError(Exception):
    """One line: where, what was found, and what to do. Shown without a traceback; the exit code is 2."""


class StoppedError(Exception):
    """A signal asked the emulator to stop while it was starting."""
