"""``timebank ablate``: strength against thinking time (and training compute), measured exactly."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from agents.apps import ablate_holdem
from agents.apps.build import (
    REFERENCES,
    agents_of,
    build_budgets,
    build_executor,
    build_policy,
    check_agent,
    check_no_budget,
    lines_of,
    training_history,
    tree_of,
    untrained,
)
from agents.apps.config import AblateConfig
from agents.apps.launch import launch
from agents.apps.run import Progress, Run
from agents.apps.training import check_training, train_and_report
from agents.evaluation.ablation import ablate, exchange_rate
from agents.policy import Policy
from agents.reporting.figures import plot_ablation, plot_exchange
from agents.reporting.tables import ablation_table, exchange_table, spoilt_note, write_csv
from games.holdem.config import Bets


def check(config: AblateConfig, directory: Path) -> None:
    """Refuse bad values and another run's state; every line is built once."""
    if isinstance(config.game, Bets):
        ablate_holdem.check(config, directory)
        return
    tree, variant = tree_of(config.game.game_string()), config.search.build()
    check_agent(config.agent, tree, variant)
    check_no_budget(config.agent, "budgets")
    if untrained(config.agent):
        check_training(config.game, config.trainer, directory / "training")
    build_budgets(config.budgets, config.unit)
    build_executor(config.executor)
    for agent in agents_of(config).values():
        check_agent(agent, tree, variant)


def run(config: AblateConfig, directory: Path) -> None:
    """Train if needed, measure, report."""
    if isinstance(config.game, Bets):
        ablate_holdem.run(config, directory)
        return
    game = config.game.game_string()
    with Run(directory, "ablate", game, config.seed) as result:
        tree = tree_of(game)
        policy: Policy
        own: dict[str, Any] | None
        if untrained(config.agent):
            learned = train_and_report(config.game, config.trainer, directory / "training", result, config.searched_iterations)
            policy, own = learned.policy, learned.row(result.history)
        else:
            policy = build_policy(config.agent, tree, config.search.build())
            result.write(history=training_history(config.agent))
            own = result.history[-1] if result.history else None
        history = result.history
        compute = {"value": own["compute"], "unit": "multiply-adds"} if own else None
        rows: list[dict[str, Any]] = []
        progress = Progress("measuring", None, "seat")

        def tell(done: float, total: int, row: Any) -> None:
            progress.bar.total = progress.total = total
            progress.at(done, f"{row['line']}: {row['exploitability']['value']:.4g} chips" if row else "")

        try:
            lines, executor = lines_of(config, policy), build_executor(config.executor)
            with closing(ablate(lines, config.sweeps, executor, directory / "measurements", tell)) as measured:
                for row in measured:
                    rows.append(row | {"train_compute": compute if row["line"] not in REFERENCES else None})
                    result.write(rows=rows)
        finally:
            progress.close()
            if rows:
                report(result, rows, history, own)


def report(result: Run, rows: list[dict[str, Any]], history: list[dict[str, Any]], own: dict[str, Any] | None) -> None:
    """Write and print what was measured so far; ``own`` is the row of the training history that is searched."""
    order = list(dict.fromkeys(row["line"] for row in rows))
    rows.sort(key=lambda row: (order.index(row["line"]), row["thinking_seconds"] or row["thinking_iterations"] or 0))
    searched = [row for row in rows if row["line"] not in REFERENCES]
    rates = exchange_rate(history, searched, own["compute"] if own else None)
    result.write(rows=rows, exchange_rate=rates)
    write_csv(result.directory / "rows.csv", rows)
    title = f"{result.result['game']}: what thinking adds"
    plot_ablation(rows, title, [result.directory / f"ablation.{kind}" for kind in ("png", "svg")])
    print(ablation_table(rows))
    if rates:
        title = f"{result.result['game']}: the training that thinking is worth"
        beyond = (own["compute"], own["exploitability"]) if own and own is not history[-1] else None
        plot_exchange(history, rates, title, [result.directory / f"exchange.{kind}" for kind in ("png", "svg")], searched=beyond)
        print(f"\n{exchange_table(rates)}")
    print(f"\nexploitability in chips, exact best response, search included; figure: {result.directory / 'ablation.png'}")
    if note := spoilt_note(rows, "* in the table, hollow in the figure"):
        print(note)


def _absolute(argument: str) -> str:
    """Make a checkpoint's path absolute, so that the run can be resumed from anywhere."""
    key, _, path = argument.partition("=")
    if key != "agent.checkpoint" or path[:1] in ("", "'", '"', "/") or path == "null":
        return argument
    return f"{key}='{Path(path).resolve()}'"


def main() -> None:
    """Run the command; with neither experiment, game, agent nor lines given it is ``experiment=leduc``."""
    own = ("experiment", "game", "agent", "lines", "resume")
    given = {argument.lstrip("+~").split("=")[0].split(".")[0] for argument in sys.argv[1:]}
    if not given & set(own):
        sys.argv.append("experiment=leduc")
    sys.argv = [_absolute(argument) for argument in sys.argv]
    launch("ablate", check, run)


if __name__ == "__main__":
    main()
