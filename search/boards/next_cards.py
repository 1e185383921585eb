"""What every card that may come is worth: both players' values on all boards of the next street, by one evaluation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from games.arrays import Float
from games.holdem.cards import cards_text, holding
from games.holdem.layout import whole_streets
from games.kernels.boards import CHILD, CHILD_END
from games.public_tree import CHANCE
from search.boards.solver import BoardSolver


class NextCard(NamedTuple):
    """A card, and those that suits make equal to it.

    Attributes:
        cards: all of them, ascending; the first stands for them.
        deals: sum over both players' hands of the product of their reach, of the first card: how often it comes.
        won: net chips of a deal that comes there, of both players, when both play the average strategies; None where none does.
        frequencies: [A] how often who acts first there takes each action; none where nobody comes there.
        reach: [H] each, what both come there with.
    """

    cards: tuple[int, ...]
    deals: float
    won: tuple[float, float] | None
    frequencies: Float | None
    reach: tuple[Float, Float]


def next_cards(solver: BoardSolver, node: int, cards: tuple[int, ...]) -> list[NextCard]:
    """Return what each card that may come at a node is worth.

    Args:
        solver: with an answer.
        node: of ``game.bets`` where one card comes and somebody acts behind it.
        cards: on the board there.

    Raises:
        ValueError: no such node.
    """
    game, bets, tree, answer = solver.game, solver.game.bets, solver.tree, solver.answer()
    first, street = node + 1, int(bets.round[node]) + 1
    if bets.player[node] != CHANCE or bets.player[first] < 0 or game.deals[street] != 1:
        raise ValueError(f"node must be one where a single card comes and somebody acts behind it, got {node} on {cards_text(cards)}")
    above, _ = answer.find(cards)
    children = range(*tree.boards[above, CHILD : CHILD_END + 1].tolist())
    alike: dict[int, list[int]] = {}
    for card in game.deck.cards().tolist():
        if card not in cards:
            try:
                alike.setdefault(answer.find((*cards, card))[0], []).append(card)
            except ValueError:  # the sample has not this one
                continue
    lines = [whole_streets(bets)[street][p].row[first] for p in (0, 1)]
    before, player, found = answer.reach(node, cards), int(bets.player[first]), list[NextCard]()
    for child, values in zip(children, solver.cfvs_on(children), strict=True):
        equal = alike.get(child)
        if not equal:
            continue
        shown = (*cards, equal[0])
        board, permutation = answer.find(shown)
        dead = holding(game.deck, shown)
        reach = np.where(dead, 0.0, before[0]), np.where(dead, 0.0, before[1])
        deals = game.mass_of(*reach)
        if not deals > 0:
            found.append(NextCard(tuple(equal), 0.0, None, None, reach))
            continue
        cfvs = [answer.of_all_hands(values[p][lines[p] : lines[p] + 1], p, board, permutation)[0] for p in (0, 1)]
        won = float(reach[0] @ cfvs[0]) / deals, float(reach[1] @ cfvs[1]) / deals
        weight = reach[player] * game.cf_reach(game.state_at(first, shown), player, reach[1 - player])
        frequencies = answer.at_board(first, board, permutation) @ weight / weight.sum()
        found.append(NextCard(tuple(equal), deals, won, frequencies, reach))
    return found
