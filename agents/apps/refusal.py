"""Bad input in one line that names the key, the rule and the value."""

from __future__ import annotations

import sys
from typing import NoReturn

from agents.runtime.storage import printable

LONGEST = 5000  # characters of a line


class Refusal(Exception):  # noqa: N818  # it is the user's input that is wrong, not the program
    """A bad value; the message is the line."""


def fail(message: str, status: int = 2) -> NoReturn:
    """Print one line and end: with status 2 for a bad value, 1 for a fault of the machine."""
    print(f"error: {printable(message, LONGEST)}", file=sys.stderr)
    raise SystemExit(status)


RULES = {  # by what OmegaConf says of a value that a key cannot have
    "is not Optional": "be given",
    "to string": "be text, in quotes where it has commas",
    "is not a ListConfig, list or tuple": "be a list, in [ ]",
}


def one_line(error: BaseException) -> str:
    """Return Hydra's and OmegaConf's several lines as one."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if error.__cause__ is not None:
        lines += [line.strip() for line in str(error.__cause__).splitlines() if line.strip()]
    key = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("full_key:")), "")
    available = [i for i, line in enumerate(lines) if line.startswith("Available options in")]
    if available:
        group = lines[available[0]].split("'")[1]
        got = lines[0].split("Could not find '")[-1].split("'")[0].split("/")[-1]
        names = [n for n in lines[available[0] + 1 :] if " " not in n and not n.endswith("_schema")]
        return f"{group} must be one of {', '.join(dict.fromkeys(names))}, got {got!r}"
    if any("missing mandatory value" in line.lower() for line in lines):
        return f"{key} must be given, got nothing"
    wrong = next((line for line in lines if line.startswith("Value ")), "")
    if wrong:
        return f"{key} must have the right type: {wrong}"
    missing = next((line for line in lines if "is not in struct" in line or "not in '" in line), "")
    if missing:
        return f"{key or missing.split(chr(39))[1]} must be a key of the settings, got an unknown one ({missing})"
    if lines and lines[0].startswith("Error merging override "):
        key, _, got = lines[0].removeprefix("Error merging override ").partition("=")
        rule = next((rule for said, rule in RULES.items() if any(said in line for line in lines[1:])), "have the right type")
        return f"{key} must {rule}, got {got}"
    return "; ".join(line for line in lines if not line.startswith(("full_key:", "object_type=", "reference_type=", "To append")))
