"""Azure on loopback: what Azurite lacks, in one process."""
