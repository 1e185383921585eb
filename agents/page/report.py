"""A run as one page of HTML that opens without a network: what was run, its figures, and its tables.

Any command's run directory will do: figures are its SVG files, tables its CSV files, and the facts are those of its ``result.json``.
"""

from __future__ import annotations

import base64
import csv
import math
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any

import yaml

from agents.reporting.tables import duration
from agents.runtime.storage import DAMAGES, first_line, printable, read_json, require
from games.files import read_text

MOST_BYTES = 5_000_000  # of a figure or a table
MOST_ROWS = 500  # of a table
MOST_YAML_BYTES = 1 << 18
FEW_COLUMNS = 6  # where there are more, what is the same in all rows stands above the table
MOST_RUNS = 500  # that are listed
STYLE = Path(__file__).parent / "static/report.css"


def report_html(directory: Path, served: bool = False) -> str:
    """Return the page of a run.

    Args:
        directory: of the run.
        served: by the page's server: its style is a file of the server, and nothing is said that may name a path of the machine.

    Raises:
        ValueError: it is no run's directory.
    """
    result = _result(directory)
    title = escape(printable(f"{result.get('command', 'run')} of {result.get('game', 'a game')}"))
    body = [f"<h1>{title}</h1>", _facts(result, None if served else directory)]
    body += [_figure(path) for path in _files(directory, "*.svg")]
    body += [_table(path) for path in _files(directory, "*.csv")]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Timebank: {title}</title>'
    style = '<link rel="stylesheet" href="/static/report.css">' if served else f"<style>\n{STYLE.read_text()}</style>"
    return f'<!doctype html>\n<html lang="en"><head>{head}{style}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"


def runs_in(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the runs below a folder, the newest first: by name what is said of each in a list."""
    runs = dict[str, dict[str, Any]]()
    for changed, name in sorted(_changed(folder), reverse=True)[:MOST_RUNS]:
        with suppress(ValueError):
            result = _result(folder / name)
            said = {key: printable(str(result.get(key, ""))) for key in ("command", "game", "status")}
            runs[name] = said | {"changed": changed}
    return runs


def report_of(folder: Path, name: str) -> str | None:
    """Return the page of a run below a folder, to be served; None where there is no such run."""
    if name not in {name for _, name in _changed(folder)}:
        return None
    try:
        return report_html(folder / name, served=True)
    except (ValueError, OSError):  # it is damaged, or has gone since
        return None


def _changed(folder: Path) -> Iterator[tuple[float, str]]:
    """Yield the runs below a folder that have names which can be shown: when each changed, and its name."""
    for pattern in ("*/*/result.json", "*/*/*/result.json"):
        for path in folder.glob(pattern):
            name = str(path.parent.relative_to(folder))
            with suppress(OSError):  # it has gone since
                if path.is_file() and name.isprintable():
                    yield path.stat().st_mtime, name


def _result(directory: Path) -> dict[str, Any]:
    try:
        result: dict[str, Any] = read_json(directory / "result.json")
        require(isinstance(result, dict), "a result must be a mapping")
    except (*DAMAGES, OSError) as error:
        raise ValueError(f"run must be a directory with the result.json of a run, got {directory}: {first_line(error)}") from None
    return result


def _facts(result: dict[str, Any], directory: Path | None) -> str:
    """Return what was run, on what, and how it ended; with a directory also how it was started."""
    version, machine = (_mapping(result.get(key)) for key in ("version", "machine"))
    seconds = result.get("seconds")
    facts = {
        "command": None if directory is None else _command(result, directory),
        "status": result.get("status"),
        "seed": result.get("seed"),
        "time": duration(seconds) if isinstance(seconds, int | float) else None,
        "version": ", ".join(f"{key} {value}" for key, value in version.items() if value),
        "machine": ", ".join(f"{key} {value}" for key, value in machine.items()),
    }
    lines = [f"<dt>{key}</dt><dd>{escape(printable(str(value)))}</dd>" for key, value in facts.items() if value not in (None, "")]
    return f"<dl>{''.join(lines)}</dl>"


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _command(result: dict[str, Any], directory: Path) -> str:
    """Return how the run was started, as far as its directory tells, as a shell takes it."""
    overrides = list[str]()
    with suppress(*DAMAGES, yaml.YAMLError):
        lines = yaml.safe_load(read_text(directory / ".hydra/overrides.yaml", MOST_YAML_BYTES))
        overrides = [line for line in lines if isinstance(line, str)]
    return shlex.join(["timebank", str(result.get("command", "")), *overrides])


def _files(directory: Path, pattern: str) -> Iterator[Path]:
    """Yield a run's own files of a kind: no links, none too large, and none that may not be read."""
    for path in sorted(directory.glob(pattern)):
        with suppress(OSError):  # it has gone since
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= MOST_BYTES and os.access(path, os.R_OK):
                yield path


def _figure(path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<h2>{escape(path.stem)}</h2>\n<p><img alt="{escape(path.stem)}" src="data:image/svg+xml;base64,{data}"></p>'


def _table(path: Path) -> str:
    """Return a CSV file as a table: empty columns left out, numbers of four digits."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            names, *rows = csv.reader(file)
    except (ValueError, csv.Error):
        return f"<h2>{escape(path.stem)}</h2>\n<p>{escape(path.name)} cannot be read.</p>"
    columns = [i for i in range(len(names)) if any(_cell(row, i) for row in rows)]
    same = [i for i in columns if len(rows) > 1 and len(columns) > FEW_COLUMNS and len({_cell(row, i) for row in rows}) == 1]
    above = ", ".join(f"{names[i]} {_short(_cell(rows[0], i))}" for i in same)
    left = [i for i in columns if i not in same]
    head = "".join(f'<th scope="col">{escape(names[i])}</th>' for i in left)
    lines = ["<tr>" + "".join(f"<td>{escape(_short(_cell(row, i)))}</td>" for i in left) + "</tr>" for row in rows[:MOST_ROWS]]
    more = f"<p>{len(rows) - MOST_ROWS:,} more rows are in {escape(path.name)}.</p>" if len(rows) > MOST_ROWS else ""
    constant = f'<p class="same">In all rows: {escape(above)}.</p>' if same else ""
    table = f"<table><thead><tr>{head}</tr></thead>\n<tbody>{''.join(lines)}</tbody></table>"
    return f'<h2>{escape(path.stem)}</h2>\n{constant}<div class="wide">{table}</div>{more}'


def _cell(row: Sequence[str], i: int) -> str:
    return row[i] if i < len(row) else ""


def _short(text: str) -> str:
    """Return a number with four digits, and other texts as they are."""
    try:
        number = float(text)
    except ValueError:
        return printable(text, 200)
    return f"{number:.4g}" if math.isfinite(number) and not re.fullmatch("-?[0-9]+", text) else text
