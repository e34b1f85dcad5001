"""Where the real extracts are that some tests run on; they are not part of the project."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).resolve().parents[2] / "shared/data"
COLLEGE_MSG: Final = Path(os.environ.get("DAYFOLD_REAL_DATA", _FOLDER)) / "college_msg"
