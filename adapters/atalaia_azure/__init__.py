"""What is Azure's own: Application Insights, Event Grid, storage queues, Azure ML jobs, Functions.

Import from the modules: they load what they need and no more, for the sake of cold starts.
"""
