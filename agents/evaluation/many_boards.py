"""One spot on many boards: which boards, how each is solved, and what they say together.

Boards that suits make equal are solved once. A board's *texture* is what players sort boards by: the suits and pairs of its flop, or, where
all boards are turns of one flop, what the turn card does to it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.reporting.hand_grid import decision
from agents.reporting.tables import Row, write_json
from agents.runtime.executor import Executor
from agents.runtime.storage import load_or_set_aside, number_in, read_json, require
from games.arrays import Float
from games.holdem.cards import FULL_DECK, RANKS, cards_text, holding, hole_hands, parse_cards, unblocked
from games.holdem.isomorphism import canonical_deals, symmetries
from games.holdem.menus import Menu
from games.holdem.rules import HoldemGame
from games.holdem.weights import LEAST_MEETING
from search import BoardSolver, Budget, Variant

ALL_FLOPS, SUBSET, TURNS = "all_flops", "subset", "turns"
SUBSET_FLOPS = 49  # of a subset
MOST_BOARDS = 1755
FLOP = 3  # cards
SUITS = {3: "monotone", 2: "two-tone", 1: "rainbow"}  # by how many cards of the flop share a suit
PAIRS = {3: "trips", 2: "paired", 1: "unpaired"}
OF_SUIT = {4: "fourth of its suit", 3: "third of its suit", 2: "second of its suit", 1: "first of its suit"}  # a turn card


class Board(NamedTuple):
    """One board of a report.

    Attributes:
        cards: as text.
        weight: how many boards it stands for.
        of_turns: whether all boards of the report are turns of one flop.
    """

    cards: str
    weight: float
    of_turns: bool = False

    @property
    def texture(self) -> str:
        """What players sort it by, see the module."""
        return turn_texture(self.cards) if self.of_turns else texture(self.cards)


def texture(cards: str) -> str:
    """Return a board's suits and pairs as players call them, by its flop: ``two-tone, unpaired``."""
    flop = parse_cards(cards)[:FLOP]
    suits, pairs = (max(Counter(parts).values()) for parts in ([card % 4 for card in flop], [card // 4 for card in flop]))
    return f"{SUITS[suits]}, {PAIRS[pairs]}"


def turn_texture(cards: str) -> str:
    """Return what a turn card does to its flop, by suit and rank: ``third of its suit, overcard``."""
    *flop, turn = parse_cards(cards)
    ranks = [card // 4 for card in flop]
    rank = "pairs the board" if turn // 4 in ranks else "overcard" if turn // 4 > max(ranks) else "no overcard"
    return f"{OF_SUIT[1 + sum(card % 4 == turn % 4 for card in flop)]}, {rank}"


def symmetries_on(cards: str, ranges: tuple[Float, Float]) -> int:
    """Return how many suit permutations change nothing on a board: how large a solve is depends on them and on the texture."""
    board = parse_cards(cards)
    return len(symmetries([board[:FLOP], *((card,) for card in board[FLOP:])], ranges, hole_hands(FULL_DECK)))


def boards_of(asked: Any, board: str, ranges: tuple[Float, Float]) -> list[Board]:
    """Return the boards of a report.

    Args:
        asked: ``all_flops``; ``subset``, flops that are evenly drawn from all of them in the order of their textures and ranks; ``turns``
            of the board, a flop; or a list of boards. Boards on which the ranges have no hands that meet are left out.
        board: of ``turns``.
        ranges: both players' weights of all hands; suits that they treat differently are kept apart.

    Raises:
        ValueError: none of these, or a listed board that cannot come; the message names the key.
    """
    hands = hole_hands(FULL_DECK)
    if isinstance(asked, list) and asked and all(isinstance(text, str) for text in asked) and len(asked) <= MOST_BOARDS:
        listed = [parse_cards(text, "game.boards") for text in asked]
        different = {(frozenset(cards[:FLOP]), *cards[FLOP:]) for cards in listed}  # a flop's order does not matter
        if len({len(cards) for cards in listed}) > 1 or len(different) < len(listed) or len(listed[0]) not in (3, 4, 5):
            raise ValueError(f"game.boards must be different boards of 3, 4 or 5 cards, all of one street, got {asked}")
        for cards in listed:
            if not _may_come(cards, ranges):
                raise ValueError(f"game.boards must leave both ranges hands that share no card, got {cards_text(cards)}")
        return [Board(cards_text(cards), 1.0) for cards in listed]
    if asked not in (ALL_FLOPS, SUBSET, TURNS):
        raise ValueError(
            f"game.boards must be {ALL_FLOPS}, {SUBSET}, {TURNS} or a list of at most {MOST_BOARDS:,} boards in [ ], got {asked!r}"
        )
    dead = parse_cards(board, "game.board") if asked == TURNS else ()
    if asked == TURNS and len(dead) != FLOP:
        raise ValueError(f"game.board must be a flop where game.boards={TURNS}, got {board!r}")
    if asked != TURNS and board:
        raise ValueError(f"game.board must be left out where game.boards={asked}, got {board!r}")
    group = symmetries([dead] if dead else [], ranges, hands)
    dealt = [((*dead, *cards), alike) for cards, alike in canonical_deals(group, dead, 1 if dead else FLOP)]
    boards = [Board(cards_text(cards), float(alike), bool(dead)) for cards, alike in dealt if _may_come(cards, ranges)]
    if not boards:
        raise ValueError(f"game.ranges must leave two hands that share no card on one of the boards, got none for game.boards={asked}")
    return _drawn(boards, SUBSET_FLOPS) if asked == SUBSET else boards


def _may_come(cards: Sequence[int], ranges: tuple[Float, Float]) -> bool:
    """Say whether a board leaves hands that meet, as ``games.holdem.weights.with_checked_weights`` asks it of a game."""
    first, second = (np.where(holding(FULL_DECK, cards), 0.0, weights / weights.max()) for weights in ranges)
    pairs = float(first.sum() * second.sum())
    return pairs > 0 and float(first @ unblocked(FULL_DECK, second)) >= LEAST_MEETING * pairs


def _drawn(boards: Sequence[Board], count: int) -> list[Board]:
    """Return so many boards, evenly spaced in a line of all of them by texture and ranks, each standing for as many as lie around it."""
    line = sorted(boards, key=lambda board: (texture(board.cards), sorted((RANKS.index(rank) for rank in board.cards[::2]), reverse=True)))
    ends = np.cumsum([board.weight for board in line])
    points = ends[-1] / count * (np.arange(count) + 0.5)
    chosen = sorted({int(place) for place in np.searchsorted(ends, points)})
    return [Board(line[place].cards, float(ends[-1] / len(chosen))) for place in chosen]


@dataclass(frozen=True)
class BoardTask:
    """One board to solve.

    Attributes:
        board: which.
        game: the spot on it.
        variant: of CFR.
        budget: of the solve.
        storage: dtype of regrets and averages.
        path: where its row is kept.
    """

    board: Board
    game: HoldemGame
    variant: Variant
    budget: Budget
    storage: Any
    path: Path


def tasks_of(
    boards: Sequence[Board], game_on: Callable[[str], HoldemGame], variant: Variant, budget: Budget, storage: Any, folder: Path
) -> list[BoardTask]:
    """Return a task for each board; its row is kept under a name that settles all that it depends on.

    Args:
        boards: to solve.
        game_on: returns the spot on a board.
        variant: of CFR.
        budget: of each solve.
        storage: dtype of regrets and averages.
        folder: for the rows.
    """
    tasks = []
    for board in boards:
        game = game_on(board.cards)
        key = hashlib.sha256(repr((game.key, variant, budget, np.dtype(storage).name)).encode()).hexdigest()[:10]
        tasks.append(BoardTask(board, game, variant, budget, storage, folder / f"{board.cards}-{key}.json"))
    return tasks


def solve_boards(tasks: Sequence[BoardTask], executor: Executor) -> Generator[Row]:
    """Yield each board's row; those that were kept come first, others as they are solved."""
    rows = [_kept(task) for task in tasks]
    yield from (row for row in rows if row is not None)
    left = [task for task, row in zip(tasks, rows, strict=True) if row is None]
    for _, row in executor.map(solve_board, left):
        yield row


def _kept(task: BoardTask) -> Row | None:
    row = load_or_set_aside(task.path, _read)
    if row is None:
        return None
    row |= {"weight": task.board.weight, "texture": task.board.texture, "deals": task.game.deal_mass}
    missed = {"rake": task.game.pot - row["ev_oop"] - row["ev_ip"]} if task.game.betting.rake else {}
    return missed | row  # rows of older versions do not say it


def _read(path: Path) -> Row:
    """Return a kept row; raises any of ``agents.runtime.storage.DAMAGES`` if the file holds something else."""
    row: Row = read_json(path)
    require(isinstance(row, dict), "a row must be a mapping")
    numbers = [row[key] for key in ("ev_oop", "ev_ip", "equity_oop", "exploitability", "iterations", "seconds")] + [row.get("rake", 0.0)]
    require(all(number_in(number, -1e12, 1e12) for number in numbers), "a row must have numbers")
    require(isinstance(row["frequencies"], dict) and isinstance(row["board"], str), "a row must have a board and frequencies")
    return row


def solve_board(task: BoardTask) -> Row:
    """Solve a board on one thread, keep its row and return it.

    ``deals`` are pairs of hands that can be there, by weight. With rake ``rake`` is what the house takes of a deal, in chips.
    """
    game = task.game
    share = equity(game, task.variant)  # first: two solvers at once would take more memory than was promised
    solver = BoardSolver(game, task.variant, 1, storage=task.storage)
    solver.warm_up()
    solution = solver.solve(task.budget)
    first, second = solver.values()
    shown = decision(solver, most_run_outs=0)  # its equities are not told
    row = {
        "board": task.board.cards, "weight": task.board.weight, "texture": task.board.texture,
        "ev_oop": first + game.pot / 2, "ev_ip": second + game.pot / 2,
        "equity_oop": share,
        "frequencies": dict(zip(shown["actions"], shown["frequencies"], strict=True)),
        "exploitability": solver.exploitability(), "iterations": solution.iterations, "seconds": solution.seconds,
        "deals": game.deal_mass,
    } | ({"rake": solver.mean_rake()} if game.betting.rake else {})  # fmt: skip
    task.path.parent.mkdir(exist_ok=True)  # not the one above: where a run's directory was deleted there is no new one
    write_json(task.path, row)
    return row


def equity(game: HoldemGame, variant: Variant) -> float:
    """Return the share of the pot that player 0's range wins where nobody bets any more; rake does not count."""
    none = Menu((), ())
    still = replace(game, betting=replace(game.betting, menus=((none, none),) * len(game.rounds), add_allin=0.0, rake=None))
    return float(BoardSolver(still, variant).values()[0] / game.pot + 0.5)  # there is nothing to solve


def texture_rows(rows: Sequence[Row], actions: Sequence[str]) -> list[Row]:
    """Return means by texture, the most frequent first, and of all boards.

    A board counts for as many boards as it stands for, times the pairs of hands that both ranges leave on it (their weights multiplied):
    that is how often it comes, given that both players are in the spot. So the mean EV is what the spot is worth before the cards come.
    """
    groups = {name: [row for row in rows if row["texture"] == name] for name in dict.fromkeys(row["texture"] for row in rows)}
    ordered = sorted(groups.items(), key=lambda group: -sum(row["weight"] for row in group[1]))
    return [_mean(name, those, actions) for name, those in [*ordered, ("all boards", list(rows))] if those]


def _mean(name: str, rows: Sequence[Row], actions: Sequence[str]) -> Row:
    weights = [row["weight"] * row["deals"] for row in rows]
    columns: list[str] = [key for key in ("ev_oop", "ev_ip", "rake", "equity_oop") if key in rows[0]]
    means = {key: float(np.average([row[key] for row in rows], weights=weights)) for key in columns}
    taken = {action: [row["frequencies"].get(action) or 0.0 for row in rows] for action in actions}
    frequencies = {action: float(np.average(shares, weights=weights)) for action, shares in taken.items()}
    return {"texture": name, "boards": len(rows), **means, "frequencies": frequencies}
