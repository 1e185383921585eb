"""``timebank match``: agents against each other, with error bars."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from agents.apps.build import build_executor
from agents.apps.competitors import build_matches, build_table, check_competitors, match_kind, match_notes
from agents.apps.config import MatchConfig
from agents.apps.directory import result_in
from agents.apps.launch import launch
from agents.apps.output import say
from agents.apps.run import LOADING, Progress, Run
from agents.match.differences import difference_table, differences
from agents.match.exact_value import ExactValue, exact_values, too_large
from agents.match.histories import write_histories
from agents.match.match import MOST_HANDS, Match, check_hands, play_matches
from agents.match.planning import plan_lines
from agents.match.report import report_text, waiting_text, write_report
from agents.match.salt import kept_salt
from agents.match.statistics import Tally, describe, live, match_row
from agents.match.stopping import Watch
from agents.opponents.acpc import HOST, WAIT_SECONDS
from agents.runtime.storage import brief, whole_in


def check(config: MatchConfig, directory: Path) -> None:
    """Refuse bad values and another run's state."""
    check_hands(config.hands)
    build_executor(config.executor)
    config.budget.build(banks=True)
    config.stopping_rule()
    before = result_in(directory)
    game, rows = before.get("game"), before.get("rows")
    if game is not None and game != match_kind(config).game.name:  # its settings may say nothing of its name
        raise ValueError(f"game must be {brief(game)} as in {directory}, got {match_kind(config).game.name!r}")
    found: list[Any] = [row.get("hands") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    played = max((hands for hands in found if whole_in(hands, 0, MOST_HANDS)), default=0)
    if config.hands < played:
        raise ValueError(f"hands must be at least the {played:,} that {directory} has, got {config.hands:,}")
    check_competitors(config, directory)


def run(config: MatchConfig, directory: Path) -> None:
    """Train or solve what is needed, play, report."""
    before = result_in(directory).get("rows")  # if it goes on
    with Run(directory, "match", match_kind(config).game.name, config.seed, match_notes(config)) as result:
        if config.salt is None and config.bots:
            config = replace(config, salt=kept_salt(directory / "hands"))
        if result.result.pop("salt", None) is not None:  # of a match that had come to its end and goes on
            result.write()
        matches = build_matches(config, directory, result)
        tallies, exact = [Tally(match) for match in matches], list[ExactValue | None]([None] * len(matches))
        rule = config.stopping_rule()
        watches = [None if rule is None else Watch(rule, tally, config.hands) for tally in tallies]
        if config.precision is not None:
            say(plan_lines(matches, config.precision, before, build_executor(config.executor).workers))
        try:
            start, played = time.perf_counter(), play(config, tallies, watches, directory)
            seconds = time.perf_counter() - start
            result.write(playing={"hands": played, "seconds": seconds, "hands_per_second": played / seconds})
            if config.exact:
                exact = values(config, matches, directory)
            if config.salt is not None:
                result.write(salt=config.salt)
        finally:
            played_rows = zip(tallies, exact, watches, strict=True)
            rows = [match_row(t, config.precision, e, None if w is None else w.row()) for t, e, w in played_rows if t.hands >= 4]
            if rows:
                agents = describe(matches)
                compared = differences(tallies)
                result.write(rows=rows, agents=agents, differences=compared)
                write_report(rows, result.result["game"], directory)
                for path in (write_histories(match, directory / "hands") for match in matches if config.phh):
                    say(f"hands for other programs: {path}\n" if path is not None else "", end="")
                say(report_text(rows, agents, tallies, directory / "hands"))
                say(f"\n{difference_table(compared)}" if compared else "", end="\n" if compared else "")
            for tally in tallies:
                if tally.played > 0 and tally.hands < 4:
                    say(waiting_text(tally))


def play(config: MatchConfig, tallies: list[Tally], watches: list[Watch | None], directory: Path) -> int:
    """Play with a progress bar, matches that may stop one after another; return how many hands were played now."""
    for name in config.clients:
        agent = config.agents[name]
        where, seconds = f"{agent.host or HOST}:{agent.port}", agent.wait_seconds or WAIT_SECONDS
        say(f"{name}: its client connects to {where} within {seconds:g} s (hands are played in this process)")
    with Progress("playing", config.hands * len(tallies), "hand", LOADING) as progress:
        if config.stop is None:
            return play_on(config, tallies, None, directory, progress, 0)
        now = 0
        for number, (tally, watch) in enumerate(zip(tallies, watches, strict=True)):
            now += play_on(config, [tally], watch, directory, progress, number * config.hands)
        return now


def play_on(config: MatchConfig, tallies: list[Tally], watch: Watch | None, directory: Path, progress: Progress, before: int) -> int:
    """Play matches until all their hands are played, or until the watch says so; ``before`` are hands of matches that are over."""
    now, over = 0, (lambda: False) if watch is None else watch.over
    matches = [tally.match for tally in tallies]
    with closing(play_matches(matches, config.hands, build_table(config), directory / "hands", over)) as chunks:
        for number, records, new in chunks:
            tally = tallies[number]
            tally.add(records)
            now += len(records) * new
            state = live(tally, config.precision) + ("" if watch is None else f", {watch.live()}")
            progress.at(before + sum(tally.played for tally in tallies), f"{tally.names} {state}")
    return now


def values(config: MatchConfig, matches: list[Match], directory: Path) -> list[ExactValue | None]:
    """Compute exact values with a progress bar; say where there are none."""
    say("".join(f"{text}\n" for match in matches if (text := too_large(match, config.draws))), end="")
    with Progress("exact values", None, "table") as progress:
        executor = build_executor(config.executor)
        return exact_values(matches, config.draws, executor, directory / "tables", lambda done, total: progress.at(done, total=total))


def main(arguments: list[str]) -> None:
    """Run the command."""
    launch("match", check, run, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
