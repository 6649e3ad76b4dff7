"""What both emulated clouds share: a clock that runs faster, faults on request, and the wall around this machine."""
