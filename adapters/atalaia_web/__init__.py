"""Requests over HTTP with nothing but Python's library, and the services that policies call with them.

Import from the modules: they load what they need and no more, for the sake of cold starts.
"""
