"""What a run leaves behind: result.json and tables. Everything is written whole or not at all."""

from __future__ import annotations

import csv
import fnmatch
import io
import json
import math
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

KEEP_SECONDS = 60.0  # what a run that is killed loses at most, where saving is quick
KEEP_SHARE = 0.1  # of the time that saving may take
LEFTOVERS = ".*.[0-9]*.part*"  # what ``replacing`` calls a file that is not whole yet
LEAST_WON = 1e-5  # chips: float32 leaves some 1e-6 where a hold'em blueprint plays against itself
UNSOLVED = 0.25  # of what is at stake: a strategy that loses more to a best response is no answer
Row = dict[str, Any]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a name to write to; what is there after the block becomes ``path``: readers see the old file or the new one.

    Raises:
        OSError: it cannot be written; nothing is left of it.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        make_new(temporary)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(f"{path} must be a file that can be written, got {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # gone if all went well
            temporary.unlink()


def make_new(path: Path) -> None:
    """Make an empty file; what has its name is removed, not written to: it may be a link."""
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))


class Autosave:
    """Saves now and then: every minute, or so seldom that saving takes a tenth of the time."""

    def __init__(self, save: Callable[[], None]) -> None:
        self.save, self.due = save, time.perf_counter() + KEEP_SECONDS

    def look(self) -> None:
        """Save if it is time to."""
        now = time.perf_counter()
        if now >= self.due:
            self.save()
            after = time.perf_counter()
            self.due = after + max(KEEP_SECONDS, (after - now) * (1 / KEEP_SHARE - 1))


