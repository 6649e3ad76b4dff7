"""Azure beside and before Azurite: storage events, Event Grid, the Functions host, and what else it lacks."""
