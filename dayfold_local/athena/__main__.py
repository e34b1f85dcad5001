"""`python -m dayfold_local.athena`: the local Athena as a service of its own."""

from __future__ import annotations

import sys

from dayfold_local.athena.alone.main import main

if __name__ == "__main__":
    sys.exit(main())
