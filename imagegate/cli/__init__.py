"""The command line: `imagegate`, also `python -m imagegate`."""

from imagegate.cli.commands import main

__all__ = ["main"]
