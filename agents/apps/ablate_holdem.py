"""``timebank ablate`` on hold'em: blueprints of any size, and what searching from them adds."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from agents.agent import Agent
from agents.apps.build import agents_of, build_budgets, build_executor, check_files, check_no_budget, named_agent, of_file, with_enough
from agents.apps.config import MOST_BUCKETS, AblateConfig, AgentConfig
from agents.apps.run import PREPARING, Progress, Run
from agents.apps.solve_holdem import DEFAULT, free_memory, strength_text
from agents.board_blueprint import BoardBlueprint, make_blueprint
from agents.evaluation.ablation import ablate, exchange_rate
from agents.evaluation.strength import WholeAgent
from agents.reporting.figures import plot_ablation, plot_exchange
from agents.reporting.tables import ablation_table, cores, duration, exchange_table, spoilt_note, write_csv
from agents.street_agent import StreetAgent
from games.holdem.board_tree import game_size
from games.holdem.rules import HoldemGame
from games.holdem.subtree import entering
from games.kernels import LANES
from games.kernels.boards import STREET
from search import Budget, Variant
from search.gadgets import check_search, form_of

Lines = dict[str, tuple[Agent[Any] | WholeAgent, list[Budget]]]
Blueprints = dict[tuple[int, ...], BoardBlueprint]
# Blueprints, what they took against what they are worth, of that the row of the network searched, and the unit of what they took.
Made = tuple[Blueprints, list[dict[str, Any]], dict[str, Any] | None, str]
PROBABILITIES = "action probabilities"
LOSSLESS, ABSTRACT, COPIES = 3, 4, 2  # arrays of a game's rows: that a solver has, without buckets and with, and a worker that measures


def streets_of(solve_from: str, game: HoldemGame) -> list[int]:
    """Return the numbers of streets named as in ``turn`` or ``turn+river``."""
    there = game.rounds
    found = [there.index(name) if name in there else -1 for name in solve_from.split("+")]
    if min(found) < 0 or found != sorted(set(found)):
        raise ValueError(
            f"agent.solve_from must be a street of the game ({', '.join(there)}) or several with + between, got {solve_from!r}"
        )
    return found


def settings(config: AblateConfig) -> dict[str, AgentConfig]:
    """Return each line's agent; without lines that of the command line."""
    return agents_of(config) or {"blueprint": config.agent}


