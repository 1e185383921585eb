"""What commands do in hold'em: blueprints are made first, in the run's directory, and found there again."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from agents.agent import Agent
from agents.apps.build import (
    CONTINUATIONS,
    SAMPLED,
    TRAINED,
    Lines,
    blueprint_directory,
    check_depth,
    check_files,
    check_sampled_keys,
    flop_of,
    named_agent,
    of_file,
    resolve_config,
    untrained,
)
from agents.apps.config import MOST_BUCKETS, VIEW, AgentConfig, SolveConfig
from agents.apps.directory import solution_file
from agents.apps.output import say
from agents.apps.own import own_agent, own_policy
from agents.apps.run import PREPARING, Progress
from agents.blueprint import BlueprintAgent
from agents.board_blueprint import BoardBlueprint, make_blueprint, make_policy_blueprint, make_uniform_blueprint, tree_of
from agents.evaluation.locks import digest_of, locks_of
from agents.evaluation.solving import MORE, BoardSolving, smaller_game
from agents.no_limit.agent import BOUNDED, NoLimitAgent
from agents.no_limit.street_search import flop_memory
from agents.opponents.acpc import ACPC
from agents.opponents.bot import check_bot
from agents.opponents.builtin import BOTS
from agents.reporting.tables import cores, free_memory, memory_text
from agents.runtime.solution_file import check_solution
from agents.search_agent import SearchAgent
from games.game import find_decision
from games.holdem.acpc import check_game
from games.holdem.board_tree import game_size
from games.holdem.rules import HoldemGame, HoldemState, Place
from games.holdem.subtree import entering
from games.settings import OWN
from search import Budget, Variant, memory_needed, represent, useful_threads
from search.boards.continuations import board_continuation_limit
from search.boards.flop_ways import OFF
from search.boards.infostates import BoardInfostates, training_bytes
from search.continuations import DEFAULT_CONTINUATIONS, OPPONENT, biases, check_chooser
from search.frontier import DepthLimit
from search.resolver import rounds_of

STORAGE = {32: np.float32, 16: np.float16}  # of regrets and averages, by bits
MOST_DECISIONS = 20_000  # of a game that is searched at each: every one of them is a solve
LOSSLESS, ABSTRACT, COPIES = 3, 4, 2  # arrays of a game's rows: that a solver has, without buckets and with, and a worker that measures


@lru_cache(maxsize=1)
def infostates_of(game: HoldemGame) -> BoardInfostates:
    """Return what training sees of a game."""
    return BoardInfostates(game, tree_of(game))


def sampled_blueprint(game: HoldemGame, directory: Path) -> Any:
    """Return the blueprint of a directory, with the networks that are in it."""
    from agents.bucket_blueprint import POLICIES, load_blueprint

    table = load_blueprint(game, directory)
    if not (directory / POLICIES).exists():
        return table
    from agents.street_blueprint import load_street_blueprint  # imports torch, which takes seconds

    return load_street_blueprint(table, directory / POLICIES)


class HoldemKind:
    """See ``agents.apps.build.Kind``."""

    default_variant, size_unit, deep = "default_holdem", "action probabilities", BoardInfostates.deep
    policies = ("tabular", "network", "uniform", SAMPLED)

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
        if agent.policy == SAMPLED:
            self._check_any_amount(agent, variant)
        elif agent.own is not None:
            own_agent(self.game, agent.own, self.stand_in())
        elif agent.think or agent.solve_from != AgentConfig.solve_from:  # the default is not thought of then
            self._check_roots(named_agent(lambda: SearchAgent(self.stand_in(), variant, agent.solve_from)))
        check_files(agent)
        check_sampled_keys(agent)
        self._check_depth(agent, variant)
        if agent.policy == SAMPLED:
            self.blueprint(agent, variant, Path(), 0)
        if agent.policy == "network" and not untrained(agent):
            from agents.networks import policy_metadata

            checkpoint = Path(str(agent.checkpoint))
            of_file("agent.checkpoint", lambda: policy_metadata(checkpoint, self.game.key))

    def _check_depth(self, agent: AgentConfig, variant: Variant) -> None:
        """Refuse a depth limit that cannot be made; its file is read."""
        if agent.depth is not None:
            raise ValueError(f"agent.depth must be left out in hold'em, where depth limits are a street's end, got {agent.depth}")
        check_depth(agent, "street_values")
        if agent.values is None:
            return
        if agent.policy in (SAMPLED, "bot"):
            raise ValueError(f"agent.values must be left out where the policy is {agent.policy}, got {agent.values}")
        if agent.threads != 1:
            raise ValueError(f"agent.threads must be 1 where agent.values ends searches, got {agent.threads}")
        if agent.bounds == "distributional":
            raise ValueError("agent.bounds must be safe or estimate where agent.values ends searches, got distributional")
        rounds = named_agent(lambda: rounds_of(agent.solve_from, self.game.rounds))
        if rounds != (1, 2):
            names = "+".join(self.game.rounds[1:3])
            raise ValueError(f"agent.solve_from must be {names} where agent.values ends searches, got {agent.solve_from!r}")
        if agent.values == CONTINUATIONS:
            named_agent(lambda: biases(agent.continuations or DEFAULT_CONTINUATIONS))
            named_agent(lambda: check_chooser(agent.chooser or OPPONENT))
        else:
            self._limit(agent, agent.values, None)

    def _limit(self, agent: AgentConfig, values: str, blueprint: Any) -> DepthLimit[HoldemState]:
        """Return a depth limit with a file's networks, or the blueprint's continuations; new networks stand for some yet to be trained."""
        if values == CONTINUATIONS:
            count, chooser = agent.continuations or DEFAULT_CONTINUATIONS, agent.chooser or OPPONENT
            return board_continuation_limit(blueprint.strategy(), count, chooser)
        from agents.networks.street_values import load_street_values, new_street_values

        tree = tree_of(self.game)
        if values == TRAINED:
            return new_street_values(self.game, tree)
        return of_file("agent.values", lambda: load_street_values(Path(values), self.game, tree))

    def _check_any_amount(self, agent: AgentConfig, variant: Variant) -> None:
        """Refuse an agent of a sampled blueprint that cannot be made."""
        if not self.game.any_amount:
            raise ValueError(
                "agent.policy must not be sampled where somebody knows the menu's sizes alone, as all but sampled policies and bots do, or "
                "game.amounts=menu says so, got sampled"
            )
        if agent.own is not None:
            raise ValueError(f"agent.own must be left out where the policy is sampled, got {agent.own!r}")
        if agent.gadget not in BOUNDED:
            raise ValueError(f"agent.gadget must be one of {', '.join(BOUNDED)} where the policy is sampled, got {agent.gadget!r}")
        if agent.think:
            rounds = named_agent(lambda: rounds_of(agent.solve_from, self.game.rounds))
            if rounds is None or 0 in rounds:
                raise ValueError(f"agent.solve_from must be rounds after the first by name, with + between, got {agent.solve_from!r}")
            self._check_flop(agent, variant)

    def _check_flop(self, agent: AgentConfig, variant: Variant) -> None:
        """Refuse a way to solve the flop that the game or the memory does not allow."""
        flop = flop_of(agent, self.game)
        if flop == OFF:
            return
        (boards, most), free = named_agent(lambda: flop_memory(self.game, flop, variant, agent.threads)), free_memory()
        if most > 0.9 * free:
            raise ValueError(
                f"agent.flop must fit into memory ({memory_text(free)} are free), got {flop}, which takes {memory_text(most)} for "
                f"{boards:,} boards"
            )

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

    def check_solvable(self, variant: Variant, threads: int = 0, bits: int = 32, choice: bool = False) -> None:
        """Refuse a game that does not fit; ``choice`` says that 16 bits may be what helps."""

        def needed(storage: int) -> tuple[int, int]:
            return memory_needed(self.game, variant, threads or cores(), STORAGE[storage])

        (boards, most), free = needed(bits), free_memory()
        if most > 0.9 * free:
            fits = choice and (half := needed(16)[1]) <= 0.9 * free
            raise ValueError(
                f"game must fit into memory ({memory_text(free)} are free), got {memory_text(most)} for {boards:,} boards: "
                + (f"storage=16 takes {memory_text(half)}" if fits else smaller_game(self.game))
            )

    def check_solve(self, config: SolveConfig, variant: Variant) -> None:
        if not 0 <= config.threads <= cores():
            raise ValueError(f"threads must be in 0..{cores()} (the cores of this machine; 0: as many as pay), got {config.threads}")
        locks_of(self.game, config.locks())
        self.check_solvable(variant, config.threads, config.storage, choice=True)
        if config.saves() == VIEW and len(self.game.deals) > 1 and self.game.betting.rake:
            raise ValueError(f"save must be true or false with game.rake (a view's last street is solved again, without rake), got {VIEW}")
        if config.saves() == VIEW and len(self.game.deals) > 1 and config.locks():
            raise ValueError(f"save must be true or false with lock (a view's last street is solved again, without locks), got {VIEW}")
        if config.load == "":
            raise ValueError("load must be a file that save=true wrote, got ''")
        if config.load is not None:
            storage, locks = STORAGE[config.storage], digest_of(locks_of(self.game, config.locks()))
            done, asked = check_solution(solution_file(config.load), self.game, variant, storage, locks), config.budget.iterations
            if asked is not None and asked < done:
                raise ValueError(f"budget.iterations must be at least the {done} that load has done (it is the total), got {asked}")
        if self._places(config) and config.budget.iterations == 0 and config.load is None:
            raise ValueError(f"show must be left out of a solve without an iteration, got {config.show!r} ({MORE})")

    def solving(self, config: SolveConfig, variant: Variant) -> BoardSolving:
        threads = config.threads or useful_threads(self.game, cores())
        locks = locks_of(self.game, config.locks())
        return BoardSolving(self.game, variant, threads, STORAGE[config.storage], self._places(config), locks)

    def _places(self, config: SolveConfig) -> list[tuple[str, Place]]:
        """Return the decisions to show besides the first with their lines; refuses lines that do not lead to one."""
        found = [(line, self.game.locate(find_decision(self.game, line, key))) for key, line in config.lines().items()]
        return [(line, place) for line, place in found if place is not None]

    def check_bot(self, bot: str) -> None:
        if bot == ACPC:
            check_game(self.game)
        else:
            check_bot(bot, (*BOTS, ACPC), ", on hold'em")

    def check_infostates(self) -> None:
        (boards, needed), free = training_bytes(self.game), free_memory()
        if needed > 0.9 * free:
            raise ValueError(
                f"game must fit into memory to be trained on ({free / 1e9:.3g} GB are free), got about {needed / 1e9:.2g} GB for "
                f"{boards:,} boards: {smaller_game(self.game)}"
            )

    def infostates(self) -> BoardInfostates:
        return infostates_of(self.game)

    def blueprint_key(self, agent: AgentConfig) -> str:
        if agent.policy == "network":
            if untrained(agent):  # trained in this run
                return "network"
            from agents.networks import policy_metadata

            return f"network-{policy_metadata(Path(str(agent.checkpoint)), self.game.key)['digest'][:8]}"
        if agent.policy == "uniform":
            return "uniform"
        if agent.policy == SAMPLED:
            return f"sampled-{agent.blueprint}"
        if ":" in agent.policy:
            return "own-" + re.sub(r"\W+", "-", agent.policy)
        return "-".join(map(str, (agent.iterations, *(agent.buckets if any(agent.buckets) else ()))))

    def blueprint(self, agent: AgentConfig, variant: Variant, directory: Path, seed: int) -> Any:
        if agent.policy == "network":
            return self.network(Path(str(agent.checkpoint)), directory)[0]
        if agent.policy == SAMPLED:
            return of_file("agent.blueprint", lambda: sampled_blueprint(self.game, blueprint_directory(str(agent.blueprint))))
        if agent.policy == "uniform":
            found = make_uniform_blueprint(self.game, directory)
        elif ":" in agent.policy:
            found = make_policy_blueprint(self.game, own_policy(self.game, agent.policy), directory)
        else:
            with Progress(f"blueprint {directory.name}", agent.iterations, "it", PREPARING) as progress:
                threads = os.cpu_count() or 1
                found = make_blueprint(self.game, agent.buckets, variant, agent.iterations, directory, seed, threads, progress.at)
        self._announce(found, f"{found.size:,} {self.size_unit}, ")
        return found

    def network(self, checkpoint: Path, directory: Path) -> tuple[BoardBlueprint, list[dict[str, Any]]]:
        from agents.networks.blueprint import make_network_blueprint

        found, history = make_network_blueprint(self.game, checkpoint, directory)
        self._announce(found, f"{found.size:,} parameters, ")
        return found, history

    def _announce(self, made: BoardBlueprint, size: str) -> None:
        say(f"blueprint {made.name}: {size}{self.strength_text(made.exploitability)}{made.written()}")

    def size(self, blueprint: BoardBlueprint) -> int:
        return blueprint.size

    def agent(self, agent: AgentConfig, blueprint: Any, variant: Variant) -> Agent[Any]:
        if agent.policy == SAMPLED:
            streets, off_tree = agent.solve_from if agent.think else None, agent.off_tree or "insert"
            return NoLimitAgent(
                self.game, blueprint, variant, streets, threads=agent.threads, gadget=agent.gadget, off_tree=off_tree,
                flop=flop_of(agent, self.game),
            )  # fmt: skip
        if not agent.think:
            return BlueprintAgent(blueprint)
        if agent.own is not None:
            return own_agent(self.game, agent.own, blueprint)
        limit = None if agent.values is None else self._limit(agent, agent.values, blueprint)
        return SearchAgent(blueprint, variant, agent.solve_from, resolve_config(agent), threads=agent.threads, limit=limit)

    def alone_name(self, agent: AgentConfig, blueprint: BoardBlueprint) -> str:
        return f"blueprint {blueprint.name}"

    def references(self, variant: Variant, budgets: list[Budget]) -> Lines:
        return {}

    def announce(self, line: str, agent: AgentConfig, blueprint: BoardBlueprint, budgets: int) -> None:
        rounds = None if agent.own else rounds_of(agent.solve_from, self.game.rounds)
        if rounds is not None:
            solves = sum(2 * len(blueprint.tree.on_street(s)) * len(entering(self.game, s)) for s in rounds)
            say(f"{line}: at most {solves:,} subgames for both seats, at each of {budgets} budgets")

    def stand_in(self) -> BoardBlueprint:
        return BoardBlueprint(self.game, Path(), "trial", 0, float("nan"), float("nan"))
