"""How often monitors alarm without drift and miss drift: the parts of `false_alarms.py`."""
