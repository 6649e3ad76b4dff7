from hypothesis import settings

# On a busy machine an example may take long for reasons of its own; speed is measured elsewhere.
settings.register_profile("patient", settings.default, deadline=None)
settings.load_profile("patient")