def check(config: AblateConfig, directory: Path) -> None:
    """Refuse bad values, and another run's training state."""
    game = config.game.build()
    config.search.build(DEFAULT)
    build_budgets(config.budgets, config.unit)
    most = max(cores() // build_executor(config.executor).workers, 1)
    check_no_budget(config.agent, "budgets")
    for agent in settings(config).values():
        check_agent(agent, game, most)
    check_memory(config, game)
    if config.agent.policy == "network" and config.agent.checkpoint is None:
        from agents.apps.training import check_training

        check_training(config.game, config.trainer, directory / "training")


def check_memory(config: AblateConfig, game: HoldemGame) -> None:
    """Refuse a game that will not fit: while its blueprint is solved, or with every worker's copy of the strategies."""
    size, free, workers = game_size(game), free_memory(), build_executor(config.executor).workers
    rows = sum(size.rows) * LANES * 4
    solving = (ABSTRACT if any(any(agent.buckets) for agent in settings(config).values()) else LOSSLESS) * rows + size.tree_bytes
    measuring = workers * (COPIES * rows + size.tree_bytes)
    if max(solving, measuring) > 0.9 * free:
        needed, fix = (measuring, "use executor.workers=1 or a smaller game") if measuring > solving else (solving, "use a smaller game")
        raise ValueError(
            f"game must fit into memory ({free / 1e9:.3g} GB are free), got about {needed / 1e9:.2g} GB for {size.boards:,} boards: {fix}"
        )


def check_agent(agent: AgentConfig, game: HoldemGame, cores_each: int, policies: tuple[str, ...] = ("tabular", "network")) -> None:
    """Refuse what no agent of hold'em can be made of, on so many cores."""
    if agent.policy not in policies:
        raise ValueError(f"agent.policy must be {', '.join(policies[:-1])} or {policies[-1]} on hold'em, got {agent.policy!r}")
    if agent.buckets and len(agent.buckets) != len(game.deals):
        rule = f"a number from 0 to {MOST_BUCKETS:,} for each of {len(game.deals)} streets"
        raise ValueError(f"agent.buckets must be {rule}, got {agent.buckets}")
    if agent.policy != "tabular" and agent.buckets:
        raise ValueError(f"agent.buckets must be left out but for a tabular policy, got {agent.buckets}")
    if not 1 <= agent.threads <= cores_each:
        raise ValueError(f"agent.threads must be in 1..{cores_each} (cores a worker; executor=serial has one), got {agent.threads}")
    if agent.think or agent.solve_from != AgentConfig.solve_from:  # that is no street, but never thought of then
        streets_of(agent.solve_from, game)
    named_agent(lambda: thinker(agent))
    check_files(agent)
    if agent.policy == "network" and agent.checkpoint is not None:
        from agents.networks import policy_metadata

        checkpoint = Path(agent.checkpoint)
        of_file("agent.checkpoint", lambda: policy_metadata(checkpoint, game.key))


def run(config: AblateConfig, directory: Path) -> None:
    """Solve or train the blueprints, measure, report."""
    game: HoldemGame = config.game.build()
    variant = config.search.build(DEFAULT)
    with Run(directory, "ablate", game.name, config.seed, game.notes) as result:
        if config.agent.policy == "network":
            blueprints, sizes, own, unit = learned(config, game, directory, result)
        else:
            blueprints, sizes, own, unit = solved(config, game, variant, directory / "blueprints")
        made = {b.name: b for b in blueprints.values()}.values()
        result.write(blueprints=[{"compute": b.size, **b.row()} for b in made])
        lines = lines_of(config, game, variant, blueprints)
        announce(game, next(iter(blueprints.values())), lines)
        rows: list[dict[str, Any]] = []
        progress = Progress("measuring", None, "seat")

        def tell(done: float, total: int, row: Any) -> None:
            progress.bar.total = progress.total = total
            progress.at(done, f"{row['line']}: {strength_text(game, row['exploitability']['value'])}" if row else "")

        try:
            executor = build_executor(config.executor)
            with closing(ablate(lines, config.sweeps, executor, directory / "measurements", tell)) as measured:
                for row in measured:
                    compute = size_of(lines[row["line"]][0]) if unit == PROBABILITIES else own["compute"] if own else None
                    rows.append(row | {"train_compute": {"value": compute, "unit": unit}})
                    result.write(rows=rows)
        finally:
            progress.close()
            if rows:
                report(result, rows, sizes, own, unit)


def thinker(agent: AgentConfig) -> dict[str, Any]:
    """Return what a StreetAgent is told of its searches; refuses what none knows."""
    form_of(agent.gadget, agent.bounds, agent.spread)
    check_search(agent.warm_start, agent.gift_scale)
    names = ("gadget", "bounds", "spread", "threads", "warm_start", "gift_scale")
    return {name: getattr(agent, name) for name in names}


def key_of(agent: AgentConfig) -> tuple[int, ...]:
    """Return what tells blueprints apart."""
    return (agent.iterations, *(agent.buckets if any(agent.buckets) else ()))


def learned(config: AblateConfig, game: HoldemGame, directory: Path, result: Run) -> Made:
    """Return the network's blueprint, trained or found in the run's directory or read from a checkpoint, and the training curve."""
    from agents.apps.training import train_and_report
    from agents.network_blueprint import make_network_blueprint

    learned = None
    if config.agent.checkpoint is None:
        learned = train_and_report(config.game, config.trainer, directory / "training", result, config.searched_iterations)
    checkpoint = learned.checkpoint if learned else Path(str(config.agent.checkpoint))
    blueprint, history = make_network_blueprint(game, checkpoint, directory / "blueprints" / "network")
    if learned and learned.iterations:
        history = result.history  # which goes on beyond the policy searched
    result.write(history=history)
    text = f"{strength_text(game, blueprint.exploitability)}{blueprint.written()}"
    print(f"blueprint {blueprint.name}: {blueprint.size:,} parameters, {text}", flush=True)
    own = learned.row(history) if learned else history[-1] if history else None
    return dict.fromkeys(map(key_of, settings(config).values()), blueprint), history, own, "multiply-adds"


def solved(config: AblateConfig, game: HoldemGame, variant: Variant, directory: Path) -> Made:
    """Return every line's blueprint, solved or found in the run's directory, and their sizes as a curve."""
    found = {}
    for key in dict.fromkeys(key_of(agent) for agent in settings(config).values()):
        iterations, *sizes = key
        name = "-".join(map(str, key))
        progress = Progress(f"blueprint {name}", iterations, "it", PREPARING)
        try:
            threads = os.cpu_count() or 1
            found[key] = make_blueprint(game, sizes, variant, iterations, directory / name, config.seed, threads, progress.at)
        finally:
            progress.close()
        text = strength_text(game, found[key].exploitability)
        print(f"blueprint {found[key].name}: {found[key].size:,} action probabilities, {text}", flush=True)
    curve: list[dict[str, Any]] = [
        {"compute": b.size, "exploitability": b.exploitability, "seconds": b.seconds, "name": b.name} for b in found.values()
    ]
    return found, curve, None, PROBABILITIES


def lines_of(config: AblateConfig, game: HoldemGame, variant: Variant, blueprints: Blueprints) -> Lines:
    """Return what is measured: each blueprint alone, then each line that thinks."""
    lines: Lines = {}
    still = [Budget(seconds=0)]
    if 0 in config.budgets:
        lines |= {f"blueprint {b.name}": (StreetAgent(b, variant), still) for b in blueprints.values()}
    budgets = build_budgets(config.budgets, config.unit)
    for name, agent in settings(config).items():
        if agent.think and budgets:
            streets = streets_of(agent.solve_from, game)
            lines[name] = StreetAgent(blueprints[key_of(agent)], variant, streets, **thinker(agent)), with_enough(budgets, agent)
    return lines


def size_of(agent: Agent[Any] | WholeAgent) -> int:
    """Return the size of the blueprint that an agent plays."""
    assert isinstance(agent, StreetAgent)
    return agent.blueprint.size


def announce(game: HoldemGame, blueprint: BoardBlueprint, lines: Lines) -> None:
    """Say how much work it will be."""
    boards = np.bincount(blueprint.tree.boards[:, STREET])
    for name, (agent, budgets) in lines.items():
        assert isinstance(agent, StreetAgent)
        if agent.streets:
            solves = sum(2 * int(boards[s]) * len(entering(game, s)) for s in agent.streets)
            print(f"{name}: at most {solves:,} subgames for both seats, at each of {len(budgets)} budgets", flush=True)


def report(result: Run, rows: list[dict[str, Any]], sizes: list[dict[str, Any]], own: dict[str, Any] | None, unit: str) -> None:
    """Write and print what was measured so far; ``own`` of ``sizes`` is the network that the lines search from."""
    order = list(dict.fromkeys(row["line"] for row in rows))
    rows.sort(key=lambda row: (order.index(row["line"]), row["thinking_seconds"] or row["thinking_iterations"] or 0))
    rates = exchange_rate(sizes, [row for row in rows if row["iterations"] > 0], own["compute"] if own else None)
    result.write(rows=rows, exchange_rate=rates)
    write_csv(result.directory / "rows.csv", rows)
    kinds = ("png", "svg")
    plot_ablation(rows, f"{result.result['game']}: what thinking adds", [result.directory / f"ablation.{kind}" for kind in kinds])
    print(ablation_table(rows))
    loading = {line: max(row["load_seconds"] for row in rows if row["line"] == line) for line in order}
    told = [f"{line} {duration(seconds)}" for line, seconds in loading.items() if seconds > 0]
    if told:
        print(f"computed once for the game, outside every decision's clock, at most, each seat: {', '.join(told)}")
    if rates:
        by_size = unit == PROBABILITIES
        title = f"{result.result['game']}: the {'blueprint size' if by_size else 'training'} that thinking is worth"
        paths = [result.directory / f"exchange.{kind}" for kind in kinds]
        axis = f"{'blueprint size' if by_size else 'training compute'}, {unit}"
        beyond = (own["compute"], own["exploitability"]) if own and own is not sizes[-1] else None
        plot_exchange(sizes, rates, title, paths, "blueprint" if by_size else "network", axis, beyond)
        print(f"\n{exchange_table(rates)}")
    print(f"\nexploitability by an exact best response in the real game, search included; figure: {result.directory / 'ablation.png'}")
    if note := spoilt_note(rows, "* in the table, hollow in the figure"):
        print(note)
