"""Azure ML's control plane: names taken, jobs that pass through phases, events that may come twice.

Nothing is trained. What is real is what a caller sees, held to the requests that Microsoft's own client makes.
"""

from emulated_azure.machine_learning.service import MachineLearning

__all__ = ["MachineLearning"]
