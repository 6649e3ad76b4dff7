"""The use cases: what functions, the command line and notebooks call."""
