"""``python -m init_lab`` is the command ``init-lab``."""

import sys

from .command import main

if __name__ == "__main__":
    sys.exit(main())
