"""SageMaker's pipelines, training jobs, traffic and model registry: idempotency, phases over the fast clock, events.

Nothing is trained. What is real is what a caller sees: names taken, tokens honoured, states passed through, events
that may come twice.
"""
