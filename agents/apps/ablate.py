"""``timebank ablate``: strength against thinking time, and against blueprint size or training compute, measured exactly.

With ``decisions.street`` it measures what that street's decisions lose, see ``agents.apps.decisions``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from agents.apps import decisions
from agents.apps.build import (
    REFERENCES,
    TRAINED,
    agent_cores,
    build_budgets,
    build_executor,
    build_kind,
    build_variant,
    check_no_budget,
    line_budgets,
    untrained,
)
from agents.apps.config import AblateConfig
from agents.apps.launch import launch
from agents.apps.lines import errors_of, lines_of, notes, settings, solved, trained, with_values
from agents.apps.off_tree import check_extra, checked, report, with_excess
from agents.apps.output import say
from agents.apps.run import Progress, Run
from agents.evaluation.ablation import ablate
from agents.evaluation.report import ordered, rates_of, write_report
from agents.reporting.tables import Row


def check(config: AblateConfig, directory: Path) -> None:
    """Refuse bad values and another run's state; every line is built once."""
    decisions.check_unused(config)
    if config.decisions.street is not None:
        decisions.check(config, directory)
        return
    kind = build_kind(config.game)
    variant, executor, agents = build_variant(config, kind), build_executor(config.executor), settings(config)
    build_budgets(config.budgets, config.unit)
    check_no_budget(config.agent, "budgets")
    kind.check_agent(config.agent, variant, agent_cores(executor))
    for name, agent in agents.items():
        with errors_of(name, config.lines.get(name, ())):
            known = agent if config.off_tree_bets is None else checked(config, agent, kind, variant)
            kind.check_agent(known, variant, agent_cores(executor))
            line_budgets(build_budgets(config.budgets, config.unit), agent)
    if config.off_tree_bets is not None:
        check_extra(config, kind, executor.per_machine)
    kind.check_memory(list(agents.values()), variant, executor.per_machine)
    if any(agent.values == TRAINED for agent in agents.values()):
        from agents.apps.values import check_values

        check_values(kind, config.trainer, directory / "training")
    if untrained(config.agent):
        from agents.apps.training import check_training

        check_training(kind, config.trainer, directory / "training")


def run(config: AblateConfig, directory: Path, arguments: Sequence[str] = ()) -> None:
    """Make the blueprints, measure, report; ``arguments`` are what was typed."""
    print("".join(f"note: {note}\n" for note in notes(config, arguments)), end="", file=sys.stderr, flush=True)
    if config.decisions.street is not None:
        decisions.run(config, directory)
        return
    kind = build_kind(config.game)
    variant = build_variant(config, kind)
    with Run(directory, "ablate", kind.game.name, config.seed, kind.notes) as result:
        config = with_values(config, kind, directory, result)
        network = config.agent.policy == "network"
        blueprints = trained(config, kind, directory, result) if network else solved(config, kind, variant, directory)
        if kind.size_unit is not None:
            result.write(blueprints=[{"compute": blueprint.size, **blueprint.row()} for blueprint in blueprints.unique])
        lines = lines_of(config, kind, variant, blueprints)
        rows: list[Row] = []
        try:
            with Progress("measuring", None, "seat") as progress:

                def tell(done: float, total: int, row: Any) -> None:
                    note = f"{row['line']}: {kind.strength_text(row['exploitability']['value'])}" if row else ""
                    progress.at(done, note, total)

                executor = build_executor(config.executor)
                with closing(ablate(lines, config.sweeps, executor, directory / "measurements", tell)) as measured:
                    for row in measured:
                        cost = {"train_compute": blueprints.cost(kind, row["line"], lines)}
                        rows.append(with_excess(row | cost, lines[row["line"]][0]))
                        result.write(rows=rows)
        finally:
            if rows:
                rows, (_, curve, own, unit) = ordered(rows), blueprints
                rates = rates_of(rows, curve, own, REFERENCES)
                result.write(rows=rows, exchange_rate=rates)
                say(write_report(rows, rates, kind.game.name, directory, curve, own, unit))
                if config.off_tree_bets is not None:
                    say(report(rows, config.off_tree_bets, blueprints.unique[0], kind, result))


def main(arguments: list[str]) -> None:
    """Run the command; with neither experiment, game, agent nor lines given it is ``experiment=leduc``."""
    given = {argument.lstrip("+~").split("=")[0].split(".")[0] for argument in arguments}
    chosen = given & {"experiment", "game", "agent", "lines", "resume"}
    launch("ablate", check, partial(run, arguments=arguments), arguments if chosen else [*arguments, "experiment=leduc"])


if __name__ == "__main__":
    main(sys.argv[1:])
