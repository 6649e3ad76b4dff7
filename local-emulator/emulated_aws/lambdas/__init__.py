"""Lambda: the real runtime client in processes of ours, under a Runtime API of ours."""
