"""A Functions host: it indexes an application, listens to its triggers, runs it in Microsoft's own worker library."""
