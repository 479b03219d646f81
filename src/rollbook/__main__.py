"""`python -m rollbook` is the `rollbook` command."""

from rollbook.cli.main import main

if __name__ == "__main__":
    main()