def remove_leftovers(directory: Path) -> None:
    """Remove what processes that were killed left half written in a directory that nobody writes to, and below it."""
    for folder, _, names in os.walk(directory):
        for name in fnmatch.filter(names, LEFTOVERS):
            (Path(folder) / name).unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text)


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically; infinities and NaN become null (JSON has none)."""
    write_text(path, json.dumps(_finite(content), indent=1, allow_nan=False) + "\n")


def _finite(x: Any) -> Any:
    if isinstance(x, float):
        return x if math.isfinite(x) else None
    if isinstance(x, dict):
        return {str(k): _finite(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [_finite(v) for v in x]
    return x.item() if hasattr(x, "item") else x


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV; nested ``{"value": …}`` objects become columns ``name`` and ``name_<key>``."""

    def cells(key: str, value: Any) -> Row:
        if not isinstance(value, dict):
            return {key: value}
        return {key if inner == "value" else f"{key}_{inner}": x for inner, x in value.items() if not isinstance(x, list)}

    flat = [{name: x for key, value in row.items() for name, x in cells(key, value).items()} for row in rows]
    columns = list(dict.fromkeys(key for row in flat for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(flat)
    write_text(path, text.getvalue())


def version() -> Row:
    """Return what decides a number: package, commit, numba, torch."""
    command = ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    try:
        commit = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # no git here
        commit = ""
    return {"package": installed("timebank"), "git": commit or None, "numba": installed("numba"), "torch": installed("torch")}


def installed(package: str) -> str | None:
    """Return the version of a package; None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def version_text() -> str:
    """Return the version as a line: ``timebank 0.2.0``, with the commit where it is known."""
    versions = version()
    return f"timebank {versions['package'] or 'not installed'}" + (f" (commit {versions['git']})" if versions["git"] else "")


def machine() -> Row:
    """Return where a number was measured."""
    model = platform.processor()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    return {"system": platform.platform(), "cpu": model, "cores": cores(), "python": platform.python_version()}


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> int:
    """Return how many bytes are free."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):  # no Linux: the whole memory is the only limit known
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned text, numbers to the right."""
    cells = [list(columns), *[list(r) for r in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]

    def line(row: Sequence[str]) -> str:
        return "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))).rstrip()

    return "\n".join([line(cells[0]), line(["-" * w for w in widths]), *[line(row) for row in cells[1:]]])


def counted(number: int, noun: str) -> str:
    """Return how many there are: 1 iteration, 2,000 iterations."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def memory_text(size: float) -> str:
    """Return bytes as people read them: 7.2 kB, 30 MB, 0.1 GB, 23 GB, 329 TB."""
    for least, factor, unit in ((1e8, 1e9, "GB"), (1e5, 1e6, "MB"), (0, 1e3, "kB")):
        if least <= size < 1e12:
            return f"{size / factor:.3g} {unit}"
    return f"{size / 1e12:,.0f} TB"


def duration(seconds: float) -> str:
    """Return seconds as people say them: 0, 300 us, 1 ms, 2.5 s, 1,930 s."""
    if seconds == 0 or seconds >= 999.5:
        return f"{seconds:,.0f} s" if seconds else "0"
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= 0.9995 * factor:  # what three digits round to the next unit is one of it
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 1e-6:.2g} us"


def not_solved(iterations: int, exploitability: float, stake: float, stake_text: str) -> str | None:
    """Say why a solve's strategy is no answer, by its iterations and what a best response wins of what is at stake; None if it is one."""
    if iterations == 0:
        return "no iteration was done, so this is uniform play"
    if exploitability > UNSOLVED * stake:
        return f"exploitability is {100 * exploitability / stake:.3g} % of {stake_text}, above {100 * UNSOLVED:g} %"
    return None


def warned(title: str, reason: str | None) -> str:
    """Return a figure's title, which says so where the game is not solved."""
    return title if reason is None else f"NOT SOLVED: {reason}\n{title}"


def shown(row: Row) -> float:
    """Return a row's exploitability as people read it: in mbb/g where the game has a big blind, else in chips."""
    strength = row["exploitability"]
    return float(strength.get("mbb_per_game", strength["value"]))


def shown_error(row: Row) -> float:
    """Return a row's standard error in the unit of ``shown``."""
    strength = row["exploitability"]
    return float(strength.get("standard_error") or 0.0) * (shown(row) / strength["value"] if strength["value"] else 1.0)


def won(row: Row) -> str:
    """Return what a row's agent wins a hand from its blueprint as people read it; a dash where it has none, or is that blueprint alone."""
    value = row.get("against_blueprint")
    if not value or (not row["iterations"] and abs(value["value"]) < LEAST_WON):
        return "-"
    return f"{value.get('mbb_per_game', value['value']):+.3g}"


def unit_of(rows: Sequence[Row]) -> str:
    """Return the unit of ``shown``."""
    return "mbb/g" if "mbb_per_game" in rows[0]["exploitability"] else "chips"


def ablation_table(rows: Sequence[Row]) -> str:
    """Return the ablation as text, one line per agent and budget."""
    lines = []
    for row in rows:
        exploitability = row["exploitability"]
        error = "exact" if exploitability.get("exact") else f"± {shown_error(row):.1g}" if len(exploitability["draws"]) > 1 else "one draw"
        asked = f"{row['thinking_iterations']} its" if row["thinking_iterations"] is not None else duration(row["thinking_seconds"])
        strength = [f"{row['iterations']:.0f}", f"{shown(row):.4g}", error, won(row)]
        counts = [str(row["decisions"]), str(sum(row["fallbacks"].values())), duration(row["slowest_decision_seconds"]), overruns_text(row)]
        lines.append([row["line"], asked, duration(row["spent_seconds"]), *strength, *counts])
    heads = ["agent", "asked", "spent", "iterations", unit_of(rows), "error", "wins", "decisions", "fallbacks", "slowest", "overruns"]
    return table(heads, lines)


def training_table(history: Sequence[Row], text: Callable[[float], str]) -> str:
    """Return the training curve as a table; ``text`` writes an exploitability."""
    heads = ["iteration", "training time", "multiply-adds", "exploitability"]
    rows = [[str(r["iteration"]), duration(r["seconds"]), f"{r['compute']:.2e}", text(r["exploitability"])] for r in history]
    return table(heads, rows)


def overruns_text(row: Row) -> str:
    """Return how many decisions were late, with a mark where that spoils the row."""
    return str(row["overruns"]) + "*" * bool(row.get("spoilt"))


def spoilt_note(rows: Sequence[Row], marks: str = "* in the table") -> str:
    """Say so where too many decisions were late for a clock's rows to count; nothing where none is. ``marks`` says how rows show it."""
    spoilt = [row for row in rows if row.get("spoilt")]
    if not spoilt:
        return ""
    late, timed = sum(row["overruns"] for row in spoilt), sum(row["timed"] for row in spoilt)
    running = [row["running_share"] for row in spoilt if row.get("running_share") is not None]
    ran = f" (it ran this for {100 * sum(running) / len(running):.0f} % of the time)" if running else ""
    share = f"{100 * late / timed:.0f} % of decisions were late in {counted(len(spoilt), 'row')} ({marks})"
    return f"{share}: this machine was busy{ran}, so measure again on a quiet one"


def exchange_table(rates: Sequence[Row]) -> str:
    """Return the exchange rate as text: thinking time against the training that would buy the same."""
    rows = []
    for rate in rates:
        times = rate["times_the_training_done"]
        note = "extrapolated" if rate["extrapolated"] else "measured"
        rows.append([rate["line"], duration(rate["thinking_seconds"]), f"{rate['exploitability']:.3g}", f"{times:.3g} x", note])
    return table(["agent", "thinking", "exploitability, chips", "worth this much training", ""], rows)
