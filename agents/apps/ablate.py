"""``timebank ablate``: strength against thinking time, and against blueprint size or training compute, measured exactly."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from agents.apps.build import (
    REFERENCES,
    STILL,
    Kind,
    Lines,
    agent_cores,
    agents_of,
    build_budgets,
    build_executor,
    build_kind,
    build_variant,
    check_no_budget,
    untrained,
    with_enough,
)
from agents.apps.config import AblateConfig, AgentConfig
from agents.apps.launch import launch
from agents.apps.run import Progress, Run
from agents.evaluation.ablation import ablate, exchange_rate
from agents.reporting.figures import plot_ablation, plot_exchange
from agents.reporting.tables import ablation_table, duration, exchange_table, spoilt_note, write_csv
from search import Variant

COMPUTE = "multiply-adds"  # of training
Row = dict[str, Any]


class Made(NamedTuple):
    """Blueprints, and what they cost.

    Attributes:
        blueprints: by key.
        curve: rows with ``compute`` and ``exploitability``: what blueprints cost against what they are worth.
        own: of the curve, the row of the network that is searched; None without one.
        unit: of ``compute``.
    """

    blueprints: dict[str, Any]
    curve: list[Row]
    own: Row | None
    unit: str


def settings(config: AblateConfig) -> dict[str, AgentConfig]:
    """Return each line's agent; without lines that of the command line."""
    return agents_of(config) or {"blueprint": config.agent}


def check(config: AblateConfig, directory: Path) -> None:
    """Refuse bad values and another run's state; every line is built once."""
    kind = build_kind(config.game)
    variant, executor = build_variant(config, kind), build_executor(config.executor)
    build_budgets(config.budgets, config.unit)
    check_no_budget(config.agent, "budgets")
    for agent in (config.agent, *settings(config).values()):
        kind.check_agent(agent, variant, agent_cores(executor))
    kind.check_memory(list(settings(config).values()), variant, executor.workers)
    if untrained(config.agent):
        from agents.apps.training import check_training

        check_training(kind, config.trainer, directory / "training")


def run(config: AblateConfig, directory: Path) -> None:
    """Make the blueprints, measure, report."""
    kind = build_kind(config.game)
    variant = build_variant(config, kind)
    with Run(directory, "ablate", kind.game.name, config.seed, kind.notes) as result:
        made = trained(config, kind, directory, result) if config.agent.policy == "network" else solved(config, kind, variant, directory)
        if kind.size_unit is not None:
            unique = {blueprint.name: blueprint for blueprint in made.blueprints.values()}.values()
            result.write(blueprints=[{"compute": blueprint.size, **blueprint.row()} for blueprint in unique])
        lines = lines_of(config, kind, variant, made)
        rows: list[Row] = []
        progress = Progress("measuring", None, "seat")

        def tell(done: float, total: int, row: Any) -> None:
            progress.bar.total = progress.total = total
            progress.at(done, f"{row['line']}: {kind.strength_text(row['exploitability']['value'])}" if row else "")

        try:
            executor = build_executor(config.executor)
            with closing(ablate(lines, config.sweeps, executor, directory / "measurements", tell)) as measured:
                for row in measured:
                    rows.append(row | {"train_compute": cost(kind, made, row["line"], lines)})
                    result.write(rows=rows)
        finally:
            progress.close()
            if rows:
                report(result, rows, made)


def trained(config: AblateConfig, kind: Kind, directory: Path, result: Run) -> Made:
    """Return the network, trained or found in the run's directory or read from a checkpoint, and the training curve."""
    from agents.apps.training import train_and_report

    learned = None
    if untrained(config.agent):
        learned = train_and_report(kind, config.trainer, directory / "training", result, config.searched_iterations)
    checkpoint = learned.checkpoint if learned else Path(str(config.agent.checkpoint))
    blueprint, history = kind.network(checkpoint, directory / "blueprints" / "network")
    if learned:
        history = result.history  # which goes on beyond the policy searched
    result.write(history=history)
    own = learned.row(history) if learned else history[-1] if history else None
    keys = map(kind.blueprint_key, settings(config).values())
    return Made(dict.fromkeys(keys, blueprint), history, own, COMPUTE)


