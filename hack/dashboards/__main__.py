"""Write deploy/dashboards, or another folder: `python -m hack.dashboards [FOLDER]`."""

import sys
from pathlib import Path

from hack.dashboards import written

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "deploy" / "dashboards"
    for name, text in written().items():
        (folder / name).write_text(text)
