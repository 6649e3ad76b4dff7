"""What runs in each instance's own process. Standard library and Microsoft's packages only."""