def solved(config: AblateConfig, kind: Kind, variant: Variant, directory: Path) -> Made:
    """Return every line's blueprint, made or found in the run's directory, and their sizes as a curve."""
    found: dict[str, Any] = {}
    for agent in settings(config).values():
        key = kind.blueprint_key(agent)
        if key not in found:
            found[key] = kind.blueprint(agent, variant, directory / "blueprints" / key, config.seed)
    if kind.size_unit is None:
        return Made(found, [], None, COMPUTE)
    curve = [{"compute": b.size, "exploitability": b.exploitability, "seconds": b.seconds, "name": b.name} for b in found.values()]
    return Made(found, curve, None, kind.size_unit)


def lines_of(config: AblateConfig, kind: Kind, variant: Variant, made: Made) -> Lines:
    """Return what is measured: each blueprint alone, each line that thinks, and the references."""
    lines: Lines = {}
    budgets, agents = build_budgets(config.budgets, config.unit), settings(config)
    if 0 in config.budgets or not config.agent.think:
        for blueprint in {blueprint.name: blueprint for blueprint in made.blueprints.values()}.values():
            lines[kind.alone_name(config.agent, blueprint)] = kind.alone(blueprint, variant), [STILL]
    for name, agent in agents.items():
        if agent.think and budgets:
            player = kind.agent(agent, made.blueprints[kind.blueprint_key(agent)], variant)
            lines[name] = player, with_enough(budgets, agent) if player.thinks else [STILL]
    if config.references:
        lines |= {name: (agent, own) for name, (agent, own) in kind.references(variant, budgets).items() if own}
    kind.announce(lines)
    return lines


def cost(kind: Kind, made: Made, line: str, lines: Lines) -> Row | None:
    """Return what the blueprint of a line cost; None where that is not known, and for references."""
    if line in REFERENCES:
        return None
    blueprint = lines[line][0].blueprint
    value = made.own["compute"] if made.own else kind.size(blueprint) if blueprint is not None and made.unit == kind.size_unit else None
    return None if value is None else {"value": value, "unit": made.unit}


def report(result: Run, rows: list[Row], made: Made) -> None:
    """Write and print what was measured so far."""
    order = list(dict.fromkeys(row["line"] for row in rows))
    rows.sort(key=lambda row: (order.index(row["line"]), row["thinking_seconds"] or row["thinking_iterations"] or 0))
    searched = [row for row in rows if row["line"] not in REFERENCES and row["iterations"] > 0]
    rates = exchange_rate(made.curve, searched, made.own["compute"] if made.own else None)
    result.write(rows=rows, exchange_rate=rates)
    write_csv(result.directory / "rows.csv", rows)
    game, kinds = result.result["game"], ("png", "svg")
    plot_ablation(rows, f"{game}: what thinking adds", [result.directory / f"ablation.{kind}" for kind in kinds])
    print(ablation_table(rows))
    loading = {line: max(row["load_seconds"] for row in rows if row["line"] == line) for line in order}
    told = [f"{line} {duration(seconds)}" for line, seconds in loading.items() if seconds > 0]
    if told:
        print(f"computed once for the game, outside every decision's clock, at most, each seat: {', '.join(told)}")
    if rates:
        by_size = made.unit != COMPUTE
        title = f"{game}: the {'blueprint size' if by_size else 'training'} that thinking is worth"
        axis = f"{'blueprint size' if by_size else 'training compute'}, {made.unit}"
        beyond = (made.own["compute"], made.own["exploitability"]) if made.own and made.own is not made.curve[-1] else None
        paths = [result.directory / f"exchange.{kind}" for kind in kinds]
        plot_exchange(made.curve, rates, title, paths, "blueprint" if by_size else "network", axis, beyond)
        print(f"\n{exchange_table(rates)}")
    print(f"\nexploitability by an exact best response in the real game, search included; figure: {result.directory / 'ablation.png'}")
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
