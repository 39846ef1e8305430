"""The command `trivet`: what integration engineers and HR IT do from a terminal."""

import sys

from trivet.cli.app import app
from trivet.cli.output import print_error
from trivet.errors import TrivetError

__all__ = ["main"]


def main() -> None:
    """Runs one command; exit code 0 fine, 1 found or left problems, 2 could not be done as asked."""
    try:
        app()
    except TrivetError as error:
        print_error(error, as_json="--json" in sys.argv)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
