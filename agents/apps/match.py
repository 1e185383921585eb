"""``timebank match``: agents against each other, with error bars."""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from agents.apps.build import build_executor
from agents.apps.competitors import build_matches, check_competitors, match_kind, match_notes
from agents.apps.config import MatchConfig
from agents.apps.directory import result_in
from agents.apps.launch import launch
from agents.apps.run import Progress, Run
from agents.match.exact_value import MOST_BYTES, ExactValue, exact_values, table_bytes
from agents.match.figure import plot_matches
from agents.match.match import MOST_HANDS, Match, check_hands, new_salt, play_matches
from agents.match.statistics import (
    Tally,
    blinds_table,
    decision_rows,
    decision_table,
    describe,
    live,
    match_row,
    match_table,
    seat_table,
    standings,
)
from agents.reporting.tables import spoilt_note, write_csv
from agents.runtime.storage import load_or_set_aside, read_text, require, whole_in


def check(config: MatchConfig, directory: Path) -> None:
    """Refuse bad values and another run's state."""
    check_hands(config.hands)
    build_executor(config.executor)
    config.budget.build()
    played = hands_in(directory)
    if config.hands < played:
        raise ValueError(f"hands must be at least the {played:,} that {directory} has, got {config.hands:,}")
    check_competitors(config, directory)


def hands_in(directory: Path) -> int:
    """Return how many hands the longest match of a directory's result has; 0 where there is none."""
    rows = result_in(directory).get("rows")
    if not isinstance(rows, list):
        return 0
    return max((row["hands"] for row in rows if isinstance(row, dict) and whole_in(row.get("hands"), 0, MOST_HANDS)), default=0)


def run(config: MatchConfig, directory: Path) -> None:
    """Train or solve what is needed, play, report."""
    with Run(directory, "match", match_kind(config).game.name, config.seed, match_notes(config)) as result:
        config = replace(config, salt=config.salt or salt_of(config, directory / "hands"))
        if result.result.pop("salt", None) is not None:  # of a match that had come to its end and goes on
            result.write()
        matches = build_matches(config, directory, result)
        tallies = [Tally(match) for match in matches]
        exact: list[ExactValue | None] = [None] * len(matches)
        try:
            start, played = time.perf_counter(), play_all(config, matches, tallies, directory)
            seconds = time.perf_counter() - start
            result.write(playing={"hands": played, "seconds": seconds, "hands_per_second": played / seconds})
            if config.exact:
                exact = values(config, matches, directory)
            if config.salt is not None:
                result.write(salt=config.salt)
        finally:
            if any(tally.hands >= 4 for tally in tallies):
                report(result, config, tallies, exact)
            for tally in tallies:
                if tally.played > 0 and tally.hands < 4:
                    waiting = f"{tally.played:,} hands were played, not yet both of a deal"
                    print(f"{names_of(tally)}: {waiting}; hands forfeited: {faults_of(tally.faults)}")


def names_of(tally: Tally) -> str:
    """Return who plays."""
    return " - ".join(competitor.name for competitor in tally.match.competitors)


def faults_of(faults: dict[str, int]) -> str:
    """Return forfeited hands by who and how."""
    return ", ".join(f"{key} {n}" for key, n in faults.items()) or "none"


def salt_of(config: MatchConfig, directory: Path) -> str | None:
    """Return the secret of a run in which a bot plays: the one it began with, which none but the owner can read, or a new one."""
    if not any(agent.policy == "bot" for agent in config.agents.values()):
        return None
    directory.mkdir(exist_ok=True)
    path = directory / "salt"
    before = load_or_set_aside(path, _read_salt)
    if before is not None:
        return before
    with open(path, "x", opener=partial(os.open, mode=0o600)) as file:
        file.write(salt := new_salt())
    return salt


def _read_salt(path: Path) -> str:
    text = read_text(path, 100)
    require(len(text) == len(new_salt()) and text.isalnum(), "a salt must be letters and digits, as many as when it was made")
    return text


