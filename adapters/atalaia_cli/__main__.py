"""`python -m atalaia_cli` is the same as `atalaia`."""

from atalaia_cli import main

if __name__ == "__main__":
    main()
