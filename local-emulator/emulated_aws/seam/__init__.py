"""The one place that knows MiniStack. What it gives to the rest is typed; what it takes from MiniStack is not.

MiniStack is pinned (requirements/ministack.txt). Each name used here is read when the emulator starts or when it is
installed over, so a version that lacks one is found by the first test. What is replaced stands in each module's
`install`.
"""
