"""A solve from the outside, the same for every game: get ready, say how large the work is, read the answer, save and draw it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from agents.evaluation.locks import Lock, digest_of, held_decisions, lock_rows, locked_note, locked_row, locked_text, mark_locked
from agents.policy import policy_table
from agents.reporting.equity import players_table, position_text, worth_rows
from agents.reporting.hand_grid import decision, decision_table, write_decision
from agents.reporting.tables import Row, counted, duration, free_memory, memory_text, table, warned, write_json
from agents.runtime.solution_file import load_solution, save_solution
from agents.runtime.view_file import save_view
from games import PublicTree
from games.derived import derived_game
from games.holdem.board_tree import game_size
from games.holdem.cards import cards_text
from games.holdem.rules import HoldemGame, Place
from search import Anytime, BoardSolver, BoardStrategy, Budget, Solution, Solver, Strategy, Variant, uniform

TRIALS, TRIAL_SECONDS = 20, 0.05  # of timing an iteration: calls, and seconds of them, at most
MORE = "give a larger budget.seconds or budget.iterations"
ROUNDING = 1e-3  # of the pot: rounding errors of the values that are said beside them (docs/notebook/holdem.md)


class Solving(Protocol):
    """A game that is being solved.

    Attributes:
        stake: chips that an exploitability is compared with, once it is warm.
        stake_text: what they are called.
        threads: kernel threads.
        locks: decisions whose strategy is given.
    """

    stake: float
    stake_text: str
    threads: int
    locks: Sequence[Lock]

    @property
    def solver(self) -> Anytime[Any]:
        """The solver, once it is warm."""

    def warm_up(self) -> float:
        """Compile; return about the seconds that an iteration takes."""

    def memory_bytes(self) -> int:
        """Return the size of all arrays."""

    def size_text(self) -> str:
        """Return how large the game is."""

    def load(self, file: Path) -> None:
        """Go on from what ``save`` wrote."""

    def result(self, solution: Solution[Any]) -> Row:
        """Return what ``result.json`` says of a solution besides its exploitability."""

    def text(self, result: Row, exploitability: float, asked: int | None) -> str:
        """Return what people read after the exploitability; ``asked`` are the iterations of the budget."""

    def save(self, directory: Path, settings: Sequence[str] = (), view: bool = False) -> None:
        """Write the answer so far, whole or not at all.

        Args:
            directory: of the run.
            settings: overrides that make the game.
            view: write only what is looked at, of hold'em, see ``agents.runtime.view_file``.
        """

    def draw(self, result: Row, directory: Path, strength: str, reason: str | None) -> None:
        """Write figures and tables of what was found; ``reason`` says why it is no solution."""


class TreeSolving:
    """See ``Solving``: a game derived from OpenSpiel."""

    solver: Solver
    stake: float
    stake_text, threads = "uniform play's", 1

    def __init__(self, tree: PublicTree, variant: Variant, locks: Sequence[Lock] = ()) -> None:
        self.tree, self.variant, self.locks = tree, variant, locks

    def warm_up(self) -> float:
        self.solver = Solver(self.tree, self.variant)
        self.solver.run(1)
        self.stake = self.solver.exploitability(uniform(self.tree))  # without locks, which uniform play does not keep
        self.solver.hold({lock.state: (lock.policy, lock.hands) for lock in self.locks})
        seconds = seconds_of(lambda: self.solver.run(1))
        self.solver.start(self.solver.subgame)
        return seconds

    def memory_bytes(self) -> int:
        return self.solver.memory_bytes()

    def size_text(self) -> str:
        hands = f"{self.tree.num_hands(0):,} and {self.tree.num_hands(1):,} hands"
        return f"{counted(self.tree.num_nodes, 'public node')}, {hands}, {memory_text(self.memory_bytes())}"

    def load(self, file: Path) -> None:
        raise NotImplementedError

    def result(self, solution: Solution[Strategy]) -> Row:
        values = list(self.solver.evaluator.values(solution.strategy))
        best = self.solver.best_response_values(solution.strategy, free=True) if self.locks else None
        return {"values": values} | locked_row(self.locks, values, best)

    def text(self, result: Row, exploitability: float, asked: int | None) -> str:
        return f", value {result['values'][0]:.6g} to the first player\n{locked_text(derived_game(self.tree), result, self.locks)}"

    def save(self, directory: Path, settings: Sequence[str] = (), view: bool = False) -> None:
        write_json(directory / "policy.json", policy_table(self.solver.answer()))

    def draw(self, result: Row, directory: Path, strength: str, reason: str | None) -> None:
        """Draw nothing."""


class BoardSolving:
    """See ``Solving``: hold'em.

    Args:
        game: what is solved.
        variant: of CFR.
        threads: kernel threads.
        storage: dtype of regrets and averages.
        places: decisions to show besides the first, with their lines.
        locks: decisions whose strategy is given.

    Raises:
        OSError: memory ran out.
    """

    def __init__(
        self,
        game: HoldemGame,
        variant: Variant,
        threads: int,
        storage: Any = np.float32,
        places: Sequence[tuple[str, Place]] = (),
        locks: Sequence[Lock] = (),
    ) -> None:
        self.game, self.threads, self.places, self.locks, self.free = game, threads, places, locks, free_memory()
        self.stake, self.stake_text = game.pot, "the blinds" if game.betting.blinds else "the pot"
        try:
            self.solver = BoardSolver(game, variant, threads, storage=storage)
            if locks:
                self.solver.hold(held_decisions(game, locks))
        except MemoryError:
            raise OSError(f"game must fit into memory, got more than was free while it was built: {smaller_game(game)}") from None

    def warm_up(self) -> float:
        self.solver.warm_up()
        return seconds_of(self.solver.best_response_values)  # which visit the same boards as an iteration, and change nothing

    def memory_bytes(self) -> int:
        return self.solver.memory_bytes()

    def size_text(self) -> str:
        """Return memory, hands, boards and nodes; of a large game also what costs most."""
        game, needed, large = self.game, self.memory_bytes(), ""
        if needed > self.free / 2:
            rows = game_size(game).street_rows
            most = int(np.argmax(rows))
            share = f"{100 * rows[most] / sum(rows):.0f} % of it for the {game.rounds[most]}"
            large = f" of {memory_text(self.free)} free, {share}: {smaller_game(game)}"
        hands = " and ".join(f"{int(np.count_nonzero(live)):,}" for live in game.ranges)
        size = f"{counted(len(self.solver.tree.cards), 'board')}, {counted(len(game.bets.player), 'node')} of betting"
        return f"{memory_text(needed)}{large}; {hands} hands, {size}"

    def load(self, file: Path) -> None:
        load_solution(self.solver, file, digest_of(self.locks))

    def result(self, solution: Solution[BoardStrategy]) -> Row:
        """Return values, and the decisions that are shown: none before the first iteration."""
        game, solver, apart = self.game, self.solver, self.solver.values_apart()
        values, rake = [(apart[0] - apart[1]) / 2, (apart[1] - apart[0]) / 2], solver.mean_rake()
        if game.betting.rake:
            values = list(apart)
        result: Row = {"values": values, "rounding_pot_fraction": abs(sum(apart) + rake) / game.pot, "boards": len(solver.tree.cards)}
        result |= {"rake": rake} if game.betting.rake else {}
        result |= {"storage": 8 * solver.storage.itemsize, "root": None, "nodes": []}
        if self.locks:
            result |= locked_row(self.locks, values, solver.free_best_response_values())
        if solution.iterations:
            shown = [(line, cards_text(place.cards), self.decision(place)) for line, place in self.places]
            root = Place(0, solver.tree.cards[0])
            result |= {"root": self.decision(root), "nodes": [{"line": line, "board": board, **node} for line, board, node in shown]}
        return result if game.betting.blinds else result | {"ev": [value + game.pot / 2 for value in values]}

    def decision(self, place: Place) -> Row:
        """Return a decision as ``result.json`` has it; it says whether it is locked."""
        return mark_locked(self.game, self.locks, self.game.state_at(*place), decision(self.solver, *place))

    def text(self, result: Row, exploitability: float, asked: int | None) -> str:
        what, values = ("EV, chips", result["ev"]) if "ev" in result else ("value, chips", result["values"])
        rows, root = [[what, *(f"{value:z.4f}" for value in values)]], result["root"]
        parts = [f" ({exploitability:.4g} chips)\n"]
        if root:
            values_table = table(["", *(position_text(self.game, p) for p in (0, 1))], [*rows, *worth_rows(root)])
            parts.append(f"{values_table}\n\n{decision_table(root)}\n")
        if asked is None and self.solver.iterations == (most := self.solver.enough):
            parts.append(f"ended: in float32 more iterations add nothing; budget.iterations asks for more than {most:,}\n")
        if "rake" in result:
            parts.append(f"mean rake: {result['rake']:.4f} chips a deal, which both players together lose\n")
        if (missed := result["rounding_pot_fraction"]) > ROUNDING:
            deep = "so deep, float32 has no better ones (docs/notebook/holdem.md)"
            parts.append(f"rounding: the EVs miss the pot by {missed:.1%} of it; {deep}\n")
        for i, node in enumerate(result["nodes"]):
            head = f"\nnode_{i}: {node['line']}{' (locked)' * ('locked' in node)}\n"
            parts.append(f"{head}{decision_table(node)}\n\n{players_table(node)}\n")
        parts.append(locked_text(self.game, result, self.locks))
        return "".join(parts)

    def save(self, directory: Path, settings: Sequence[str] = (), view: bool = False) -> None:
        locked = lock_rows(self.locks)
        if view:
            save_view(self.solver, directory / "view.npz", settings, locked)
        else:
            save_solution(self.solver, directory / "solution.npz", settings, digest_of(self.locks), locked)

    def draw(self, result: Row, directory: Path, strength: str, reason: str | None) -> None:
        """Draw every decision that is shown; remove those that an earlier run in this directory showed beyond them."""
        for file in directory.glob("node_*.*"):
            shown = re.fullmatch(r"node_([0-9]+)\.(csv|png|svg)", file.name)
            if shown and int(shown[1]) >= len(result["nodes"]):
                file.unlink()
        drawn = [("root", "first decision", result["root"])] if result["root"] else []
        for name, line, node in [*drawn, *((f"node_{i}", node["line"], node) for i, node in enumerate(result["nodes"]))]:
            of_locks = ", locked" if "locked" in node else locked_note(self.locks)
            title = warned(f"{self.game.name}: {line}{of_locks}, exploitability {strength}", reason)
            write_decision(node, self.game.deck, title, directory, name)


def seconds_of(once: Callable[[], object]) -> float:
    """Return about what a call takes: the least of a few in a moment, after one that may compile."""
    once()
    spent = list[float]()
    while not spent or (len(spent) < TRIALS and sum(spent) < TRIAL_SECONDS):
        start = time.perf_counter()
        once()
        spent.append(time.perf_counter() - start)
    return min(spent)


def work_text(solving: Solving, budget: Budget, seconds: float, strength_text: Callable[[float], str]) -> str:
    """Return what a solve comes to in a line: its size, its time, and its target.

    Args:
        solving: warm.
        budget: of the solve.
        seconds: that an iteration takes.
        strength_text: how an exploitability reads.
    """
    done, target = solving.solver.iterations, budget.exploitability
    left = budget if budget.iterations is None else replace(budget, iterations=max(budget.iterations - done, 0))
    aims = [] if target is None else dict.fromkeys((f"{target:.4g} chips", strength_text(target)))
    return f"{solving.size_text()}; {expected(left, seconds)}" + (f"; until {', '.join(aims)}" if aims else "")


def expected(budget: Budget, seconds: float) -> str:
    """Say what a budget comes to on a machine that needs so many seconds an iteration."""
    pace = f"about {duration(seconds)} an iteration on this machine"
    if budget.iterations is not None:
        return f"{pace}, {duration(seconds * budget.iterations)} for {counted(budget.iterations, 'iteration')}"
    if budget.seconds is None:
        return f"{pace}, {duration(100 * seconds)} for 100 of them"
    fits, asked = int(budget.seconds / seconds), f"budget.seconds={budget.seconds:g}"
    return f"{pace}, " + (f"so {fits:,} in {asked}" if fits else f"which {asked} is too short for")


def smaller_game(game: HoldemGame) -> str:
    """Say what makes a game smaller."""
    if game.betting.limit:
        return "use a lower game.max_raises or fewer game.deals"
    return "use fewer sizes (game.bets, game.raises, game.raise_cap) or start on a later street"
