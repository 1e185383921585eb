"""Games derived from OpenSpiel as public games: a public state is a node of the game's public tree."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from games.arrays import Float
from games.game import Action, Chips, Kind, PublicGame, drawn, drawn_deal, listed
from games.private_deals import deals
from games.public_tree import CHANCE, TERMINAL, PublicTree

RANKS, SUITS = "JQKA", "♠♥"
KUHN_BET, LEDUC_BETS = 1, (2, 4)


@lru_cache(maxsize=8)
def derived_game(tree: PublicTree) -> DerivedGame:
    """Return the game of a public tree; the same one for the same tree."""
    return DerivedGame(tree)


def tree_of(game: PublicGame[Any]) -> PublicTree:
    """Return the public tree of a derived game.

    Raises:
        TypeError: the game is not derived.
    """
    if not isinstance(game, DerivedGame):
        raise TypeError(f"game must be derived from OpenSpiel, got {game.name}")
    return game.tree


class DerivedGame:
    """The rules of a derived game; see ``games.game.PublicGame``."""

    root, big_blind = 0, None

    def __init__(self, tree: PublicTree) -> None:
        self.tree, self.name, self.key, self.spiel = tree, tree.game, tree.game, tree.game
        self.rounds = tuple(f"round {i + 1}" for i in range(int(tree.round.max()) + 1))
        self.num_hands, self.num_states = (tree.num_hands(0), tree.num_hands(1)), tree.num_nodes
        self.ranges: tuple[Float, Float] = (np.ones(tree.num_hands(0)), np.ones(tree.num_hands(1)))
        self._cards = _cards(tree.game)
        self._deals = np.cumsum(tree.deal_weights.ravel())
        self._payoffs: dict[int, Float] = {}
        self._children: dict[int, dict[Action, int]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return derived_game, (self.tree,)  # without what was looked up of it: a pickle says what the game is

    @cached_property
    def max_payoff(self) -> float:
        return max(float(np.abs(self.payoffs(node)).max()) for node in np.flatnonzero(self.tree.player == TERMINAL).tolist())

    def player(self, state: int) -> int:
        return int(self.tree.player[state])

    def settled(self, state: int) -> bool:
        return not (self.tree.player[state : self.tree.end[state]] >= 0).any()

    def round(self, state: int) -> int:
        return int(self.tree.round[state])

    def parent(self, state: int) -> int | None:
        return int(self.tree.parent[state]) if state else None

    def label(self, state: int) -> str:
        return self.tree.labels[state] if state else ""

    def actions(self, state: int) -> list[Action]:
        return list(self._followed(state))

    def _followed(self, state: int) -> dict[Action, int]:
        """Return where each action leads."""
        if state not in self._children:
            children = self.tree.children(state) if self.tree.player[state] >= 0 else []
            self._children[state] = {self._action(child): child for child in children}
        return self._children[state]

    def _action(self, child: int) -> Action:
        text, code, node = self.tree.labels[child], int(self.tree.action[child]), int(self.tree.parent[child])
        before, after = self.chips(node), self.chips(child)
        if before is None or after is None:
            return Action(Kind.OTHER, text, 0.0, code)
        player = int(self.tree.player[node])
        missing, more = before.paid[1 - player] - before.paid[player], after.paid[player] - before.paid[player]
        kind = Kind.BET if more > missing else Kind.PASS if more == missing else Kind.FOLD
        return Action(kind, text, after.paid[player] - before.opened[player] if kind == Kind.BET else 0.0, code)

    def amounts(self, state: int) -> None:
        return None

    def child(self, state: int, action: Action) -> int:
        if action not in self._followed(state):
            raise ValueError(listed([known.text for known in self.actions(state)]))
        return self._followed(state)[action]

    def action(self, state: int, text: str) -> Action:
        for action in self.actions(state):
            if action.text.lower() == text.lower():
                return action
        raise ValueError(listed([known.text for known in self.actions(state)]))

    def deal(self, u: float) -> tuple[int, int]:
        return drawn_deal(self._deals, self.num_hands[1], u)

    def chance(self, state: int, hands: tuple[int, int], u: float) -> int:
        children = self.tree.children(state)
        return children[drawn([float(self._weights(child)[hands]) for child in children], u)]

    def revealed(self, state: int, text: str) -> int:
        children = self.tree.children(state)
        names = [self._card_name(self._revealed(child)[-1]) for child in children]
        for child, name in zip(children, names, strict=True):
            if text in (self.tree.labels[child], name):
                return child
        raise ValueError(listed(names))

    def _weights(self, state: int) -> Float:
        """Return [H0, H1], the joint probability of deals and of the public chance outcomes so far."""
        found: Float = self.tree.chance_weights[self.tree.chance_of[state]]
        return found

    def cf_reach(self, state: int, player: int, reach: Float) -> Float:
        found: Float = self._weights(state) @ reach if player == 0 else reach @ self._weights(state)
        return found

    def payoffs(self, state: int) -> Float:
        """Return [H0, H1], what player 0 wins in chips at a terminal; 0 for deals that cannot be there."""
        if state not in self._payoffs:
            tree = self.tree
            view, t, weights = tree.terminals[0], int(tree.subgame(state).terminals[0]), self._weights(state)
            first = int(view.matrix[t]) * view.other_hands
            paid = view.scale[t] * view.payoff[first : first + view.other_hands, : tree.num_hands(0)].T
            self._payoffs[state] = np.divide(paid, weights, out=np.zeros_like(weights), where=weights > 0)
        return self._payoffs[state]

    def payoff(self, state: int, hands: tuple[int, int]) -> float:
        return float(self.payoffs(state)[hands])

    def cfvs(self, state: int, player: int, reach: Float) -> Float:
        weighted = self._weights(state) * self.payoffs(state)
        found: Float = weighted @ reach if player == 0 else -(reach @ weighted)
        return found

    def worst_payoff(self, state: int, player: int) -> float:
        ends = [node for node in range(state, int(self.tree.end[state])) if self.tree.player[node] == TERMINAL]
        values = [float(self.payoffs(node).min() if player == 0 else self.payoffs(node).max()) for node in ends]
        return min(values) if player == 0 else max(values)

    def chips(self, state: int) -> Chips | None:
        """Return the chips on the table in Kuhn and Leduc, whose bets are known here."""
        tree = self.tree
        kuhn = tree.game.startswith("kuhn_poker")
        if not kuhn and not tree.game.startswith("leduc_poker"):
            return None
        paid, opened = [1.0, 1.0], (1.0, 1.0)
        for above, here in pairwise(tree.path(state)):
            player, label = int(tree.player[above]), tree.labels[here]
            if player == CHANCE:
                opened = (paid[0], paid[1])
                continue
            facing_bet = paid[1 - player] > paid[player]
            if label in ("Call", "Raise", "Bet"):
                paid[player] = max(paid)
            if label == "Raise" or (label == "Bet" and not facing_bet):
                paid[player] += KUHN_BET if kuhn else LEDUC_BETS[int(tree.round[above])]
        return Chips((paid[0], paid[1]), None, opened)

    def history(self, state: int, hands: tuple[int, int]) -> tuple[int, ...]:
        return (*self._dealing[hands], *(int(self.tree.action[node]) for node in self.tree.path(state)[1:]))

    @cached_property
    def _dealing(self) -> dict[tuple[int, int], tuple[int, ...]]:
        """Return OpenSpiel's actions that deal each pair of hands."""
        return {deal.hands: deal.history for deal in deals(self.tree.game)}

    def seat_text(self, player: int) -> str:
        return f"player {player + 1}"

    def hand_text(self, player: int, hand: int) -> str:
        return self.tree.hands[player][hand]

    def hand_name(self, player: int, hand: int) -> str:
        return self._card_name(self.hand_text(player, hand))

    def hand_class(self, player: int, hand: int) -> str:
        return self.hand_name(player, hand).rstrip(SUITS)

    def board_text(self, state: int) -> str:
        return " ".join(self._revealed(state))

    def board_name(self, state: int) -> str:
        return " ".join(map(self._card_name, self._revealed(state)))

    def _revealed(self, state: int) -> list[str]:
        """Return OpenSpiel's texts of all public chance outcomes so far."""
        tree = self.tree
        revealed = [node for node in tree.path(state)[1:] if tree.player[tree.parent[node]] == CHANCE]
        return [tree.labels[node].removeprefix("Chance outcome:") for node in revealed]

    def _card_name(self, text: str) -> str:
        """Return OpenSpiel's text of a card or hand as people know it: J, Q, K in Kuhn, with suits in Leduc; dice as they are."""
        return self._cards[int(text)] if text.isdigit() and int(text) < len(self._cards) else text


def _cards(game: str) -> Sequence[str]:
    """Return what people call the cards that OpenSpiel numbers."""
    if game.startswith("kuhn_poker") or "suit_isomorphism=true" in game.lower():
        return RANKS
    return [rank + suit for rank in RANKS for suit in SUITS] if game.startswith("leduc_poker") else ()
