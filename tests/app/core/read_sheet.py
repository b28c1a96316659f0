"""Has a sheet read as a server does, and says what came of it."""

import json
import sys
from pathlib import Path

from app.core import confine
from app.files.sheet import read_sheet

found = read_sheet(Path(sys.argv[1]), 10)
print(  # noqa: T201
    json.dumps({
        "headings": found.headings, "unconfined": found.unconfined, "lacks": confine.lacks(),
    })
)  # fmt: skip
