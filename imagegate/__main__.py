"""`python -m imagegate`: the command line."""

from imagegate.cli import main

if __name__ == "__main__":
    main()
