"""Store the values of goldens: ``python tests/goldens/make.py [NAME ...]``, from the root of the source tree whose results they are.

Each file has the commands, the machine and the version beside the values. A change of rules changes values: say in the commit which and
why. NAME is a golden or the beginning of the names of several; none means all.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.goldens.cases import GOLDENS
from tests.goldens.results import run_in, stored, values_in

STORED = Path(__file__).parent / "stored"


def text_of(content: dict[str, Any]) -> str:
    """Return JSON with a line for each column."""
    heads = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items() if key != "values"]
    rows = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in content["values"].items())
    return "{\n" + ",\n".join(heads) + ',\n "values": {\n' + rows + "\n }\n}\n"


def main() -> None:
    """Run goldens and write their files."""
    for golden in GOLDENS:
        if sys.argv[1:] and not any(golden.name.startswith(name) for name in sys.argv[1:]):
            continue
        print(golden.name, flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / golden.name
            run_in(ROOT, golden, folder)
            result = json.loads((folder / "1" / "result.json").read_text())
            made = {"commands": golden.commands, "version": result["version"], "machine": result["machine"]}
            (STORED / f"{golden.name}.json").write_text(text_of(made | {"values": stored(values_in(folder))}))


if __name__ == "__main__":
    main()
