"""The secret of a match in which a bot plays, kept beside its hands."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from agents.match.match import new_salt
from agents.runtime.storage import load_or_set_aside, require
from games.files import read_text


def kept_salt(directory: Path) -> str:
    """Return the salt that the run in a directory began with, which none but the owner can read, or a new one."""
    directory.mkdir(exist_ok=True)
    path = directory / "salt"
    saved = load_or_set_aside(path, _read)
    if saved is not None:
        return saved
    with open(path, "x", opener=partial(os.open, mode=0o600)) as file:
        file.write(salt := new_salt())
    return salt


def _read(path: Path) -> str:
    text = read_text(path, 100)
    require(len(text) == len(new_salt()) and text.isalnum(), "a salt must be letters and digits, as many as when it was made")
    return text