def play_all(config: MatchConfig, matches: list[Match], tallies: list[Tally], directory: Path) -> int:
    """Play with a progress bar; return how many hands were played now."""
    progress = Progress("playing", config.hands * len(matches), "hand")
    before = None
    try:
        with closing(play_matches(matches, config.hands, build_executor(config.executor), directory / "hands")) as chunks:
            for number, records, new in chunks:
                if new and before is None:
                    before = sum(tally.played for tally in tallies)
                tallies[number].add(records)
                progress.at(
                    sum(tally.played for tally in tallies), f"{names_of(tallies[number])} {live(tallies[number], config.precision)}"
                )
    finally:
        progress.close()
    done = sum(tally.played for tally in tallies)
    return done - (done if before is None else before)


def values(config: MatchConfig, matches: list[Match], directory: Path) -> list[ExactValue | None]:
    """Compute exact values with a progress bar; say where there are none."""
    for match in matches:
        if (size := table_bytes(match, config.draws)) > MOST_BYTES:
            names = " - ".join(competitor.name for competitor in match.competitors)
            print(f"{names}: no exact value: tables would take {size / 1e9:.3g} GB, {MOST_BYTES / 1e9:.3g} are the most")
    progress = Progress("exact values", None, "table")

    def tell(done: int, total: int) -> None:
        progress.bar.total = progress.total = total
        progress.at(done)

    try:
        return exact_values(matches, config.draws, build_executor(config.executor), directory / "tables", tell)
    finally:
        progress.close()


def report(result: Run, config: MatchConfig, tallies: list[Tally], exact: list[ExactValue | None]) -> None:
    """Write and print what was played so far."""
    rows = [match_row(t, config.precision, e) for t, e in zip(tallies, exact, strict=True) if t.hands >= 4]
    result.write(rows=rows, agents=describe([tally.match for tally in tallies]))
    write_csv(result.directory / "rows.csv", [flat(row) for row in rows])
    title = f"{result.result['game']}: chips a hand, 95 % intervals"
    plot_matches(rows, title, [result.directory / f"match.{kind}" for kind in ("png", "svg")])
    print("\n".join(f"{a['name']}: {a['agent']}, {a['budget']}" for a in result.result["agents"]))
    decisions = decision_rows(tallies)
    parts = [
        match_table(rows),
        *filter(None, [blinds_table(rows)]),
        seat_table(rows[0]) if len(rows) == 1 else standings(rows),
        decision_table(decisions),
        *filter(None, [spoilt_note(decisions)]),
    ]
    print("".join(f"\n{part}\n" for part in parts))
    for row in rows:
        names = " - ".join(row["agents"])
        if row["faults"]:
            print(f"{names}: hands forfeited: {faults_of(row['faults'])}")
        if row["waiting_hands"]:
            print(f"{names}: {row['waiting_hands']:,} more hands were played of deals whose other hand was not, and are not counted")
        if row.get("hands_needed", 0) is None:
            print(f"{names}: more hands for ± {row['precision']:g} chips: not known, all {row['hands']:,} came out alike ({row['best']})")
        elif "hands_needed" in row:
            print(f"{names}: {row['hands_needed']:,} more hands for ± {row['precision']:g} chips ({row['best']})")
    print(f"chips a hand to the first agent, 95 % intervals (docs/concepts/aivat.md); every hand: {result.directory / 'hands'}")


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row for a table of one line a match."""
    found = {"first": row["agents"][0], "second": row["agents"][1], "hands": row["hands"], "exact": (row["exact"] or {}).get("value")}
    return found | {f"{kind}_{key}": value for kind, e in row["estimates"].items() for key, value in e.items()}


def _absolute(argument: str) -> str:
    """Make files' paths absolute, so that the run can be resumed from anywhere."""
    key, _, path = argument.partition("=")
    if not re.fullmatch(r"agents\.\w+\.(checkpoint|table)", key) or path[:1] in ("", "'", '"', "/") or path == "null":
        return argument
    return f"{key}='{Path(path).resolve()}'"


def main() -> None:
    """Run the command."""
    sys.argv = [_absolute(argument) for argument in sys.argv]
    launch("match", check, run)


if __name__ == "__main__":
    main()
