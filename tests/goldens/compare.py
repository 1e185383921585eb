"""Compare two source trees bit for bit: run every golden in both on this machine and list what differs.

    python tests/goldens/compare.py OLD_TREE NEW_TREE [NAME ...] [--keep FOLDER]

NAME: goldens by name, or by the beginning of their names (``ablate`` are all ablations); none means all. Each command runs in a process
of its own as a user starts it, with the kernels that each tree compiles and caches for itself (the first run of a tree compiles). What is
compared, and what is left out, is in ``results.py``; fields that were renamed are mapped there. Ends with status 1 if any value differs
or is missing in the new tree; values that only the new tree has are listed and allowed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.goldens.cases import GOLDENS
from tests.goldens.results import Values, arrays_in, run_in, values_in

SHOWN = 12  # differences of one golden


def differences(old: Values, new: Values) -> list[str]:
    """Return a line for every value of ``old`` that ``new`` lacks or has otherwise."""
    lacking = object()
    found = []
    for path, value in old.items():
        got = new.get(path, lacking)
        if got is lacking:
            found.append(f"{path}: {value!r}, missing in the new tree")
        elif got != value and not (got != got and value != value):
            found.append(f"{path}: {value!r} -> {got!r}")
    return found


def main() -> int:
    """Run the comparison; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="an empty folder that keeps what the commands wrote")
    given = parser.parse_args()
    goldens = [g for g in GOLDENS if not given.names or any(g.name.startswith(name) for name in given.names)]
    if not goldens:
        parser.error(f"NAME must be the beginning of one of {', '.join(g.name for g in GOLDENS)}, got {' '.join(given.names)}")
    differing = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        for number, golden in enumerate(goldens, 1):
            print(f"[{number}/{len(goldens)}] {golden.name}", end=" ", flush=True)
            found, seconds = [], []
            for which, tree in (("old", given.old), ("new", given.new)):
                start = time.perf_counter()
                try:
                    run_in(tree, golden, folder / which / golden.name)
                except RuntimeError as error:
                    found.append(f"{which}: {error}")
                seconds.append(f"{time.perf_counter() - start:.1f}")
            if not found:
                old, new = (values_in(folder / w / golden.name) | arrays_in(folder / w / golden.name) for w in ("old", "new"))
                found = differences(old, new)
                print(f"{len(old):,} values", end=", ")
                added = [path for path in new if path not in old]
            else:
                added = []
            differing += bool(found)
            print(f"{' and '.join(seconds)} s: {f'{len(found):,} DIFFER' if found else 'the same'}", flush=True)
            for line in found[:SHOWN]:
                print(f"    {line}")
            if len(found) > SHOWN:
                print(f"    and {len(found) - SHOWN:,} more")
            if added:
                print(f"    only in the new tree: {len(added):,}, such as {', '.join(added[:3])}")
    print(f"{len(goldens) - differing} of {len(goldens)} goldens have the same bits in {given.old} and {given.new}")
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
