"""The tree of bets: all lines of play that a game's menus allow, without the cards.

Betting does not look at the cards, so one tree of bets serves every board: ``games.holdem.board_tree`` multiplies it by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from games.arrays import Float, Int32
from games.holdem.betting import Betting, BettingState, first_state, offered, rake_at
from games.public_tree import CHANCE, TERMINAL, Preorder

_MAX_STATES = 70_000  # that are gone through to count the nodes of a tree that is too large: about a second
_MAX_STEPS = 25_000  # of random lines of play that tell its size where that is not enough: half a second
_LONGEST = 1_000  # steps of a line; of a hand with longer ones nothing is told from so few


@dataclass(frozen=True, eq=False)
class BettingTree(Preorder):
    """The bets of a hand as arrays: N nodes in preorder, parents first.

    Decisions offer fold or check, call, then amounts from small to large. Where a street ends and cards come there is one CHANCE node with
    one child; after a called all-in they follow each other down to the showdown.
    """

    player: npt.NDArray[np.int8]  # [N] who acts: 0, 1, CHANCE or TERMINAL
    parent: Int32  # [N] -1 at the root
    end: Int32  # [N] one past the last node of the subtree
    round: Int32  # [N] streets that ended before
    folded: npt.NDArray[np.int8]  # [N] who folded at a terminal, -1 at showdowns and elsewhere
    contribution: Float  # [N, 2] chips that each player has in the pot, the start included
    rake: Float  # [N] chips that the house takes of the pot at a terminal, 0 elsewhere
    labels: tuple[str, ...]  # [N] action that leads here: fold, check, call, bet 50, raise 150, all-in 900, deal; "" at the root

    def most_lost(self, node: int, player: int) -> float:
        """Return the chips that a player has in the pot at the worst of a node's terminals where it can lose."""
        below = slice(node, int(self.end[node]))
        loses = (self.player[below] == TERMINAL) & (self.folded[below] != 1 - player)
        return float(self.contribution[below, player][loses].max())


class _Outline(NamedTuple):
    """The S states that a hand can come to, each once and after all that follow it; the root is the last."""

    states: list[BettingState]
    following: list[list[tuple[str, int]]]  # [S] label and index of the state after each action
    sizes: list[int]  # [S] nodes at and below it in the tree


def betting_tree(rules: Betting, max_nodes: int = 200_000, streets: int | None = None) -> BettingTree:
    """Build the tree of bets.

    Args:
        rules: of the bets.
        max_nodes: that the tree may have.
        streets: that the tree has, all unless given. Where the last of them ends, its CHANCE nodes have no child.

    Raises:
        ValueError: the tree would have more nodes than ``max_nodes``. The message gives their number: exactly as long as the hand can come
            to at most 70,000 different states of betting (trees of some million nodes), else estimated within a factor of about two, or
            where lines of play are very long what was counted until then. It takes a second or two.
    """
    outline, known = _outline(rules, max_nodes, streets)
    if outline is None:
        estimate = _estimate_nodes(rules, streets)
        size = f"about {estimate:.0e}" if estimate > known else f"at least {known:,}"
        raise ValueError(f"the betting tree must have at most {max_nodes:,} nodes, got {size}")
    states, following, sizes = outline
    if sizes[-1] > max_nodes:
        raise ValueError(f"the betting tree must have at most {max_nodes:,} nodes, got {sizes[-1]:,}")
    nodes: list[tuple[int, int, str]] = []  # state, parent and label
    stack = [(len(states) - 1, -1, "")]
    while stack:
        here = stack.pop()
        above = len(nodes)
        nodes.append(here)
        stack += [(child, above, action) for action, child in reversed(following[here[0]])]
    which, parent, labels = (list(column) for column in zip(*nodes, strict=True))
    player, round_, folded, before, street_0, street_1 = (np.array(column)[which] for column in list(zip(*states, strict=True))[:6])
    dead, chip = rules.dead, rules.chip
    steps = np.column_stack([dead[0] + before + street_0, dead[1] + before + street_1])
    return BettingTree(
        player=player.astype(np.int8),
        parent=np.array(parent, np.int32),
        end=(np.arange(len(which)) + np.array(sizes)[which]).astype(np.int32),
        round=round_.astype(np.int32),
        folded=folded.astype(np.int8),
        contribution=steps * chip.numerator / chip.denominator,  # ``Betting.in_chips`` of all
        rake=np.array([rake_at(rules, state) if state.player == TERMINAL else 0.0 for state in states])[which],
        labels=tuple(labels),
    )


@lru_cache(maxsize=16)
def kept_tree(rules: Betting, streets: int | None = None) -> BettingTree:
    """Return ``betting_tree`` of the rules, the same object every time: a later subgame often has the bets of one before."""
    return betting_tree(rules, streets=streets)


def _offered(rules: Betting, state: BettingState, streets: int | None) -> list[tuple[str, BettingState]]:
    """Return what is on offer at a state, nothing where the last of so many streets has ended."""
    return [] if state.player == CHANCE and state.round + 1 == streets else offered(rules, state)


def _outline(rules: Betting, max_nodes: int, streets: int | None = None) -> tuple[_Outline | None, int]:
    """Return what a hand can come to and how many nodes the tree is known to have.

    None and a lower bound where that is more than ``max_nodes`` and ``_MAX_STATES`` states did not do to count them.
    """
    number: dict[BettingState, int] = {}
    outline = _Outline([], [], [])
    after: dict[BettingState, list[tuple[str, BettingState]]] = {}
    stack = [first_state(rules)]
    known = 1
    while stack:
        state = stack[-1]
        found = after.get(state)
        if found is None:
            if known > max_nodes and len(after) >= _MAX_STATES:
                return None, known
            after[state] = found = _offered(rules, state, streets)
            known += len(found)
            stack += [child for _, child in found]
        elif stack.pop() not in number:
            number[state] = len(number)
            outline.states.append(state)
            following = [(label, number[child]) for label, child in found]
            outline.following.append(following)
            outline.sizes.append(1 + sum([outline.sizes[child] for _, child in following]))
        else:
            known += outline.sizes[number[state]] - 1
    return outline, known


def _estimate_nodes(rules: Betting, streets: int | None = None) -> int:
    """Return the number of nodes told from random lines of play: Knuth 1975, "Estimating the efficiency of backtrack programs".

    A line reaches a node with one over the product of the numbers of choices above it, so what it passes counts by that product. Ends of
    the hand are counted beside the line and never walked to, which keeps lines long. 0 where lines are too long to tell anything.
    """
    rng = np.random.default_rng(0)
    found, lines, steps = 0.0, 0, 0
    while steps < _MAX_STEPS:
        state, weight, start = first_state(rules), 1.0, steps
        while True:
            steps += 1
            after = [child for _, child in _offered(rules, state, streets)]
            going_on = [child for child in after if child.player != TERMINAL]
            found += weight * (1 + len(after) - len(going_on))
            if not going_on:
                break
            if steps - start == _LONGEST:
                return 0
            weight *= len(going_on)
            state = going_on[rng.integers(len(going_on))]
        lines += 1
    return round(found / lines) if isfinite(found) else 0
