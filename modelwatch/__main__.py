"""``python -m modelwatch`` is the command ``modelwatch``."""

import sys

from modelwatch.cli import main

if __name__ == "__main__":
    sys.exit(main())
