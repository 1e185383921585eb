"""The solver of hold'em: alternating CFR on a board tree, by one thread or several, anytime, within a budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from games.holdem.board_tree import BoardTree, board_tree, game_size
from games.holdem.layout import rake_forests, whole_forests, whole_streets
from games.holdem.rules import HoldemGame
from games.kernels import LANES
from games.kernels.boards import Forest
from search.anytime import Anytime
from search.boards.held import HeldDecision, HeldRows, held_rows
from search.boards.river_draws import RiverDraws, dealt_rows
from search.boards.root_gadget import RootGadget
from search.boards.strategy import BoardStrategy, play_alike
from search.boards.sweeps import BoardSweeps, StoredRows, no_marks, workspace_bytes
from search.boards.workspace import Workspace
from search.kernels.streets import BEST, VALUE
from search.tree.evaluator import exploitability_of
from search.variants import BLOCK, Variant, coefficients, thinned_coefficients, windowed_coefficients

Rows = npt.NDArray[Any]
# Stored rows of a game of one board below which threads wait for each other longer than they save. To 0.1 % of the pot two threads took
# 9.0 ms against 6.9 with one on RB (1,456 rows), but 30 against 43 on RA (7,616): python benchmarks/holdem.py. The bound is in between.
FEW_ROWS = 3_000
# Beyond, regrets change by less than float32 can tell: on RB exploitability was least at 131,072 iterations (1e-5 chips, 5e-8 of the pot)
# and twenty times as much at twice as many; in float64 it goes on falling.
ENOUGH_32 = 1 << 17
# In 16 bits nothing exceeds 65,504. A hand of weight 1 has this reach at the root, and averages are at most WINDOW times as large.
REACH_16 = 4.0
# No regret of an iteration exceeds this, so by regret matching's bound no sum of T exceeds REGRET_16 * sqrt(A * T): room for millions.
# Negative ones that grow with T (CFR, Linear CFR) end at -65,504, as those of CFR+ do at 0.
REGRET_16 = 16.0


@dataclass(frozen=True)
class BoardValues:
    """What one player has at one board when both play the average strategies.

    Attributes:
        hands: [n] index of each hand.
        cfvs: [rows, n] cfv of each of the player's rows of the street, in chips, weighted by the opponent's reach.
    """

    hands: npt.NDArray[np.int64]
    cfvs: npt.NDArray[np.float64]


def memory_needed(game: HoldemGame, variant: Variant, threads: int = 1, storage: Any = np.float32) -> tuple[int, int]:
    """Return how many boards a game has and how many bytes it takes to solve in float32, at most, without building it.

    Args:
        game: to be solved.
        variant: of CFR.
        threads: kernel threads.
        storage: dtype of regrets and averages.
    """
    size, forests = game_size(game), whole_forests(game.bets, np.dtype(np.float32))
    nowhere = max(-(-int(np.count_nonzero(live)) // LANES) for live in game.ranges) * LANES
    kept = sum(size.rows) * LANES * np.dtype(storage).itemsize * (3 if variant.predictive else 2)
    tree = size.tree_bytes + sum(a.nbytes for forest in forests for a in forest)
    solving = kept + workspace_bytes(forests, nowhere, threads, itemsize=4) + tree
    return size.boards, max(solving, 6 * tree)  # while the tree is built its indices have eight bytes


def state_names(variant: Variant) -> list[str]:
    """Return the names of ``BoardSolver.state``: of each player what is matched, if a prediction is added, besides regrets and averages."""
    return [f"{name}_{p}" for name in ("regret", "average", *(["matching"] if variant.predictive else [])) for p in (0, 1)]


def largest_state(game: HoldemGame) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the shape of each player's arrays in ``BoardSolver.state`` without building the game: their rows at most."""
    first, second = game_size(game).rows
    return (first, LANES), (second, LANES)


