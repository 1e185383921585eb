"""What commands do in hold'em: blueprints are made first, in the run's directory, and found there again."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agents.agent import Agent
from agents.apps.build import Lines, check_files, named_agent, of_file, resolve_config
from agents.apps.config import MOST_BUCKETS, AgentConfig
from agents.apps.own import own_agent, own_policy
from agents.apps.run import PREPARING, Progress
from agents.board_blueprint import BoardBlueprint, make_blueprint, make_policy_blueprint, make_uniform_blueprint, tree_of
from agents.opponents.bot import check_bot
from agents.opponents.builtin import BOTS
from agents.reporting.tables import cores, memory_text
from agents.search_agent import NOTHING, SearchAgent
from games.holdem.board_tree import game_size
from games.holdem.rules import HoldemGame
from games.holdem.subtree import entering
from games.settings import OWN
from search import Budget, Variant, memory_needed, represent
from search.boards.infostates import BoardInfostates, training_bytes

MOST_DECISIONS = 20_000  # of a game that is searched at each: every one of them is a solve
LOSSLESS, ABSTRACT, COPIES = 3, 4, 2  # arrays of a game's rows: that a solver has, without buckets and with, and a worker that measures


class HoldemKind:
    """See ``agents.apps.build.Kind``."""

    default_variant, size_unit, deep = "default_holdem", "action probabilities", BoardInfostates.deep
    policies = ("tabular", "network", "uniform")

    def __init__(self, game: HoldemGame) -> None:
        self.game, self.notes, self.valued = game, game.notes, not game.any_amount

    def strength(self, exploitability: float) -> dict[str, Any]:
        game, found = self.game, {"value": exploitability, "unit": "chips"}
        if game.betting.blinds:
            return found | {"mbb_per_game": 1000 * exploitability / (game.big_blind or 1.0)}
        return found | {"pot_fraction": exploitability / game.pot}

    def strength_text(self, exploitability: float) -> str:
        game = self.game
        if game.betting.blinds:
            return f"{1000 * exploitability / (game.big_blind or 1.0):.4g} mbb/g"
        return f"{100 * exploitability / game.pot:.3g} % of pot"

    def check_agent(self, agent: AgentConfig, variant: Variant, cores_each: int, bots: bool = False) -> None:
        known = (*self.policies, "bot") if bots else self.policies
        if agent.policy not in known and ":" not in agent.policy:
            raise ValueError(f"agent.policy must be {', '.join(known)} or {OWN} on hold'em, got {agent.policy!r}")
        if agent.buckets and len(agent.buckets) != len(self.game.deals):
            rule = f"a number from 0 to {MOST_BUCKETS:,} for each of {len(self.game.deals)} streets"
            raise ValueError(f"agent.buckets must be {rule}, got {agent.buckets}")
        if agent.policy != "tabular" and agent.buckets:
            raise ValueError(f"agent.buckets must be left out but for a tabular policy, got {agent.buckets}")
        if not 1 <= agent.threads <= cores_each:
            raise ValueError(f"agent.threads must be in 1..{cores_each} (cores a worker; executor=serial has one), got {agent.threads}")
        named_agent(lambda: resolve_config(agent))
        if ":" in agent.policy:
            own_policy(self.game, agent.policy)
        if agent.own is not None:
            own_agent(self.game, agent.own, self.stand_in())
        elif agent.think or agent.solve_from != AgentConfig.solve_from:  # the default is not thought of then
            self._check_roots(named_agent(lambda: SearchAgent(self.stand_in(), variant, agent.solve_from)))
        check_files(agent)
        if agent.policy == "network" and agent.checkpoint is not None:
            from agents.networks import policy_metadata

            checkpoint = Path(agent.checkpoint)
            of_file("agent.checkpoint", lambda: policy_metadata(checkpoint, self.game.key))

    def _check_roots(self, agent: SearchAgent) -> None:
        """Refuse a search at every decision of a game that has too many."""
        if agent.rounds is None and (decisions := game_size(self.game).decisions) > MOST_DECISIONS:
            rounds = f"round, root, {', '.join(self.game.rounds)}, or several rounds with + between"
            raise ValueError(
                f"agent.solve_from must be {rounds}, in a game of more than {MOST_DECISIONS:,} decisions, "
                f"got decision in one of {decisions:,}"
            )

    def check_memory(self, agents: Sequence[AgentConfig], variant: Variant, workers: int) -> None:
        size, free = game_size(self.game), free_memory()
        rows = represent(self.game).table_bytes
        solving = (ABSTRACT if any(any(agent.buckets) for agent in agents) else LOSSLESS) * rows + size.tree_bytes
        measuring = workers * (COPIES * rows + size.tree_bytes)
        if max(solving, measuring) > 0.9 * free:
            fix = "use executor.workers=1 or a smaller game" if measuring > solving else "use a smaller game"
            raise ValueError(
                f"game must fit into memory ({free / 1e9:.3g} GB are free), got about {max(solving, measuring) / 1e9:.2g} GB for "
                f"{size.boards:,} boards: {fix}"
            )

    def check_solving(self, variant: Variant) -> None:
        check_solving(self.game, variant, cores(), np.float32)

    def check_bot(self, bot: str) -> None:
        check_bot(bot, BOTS, ", on hold'em")

    def check_infostates(self) -> None:
        (boards, needed), free = training_bytes(self.game), free_memory()
        if needed > 0.9 * free:
            raise ValueError(
                f"game must fit into memory to be trained on ({free / 1e9:.3g} GB are free), got about {needed / 1e9:.2g} GB for "
                f"{boards:,} boards: {smaller_game(self.game)}"
            )

    def infostates(self) -> BoardInfostates:
        return BoardInfostates(self.game, tree_of(self.game))

    def blueprint_key(self, agent: AgentConfig) -> str:
        if agent.policy == "network":
            if agent.checkpoint is None:  # trained in this run
                return "network"
            from agents.networks import policy_metadata

            return f"network-{policy_metadata(Path(agent.checkpoint), self.game.key)['digest'][:8]}"
        if agent.policy == "uniform":
            return "uniform"
        if ":" in agent.policy:
            return "own-" + re.sub(r"\W+", "-", agent.policy)
        return "-".join(map(str, (agent.iterations, *(agent.buckets if any(agent.buckets) else ()))))

    def blueprint(self, agent: AgentConfig, variant: Variant, directory: Path, seed: int) -> BoardBlueprint:
        if agent.policy == "network":
            return self.network(Path(str(agent.checkpoint)), directory)[0]
        if agent.policy == "uniform":
            found = make_uniform_blueprint(self.game, directory)
        elif ":" in agent.policy:
            found = make_policy_blueprint(self.game, own_policy(self.game, agent.policy), directory)
        else:
            progress = Progress(f"blueprint {directory.name}", agent.iterations, "it", PREPARING)
            try:
                found = make_blueprint(
                    self.game, agent.buckets, variant, agent.iterations, directory, seed, os.cpu_count() or 1, progress.at
                )
            finally:
                progress.close()
        self._announce(found, f"{found.size:,} {self.size_unit}, ")
        return found

    def network(self, checkpoint: Path, directory: Path) -> tuple[BoardBlueprint, list[dict[str, Any]]]:
        from agents.network_blueprint import make_network_blueprint

        found, history = make_network_blueprint(self.game, checkpoint, directory)
        self._announce(found, f"{found.size:,} parameters, ")
        return found, history

    def _announce(self, made: BoardBlueprint, size: str) -> None:
        print(f"blueprint {made.name}: {size}{self.strength_text(made.exploitability)}{made.written()}", flush=True)

    def size(self, blueprint: BoardBlueprint) -> int:
        return blueprint.size

    def agent(self, agent: AgentConfig, blueprint: BoardBlueprint, variant: Variant) -> Agent[Any]:
        if agent.think and agent.own is not None:
            return own_agent(self.game, agent.own, blueprint)
        solve_from = agent.solve_from if agent.think else NOTHING
        return SearchAgent(blueprint, variant, solve_from, resolve_config(agent), threads=agent.threads)

    def alone(self, blueprint: BoardBlueprint, variant: Variant) -> SearchAgent:
        return SearchAgent(blueprint, variant, NOTHING)

    def alone_name(self, agent: AgentConfig, blueprint: BoardBlueprint) -> str:
        return f"blueprint {blueprint.name}"

    def references(self, variant: Variant, budgets: list[Budget]) -> Lines:
        return {}

    def announce(self, lines: Lines) -> None:
        for name, (agent, budgets) in lines.items():
            if agent.thinks and isinstance(agent, SearchAgent) and agent.rounds is not None:
                tree = agent.blueprint.tree
                solves = sum(2 * len(tree.on_street(s)) * len(entering(self.game, s)) for s in agent.rounds)
                print(f"{name}: at most {solves:,} subgames for both seats, at each of {len(budgets)} budgets", flush=True)

    def stand_in(self) -> BoardBlueprint:
        return BoardBlueprint(self.game, Path(), "trial", 0, math.nan, math.nan)


def check_solving(game: HoldemGame, variant: Variant, threads: int, storage: Any, half: Any = None) -> None:
    """Refuse a game that does not fit into memory to be solved; ``half`` is a smaller storage that might do."""
    boards, needed = memory_needed(game, variant, threads, storage)
    free = free_memory()
    if needed > 0.9 * free:
        least = math.inf if half is None else memory_needed(game, variant, threads, half)[1]
        raise ValueError(
            f"game must fit into memory ({memory_text(free)} are free), got {memory_text(needed)} for {boards:,} boards: "
            + (f"storage=16 takes {memory_text(int(least))}" if least <= 0.9 * free else smaller_game(game))
        )


def smaller_game(game: HoldemGame) -> str:
    """Say what makes a game smaller."""
    if game.betting.limit:
        return "use a lower game.max_raises or fewer game.deals"
    return "use fewer sizes (game.bets, game.raises, game.raise_cap) or start on a later street"


def free_memory() -> int:
    """Return how many bytes are free."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):  # no Linux: the whole memory is the only limit known
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
