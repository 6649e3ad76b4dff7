"""Where Atalaia runs on one machine: objects in a folder or in memory."""