def useful_threads(game: HoldemGame, cores: int) -> int:
    """Return how many threads to solve with: all cores, or one where a second does not pay (see ``FEW_ROWS``)."""
    size = game_size(game)
    return 1 if size.boards == 1 and sum(size.rows) < FEW_ROWS else cores


def _largest_amount(tree: BoardTree) -> float:
    return max(float(np.abs(amounts).max()) for forest in tree.forests for amounts in (forest.show_amount, forest.fold_amount))


def _in_units(forests: tuple[Forest, Forest], unit: float) -> tuple[Forest, Forest]:
    """Return forests whose amounts are in units: powers of two, so that none is rounded."""
    first, second = (
        forest._replace(show_amount=forest.show_amount * np.float32(unit), fold_amount=forest.fold_amount * np.float32(unit))
        for forest in forests
    )
    return first, second


class BoardSolver(Anytime[BoardStrategy]):
    """CFR on a hold'em game or spot. Arrays are allocated once. Results do not depend on the number of threads.

    Args:
        game: what is solved.
        variant: of CFR.
        threads: kernel threads; every one of them is busy until all are done.
        dtype: of all arrays: f4, or f8 to measure what f4 costs in precision.
        storage: of regrets and averages: ``dtype`` unless given; f2 takes half the memory of f4 (see ``games.kernels.stored``). Both are
            then in units that fit, and averages those of ``windowed_coefficients``.
        workspace: memory and threads that another solver leaves to this one.
        gadget: above the root; exploitability and values are those of the game without it.
        rivers: how many cards of the last street an iteration deals after each board, drawn anew, for whoever wants the streets before it
            (``search.boards.river_draws``); None for all. Exploitability and values are those of all.

    Raises:
        ValueError: an unknown storage, or a gadget above a raked game.
    """

    def __init__(
        self,
        game: HoldemGame,
        variant: Variant,
        threads: int = 1,
        dtype: Any = np.float32,
        storage: Any = None,
        workspace: Workspace | None = None,
        gadget: RootGadget | None = None,
        rivers: int | None = None,
    ) -> None:
        super().__init__()
        if gadget is not None:
            game.require_no_rake()
        self.game, self.variant, self.threads, self.dtype = game, variant, threads, np.dtype(dtype)
        self.storage = self.dtype if storage is None else np.dtype(storage)
        if self.storage not in (self.dtype, np.float16):
            raise ValueError(f"storage must be {self.dtype} or float16, got {self.storage}")
        if self.dtype == np.float32:
            self.enough = ENOUGH_32
        self._most = (float(game.ranges[0].max()), float(game.ranges[1].max()))  # float32 has no 1e-50: the largest weight becomes 1
        self._even = game.ranges[0] / self._most[0], game.ranges[1] / self._most[1]
        self.tree, self._coefficients = board_tree(game, dtype), coefficients if self.dtype == np.float64 else thinned_coefficients
        self._reach_unit, self._cfv_unit = 1.0, 1.0  # what a reach of 1 and a cfv of a chip are in the arrays
        if self.storage == np.float16:
            regret = 2 * _largest_amount(self.tree) * max(float(live.sum()) for live in self._even)  # of one iteration, at most
            self._coefficients = windowed_coefficients
            self._reach_unit, self._cfv_unit = REACH_16, 2.0 ** int(np.floor(np.log2(REGRET_16 / regret)))
            self.tree = replace(self.tree, forests=_in_units(self.tree.forests, self._cfv_unit / self._reach_unit))
        space = workspace or Workspace()
        self._sweeps = BoardSweeps(self.tree, threads, dtype, space)
        self._rivers, self._draws = rivers, None if rivers is None else RiverDraws(self.tree, rivers)
        boards = [len(self.tree.on_street(street)) for street in range(len(self.tree.forests[0].table))]
        self.check_iterations = sum(boards) / dealt_rows(boards, boards, rivers)
        self._done = self._sweeps.done

        def stored(name: str) -> tuple[Rows, ...]:
            return tuple(space.zeros(f"{name} {p}", rows, self.storage) for p, rows in enumerate(self.tree.stored_rows))

        self.regret, self.average = stored("regret"), stored("average")
        self.matching = self.regret
        self._alike = True  # whether alike hands' averages are equal: see ``play_alike``
        if variant.predictive:
            self.matching = stored("matching")
        for p, live in enumerate(self._even):
            self._sweeps.reach[p][: np.count_nonzero(live), 0] = self._reach_unit * live[live > 0]
        self._held: tuple[HeldRows, ...] = ()
        self._model = tuple(reach.copy() for reach in self._sweeps.reach) if gadget else ()  # what a gadget changes
        self._gadget = gadget.opened(self.tree, self._sweeps) if gadget else None

    @cached_property
    def _mass(self) -> float:
        """Sum of the products of both players' weights, the largest of each 1: what values are divided by."""
        return self.game.mass_of(*self._even)

    @cached_property
    def _rake_forests(self) -> tuple[Forest, Forest]:
        return _in_units(rake_forests(self.game.bets, self.dtype), self._cfv_unit / self._reach_unit)

    @cached_property
    def _rows_dealt(self) -> int:
        streets = range(len(self.tree.forests[0].table) + 1)
        ends = [sum(self.tree.stored_shape(p, street)[0] for p in (0, 1)) for street in streets]
        boards = [len(self.tree.on_street(street)) for street in streets[:-1]]
        return dealt_rows([end - begin for begin, end in pairwise(ends)], boards, self._rivers)

    @property
    def rows(self) -> int:
        """Return the stored rows of both players that an iteration goes over, see ``search.boards.river_draws.dealt_rows``."""
        return self._rows_dealt

    def memory_bytes(self) -> int:
        """Return the size of the solver's and the tree's arrays in bytes."""
        kept = [*self.regret, *self.average, *(self.matching if self.variant.predictive else ())]
        return sum(a.nbytes for a in kept) + self._sweeps.memory_bytes() + self.tree.memory_bytes()

    def hold(self, decisions: Sequence[HeldDecision]) -> None:
        """Hold the strategies of some decisions from here on, see ``search.boards.held``; those before are free again.

        Raises:
            ValueError: a decision on a street whose cards are drawn.
        """
        if self._draws is not None and any(self.game.bets.round[held.node] == len(self.game.deals) - 1 for held in decisions):
            raise ValueError("rivers must be left out where decisions on the last street are held")  # boards have other numbers when drawn
        self._held = held_rows(self.game, self.tree, decisions, self.dtype) if decisions else ()
        none = no_marks(self.dtype)
        self._sweeps.hold((self._held[0].marks, self._held[1].marks) if self._held else (none, none))
        self._write_held()

    def _write_held(self) -> None:
        for p, held in enumerate(self._held):
            for rows in (self.regret, self.matching):
                held.write(rows[p])
        self._alike = False

    def warm_up(self) -> None:
        """Compile or load the kernels, without doing any work."""
        self._sweeps.update(self._rows(self.matching), self._coefficients(self.variant), 0, 0)
        play_alike(replace(self.tree, boards=self.tree.boards[:0]), 0, np.zeros((0, LANES), self.dtype))

    def run(self, iterations: int) -> None:
        """Do that many iterations."""
        self._alike = False
        while iterations > 0:
            block, begin = divmod(self.iterations, BLOCK)
            end = min(begin + iterations, BLOCK) if self._draws is None else begin + 1
            weights = self._coefficients(self.variant, block)
            with self._dealt():
                self._sweeps.update(self._rows(self.matching), weights, begin, end, self._gadget)
            iterations -= end - begin

    @contextmanager
    def _dealt(self) -> Iterator[None]:
        """Let sweeps look at what the next iteration deals."""
        if self._draws is not None:
            self._sweeps.look_at(self._draws.tree(self.iterations))
        try:
            yield
        finally:  # Ctrl-C comes after a sweep
            self._sweeps.look_at(self.tree)

    def answer(self) -> BoardStrategy:
        """Return the average strategies, as a view: they change when solving goes on."""
        self._play_alike()
        return BoardStrategy(self.game, self.tree, (self.average[0], self.average[1]))

    def exploitability(self, strategy: BoardStrategy | None = None) -> float:
        """Return NashConv / 2 of the average strategies in chips a deal."""
        if strategy is not None and strategy.average[0] is not self.average[0]:
            raise ValueError("strategy must be this solver's answer, got another's")
        first, second = self._values(BEST)
        own = self._values(VALUE) if self.game.betting.rake else (0.0, 0.0)  # which add up to 0 without rake
        return exploitability_of(first - own[0], second - own[1])

    def best_response_values(self) -> tuple[float, float]:
        """Return what a best response of each player has against the other one's average strategy, in chips a deal."""
        return self._values(BEST)

    def best_response_cfvs(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return per player [H], what each hand's best response wins at the root, in chips, weighted by the opponent's reach."""
        self._values(BEST)
        found = np.zeros((2, len(self.game.hands)))
        for p, (own, cfv) in enumerate(zip(self._even, self._sweeps.cfv, strict=True)):
            live = own > 0
            found[p, live] = cfv[: np.count_nonzero(live), 0] * (self._most[1 - p] / (self._reach_unit * self._cfv_unit))
        return found[0], found[1]

    def free_best_response_values(self) -> tuple[float, float]:
        """Return the same where the one who responds need not play what is held."""
        none = no_marks(self.dtype)
        with self._sweeps.holding((none, none)):
            return self._values(BEST)

    def values(self) -> tuple[float, float]:
        """Return both players' expected chips a deal when both play the average strategies. Rake alone keeps their sum from 0."""
        first, second = self.values_apart()
        if self.game.betting.rake:
            return first, second
        value = (first - second) / 2
        return value, -value

    def values_apart(self) -> tuple[float, float]:
        """Return the same, each player's worked out by itself: what their sum and the rake miss zero by is the size of rounding errors."""
        return self._values(VALUE)

    def mean_rake(self) -> float:
        """Return the chips a deal that the house takes when both play the average strategies; worked out from their reach alone."""
        if self.game.betting.rake is None:
            return 0.0
        with self._sweeps.paying(self._rake_forests):
            first, second = self._values(VALUE)
        return -(first + second)

    def board_values(self, player: int, board: int = 0) -> BoardValues:
        """Return a player's cfvs at one board when both play the average strategies."""
        self._values(VALUE, board)
        hands = self.tree.hands_at(player, board)
        return BoardValues(hands, self._most[1 - player] / self._cfv_unit * self._sweeps.watched(player, board))

    def action_values(self, node: int, cards: tuple[int, ...] | None = None, best: bool = False) -> npt.NDArray[np.float64]:
        """Return what each action of a decision brings its player when both play the average strategies.

        Args:
            node: a decision of ``game.bets``.
            cards: the public cards there; the game's own board unless given.
            best: the player plays a best response below the action. Its average strategy means nothing behind actions that it never takes.

        Returns:
            [A, H] cfvs in chips over all hands of the deck, weighted by the opponent's reach of the decision.
        """
        answer, player = self.answer(), int(self.game.bets.player[node])
        board, permutation, rows = answer.locate(node, cards)
        (cfvs,) = self.best_cfvs(player, range(board, board + 1)) if best else (self.board_values(player, board).cfvs,)
        return answer.of_all_hands(cfvs[self.tree.lines_of(player, board) :][rows], player, board, permutation)

    def node_values(self, node: int, cards: tuple[int, ...] | None = None) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return what a decision is worth to both players when both play the average strategies, by one evaluation.

        Args:
            node: a decision of ``game.bets``.
            cards: the public cards there; the game's own board unless given.

        Returns:
            [A, H] the acting player's cfvs of its actions, as ``action_values`` has them, and [H] the other player's cfvs of being there,
            in chips over all hands of the deck, weighted by the acting player's reach of the decision.
        """
        answer, player = self.answer(), int(self.game.bets.player[node])
        board, permutation, rows = answer.locate(node, cards)
        (cfvs,) = self.cfvs_on(range(board, board + 1))
        line = whole_streets(self.game.bets)[int(self.game.bets.round[node])][1 - player].row[node]
        acting = answer.of_all_hands(cfvs[player][self.tree.lines_of(player, board) :][rows], player, board, permutation)
        return acting, answer.of_all_hands(cfvs[1 - player][line : line + 1], 1 - player, board, permutation)[0]

    def cfvs_on(self, boards: range) -> list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
        """Return by board and player [rows, hands], cfvs when both play the average strategies, by one evaluation: see ``BoardValues``."""
        with self._model_enters():
            self._sweeps.evaluate(self.average, VALUE, boards)
        units = [self._most[1 - p] / self._cfv_unit for p in (0, 1)]
        return [(units[0] * self._sweeps.watched(0, board), units[1] * self._sweeps.watched(1, board)) for board in boards]

    def best_cfvs(self, player: int, boards: range) -> list[npt.NDArray[np.float64]]:
        """Return by board [rows, hands], a player's best-response cfvs against the opponent's average strategy, see ``BoardValues``."""
        with self._model_enters():
            self._sweeps.evaluate(self.average, BEST, boards, player)
        unit = self._most[1 - player] / self._cfv_unit
        return [unit * self._sweeps.watched(player, board) for board in boards]

    def average_cfvs(self, player: int, boards: range) -> list[npt.NDArray[np.float64]]:
        """Return by board [rows, hands], a player's cfvs when both play the average strategies, see ``BoardValues``."""
        with self._model_enters():
            self._sweeps.evaluate(self.average, VALUE, boards, player)
        unit = self._most[1 - player] / self._cfv_unit
        return [unit * self._sweeps.watched(player, board) for board in boards]

    @contextmanager
    def showing(self, average: tuple[Rows, Rows]) -> Iterator[None]:
        """Let averages that this solver's answer had before stand for those of now, while something is read out."""
        kept = self.average, self._alike
        self.average, self._alike = average, True
        try:
            yield
        finally:
            self.average, self._alike = kept

    def state(self) -> dict[str, Rows]:
        """Return the arrays that solving on needs, by name; not copies."""
        for p, held in enumerate(self._held):
            held.write(self.average[p])
        return {name: getattr(self, name[:-2])[int(name[-1])] for name in state_names(self.variant)}

    def restore(self, arrays: Mapping[str, Rows], iterations: int) -> None:
        """Go on from another solver's ``state`` of the same game and variant."""
        for name, own in self.state().items():
            own[:] = arrays[name]
        self.iterations = iterations
        self._write_held()

    def _play_alike(self) -> None:
        if not self._alike:
            for p in (0, 1):
                play_alike(self.tree, p, self.average[p])
            for p, held in enumerate(self._held):
                held.write(self.average[p])
            self._alike = True

    def _rows(self, matching: tuple[Rows, ...]) -> StoredRows:
        return StoredRows(self.regret, matching, self.average)

    def _values(self, mode: int, watched: int = 0) -> tuple[float, float]:
        """Return each player's value against the opponent's average strategy, in chips a deal."""
        with self._model_enters():
            self._sweeps.evaluate(self.average, mode, range(watched, watched + 1))
            found = [
                float((reach[:, 0].astype(np.float64) * cfv[:, 0]).sum() / self._mass) / (self._reach_unit * self._cfv_unit)
                for reach, cfv in zip(self._sweeps.reach, self._sweeps.cfv, strict=True)
            ]
        return found[0], found[1]

    @contextmanager
    def _model_enters(self) -> Iterator[None]:
        """Let both ranges enter as the game has them while something is measured."""
        self._play_alike()
        if self._gadget is None:
            yield
            return
        reach, player = self._sweeps.reach, self._gadget.opponent
        kept = reach[player].copy()
        reach[player][:] = self._model[player]
        try:
            yield
        finally:
            reach[player][:] = kept
