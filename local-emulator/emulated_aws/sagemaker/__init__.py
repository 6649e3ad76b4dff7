"""SageMaker's pipelines, training jobs and traffic: idempotency, phases over the fast clock, state-change events.

Nothing is trained. What is real is what a caller sees: names taken, tokens honoured, states passed through, events
that may come twice.
"""
