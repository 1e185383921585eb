"""One page of the API reference for each package: every module's docstring and what is public in it."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

PACKAGES = ("games", "search", "agents")
LEFT_OUT = ("kernels", "apps", "play", "runtime")  # compiled loops over arrays, the commands and what they stand on: no user calls them
ALIAS = re.compile(r"^([A-Z]\w*) = (?:npt\.|dict\[|tuple\[|Callable\[)", re.MULTILINE)
INDEX = "# API\n\nWhat is public in each package, from the docstrings.\n\n```{toctree}\n:maxdepth: 1\n\n%s\n```\n"
MODULE = "## `%s`\n\n```{eval-rst}\n.. automodule:: %s\n   :members:\n```\n"


def packages() -> list[str]:
    """Return the names of the packages that get a page."""
    found = list(PACKAGES)
    for name in PACKAGES:
        path = importlib.import_module(name).__path__
        found += [m.name for m in pkgutil.walk_packages(path, f"{name}.") if m.ispkg and not set(m.name.split(".")) & set(LEFT_OUT)]
    return sorted(found, key=lambda name: (PACKAGES.index(name.split(".")[0]), name))


def page(package: str) -> str:
    """Return a package's page."""
    module = importlib.import_module(package)
    inside = [m.name for m in pkgutil.iter_modules(module.__path__, f"{package}.") if not m.ispkg]
    return f"# {package}\n\n{(module.__doc__ or '').strip()}\n\n" + "\n".join(MODULE % (name, name) for name in inside)


def aliases(app: Any, config: Any) -> None:
    """Let signatures say ``Float`` and not what it stands for."""
    root = Path(app.srcdir).parent
    texts = (path.read_text() for package in PACKAGES for path in (root / package).rglob("*.py"))
    config.autodoc_type_aliases = {name: name for text in texts for name in ALIAS.findall(text)}


def skip(app: Any, what: str, name: str, member: Any, skipped: bool, options: Any) -> bool | None:
    """Leave out fields of named tuples, of which only their number would be told."""
    return True if type(member).__name__ == "_tuplegetter" else None


def write(app: Any) -> None:
    """Write the pages; one that is as it was keeps its time, so that Sphinx does not read it again."""
    folder = Path(app.srcdir) / "reference" / "api"
    folder.mkdir(exist_ok=True)
    pages = {name: page(name) for name in packages()}
    texts = {f"{name}.md": text for name, text in pages.items()} | {"index.md": INDEX % "\n".join(pages)}
    for old in folder.glob("*.md"):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        if not (folder / name).is_file() or (folder / name).read_text() != text:
            (folder / name).write_text(text)


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("config-inited", aliases)
    app.connect("autodoc-skip-member", skip)
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
