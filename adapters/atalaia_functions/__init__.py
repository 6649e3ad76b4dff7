"""What the functions of every cloud have in common: their monitors, their deadline, and the line that tells of a call.

Import from the modules: they load what they need and no more, for the sake of cold starts.
"""
