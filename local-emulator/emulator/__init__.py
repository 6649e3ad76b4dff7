"""The program: a command line, one folder of state, the processes it starts and ends. Standard library only."""
