"""The program: a command line, one folder of state, and the processes that it starts and ends. Standard library only."""
