"""The table of hold'em: public states are a node of the bets and the cards on the board."""

from __future__ import annotations

import itertools
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.agent import Decision
from agents.board_blueprint import BoardBlueprint, tree_of
from agents.evaluation.aivat import Step
from agents.evaluation.holdem_aivat import HoldemAivat
from agents.holdem_agent import HoldemAgent
from agents.match.deal import Draws, Entrant, Table
from agents.opponents.bot import Observation
from games import CHANCE, TERMINAL
from games.holdem.cards import cards_text, hand_text
from games.holdem.lines import Place
from games.holdem.rules import HoldemGame
from games.kernels import LANES
from games.kernels.evaluator import board_strengths

Float = npt.NDArray[np.float64]


class HoldemTable(Table):
    """Two entrants at a hold'em game; every decision is made anew.

    Args:
        entrants: the first is the one that chips are counted for.
        draws: of every deal.
        values: AIVAT's value function, see agents.match.match.
    """

    def __init__(self, entrants: tuple[Entrant, Entrant], draws: Draws, values: str) -> None:
        super().__init__(entrants, draws, values)
        game = entrants[0].game
        assert isinstance(game, HoldemGame)
        self.game, self.bets = game, game.bets
        self.root = Place(0, tuple(card for street in self.game.board for card in street))
        depth = np.zeros(len(self.bets.player), np.int64)
        for node in range(1, len(depth)):
            depth[node] = depth[self.bets.parent[node]] + 1
        self.longest = int(depth.max())
        low, high = self.game.hands.T
        apart = (low[:, None] != low) & (low[:, None] != high) & (high[:, None] != low) & (high[:, None] != high)
        self.stake = float(self.bets.contribution.max())
        self.values: list[HoldemAivat] | None = None
        self._deals = np.cumsum(self.game.live[0][:, None] * self.game.live[1] * apart)

    def load(self) -> None:
        """Get agents and AIVAT's values ready."""
        super().load()
        if self.valued_by != "none":
            self.values = [self._aivat(self.valued_by, swapped) for swapped in (False, True)]

    def dealt(self, number: float) -> tuple[int, int]:
        """Return the hands that a number of [0, 1) stands for."""
        cell = min(int(np.searchsorted(self._deals, number * self._deals[-1], side="right")), len(self._deals) - 1)
        first, second = divmod(cell, len(self.game.hands))
        return first, second

    def player(self, node: Place) -> int:
        """Return who acts."""
        return int(self.bets.player[node.node])

    def children(self, node: Place) -> list[Place]:
        """Return where the actions of a decision lead."""
        return [Place(child, node.cards) for child in self.bets.children(node.node)]

    def drawn(self, node: Place, hands: tuple[int, int], number: float) -> Place:
        """Return where the cards of the next street lead: all that are left come alike."""
        dead = {*node.cards, *self.game.hands[list(hands)].ravel().tolist()}
        left = [card for card in self.game.deck.cards().tolist() if card not in dead]
        count = self.game.deals[self.round(node) + 1]
        every = comb(len(left), count)
        cards = next(itertools.islice(itertools.combinations(left, count), min(int(number * every), every - 1), None))
        return Place(self.bets.children(node.node)[0], node.cards + cards)

    def decide(self, who: int, seat: int, node: Place, thought: Any) -> tuple[Decision, bool]:
        """Return an entrant's decision."""
        entrant = self.entrants[who]
        assert isinstance(entrant.agent, HoldemAgent)
        return entrant.agent.decide(seat, node.node, node.cards, thought, entrant.budget), True

    def observation(self, node: Place, hand: int, random: np.random.Generator) -> Observation:
        """Return a decision as a bot sees it."""
        return observation_of(self.game, node, hand)

    def forfeited(self, node: Place, seat: int) -> Float:
        """Return [H0, H1], player 0's chips if ``seat`` loses the most that it can have put in from a public state on.

        That is what the hand that loses every showdown could lose, whatever cards come; one number for all hands.
        """
        below = slice(node.node, int(self.bets.end[node.node]))
        lost = (self.bets.player[below] == TERMINAL) & (self.bets.folded[below] != 1 - seat)
        most = float(self.bets.contribution[below, seat][lost].max())
        return np.broadcast_to(-most if seat == 0 else most, (len(self.game.hands),) * 2)

    def won(self, node: Place, hands: tuple[int, int]) -> float:
        """Return player 0's chips at a terminal."""
        folded, paid = int(self.bets.folded[node.node]), self.bets.contribution[node.node]
        if folded >= 0:
            return float(paid[folded]) * (1 if folded == 1 else -1)
        first, second = board_strengths(node.cards, self.game.hands[list(hands)]).tolist()
        return float(paid[0]) * float(np.sign(first - second))

    def score(self, swapped: bool, hands: tuple[int, int], steps: list[Step], end: Float | None) -> float | None:
        """Return player 0's AIVAT estimate."""
        if self.values is None:
            return None
        held = [None if self.bots[seat ^ swapped] is None else hands[seat] for seat in (0, 1)]
        return self.values[swapped].estimate(steps, (held[0], held[1]), None if end is None else float(end[hands]))

    def _aivat(self, kind: str, swapped: bool) -> HoldemAivat:
        """Return AIVAT with the first entrant in seat 0, or 1 if ``swapped``."""
        tree = tree_of(self.game)
        rows = []
        for seat in (0, 1):
            trunk = getattr(self.entrants[seat ^ swapped].agent, "trunk", None)
            if kind == "blueprint" and isinstance(trunk, BoardBlueprint):
                rows.append(trunk.strategies()[seat])
            else:  # rows of zeros are uniform play, bots' too
                rows.append(np.zeros((tree.stored_rows[seat], LANES), tree.weight.dtype))
        return HoldemAivat(self.game, tree, (rows[0], rows[1]))

    def shown(self, player: int, hand: int) -> str:
        """Return a hand as text."""
        return hand_text(*self.game.hands[hand].tolist())

    def told(self, step: Step) -> str:
        """Return a step as text: an action, or the cards that came."""
        new = step.child.cards[len(step.node.cards) :]
        return cards_text(new) if new else self.bets.labels[step.child.node]

    def round(self, node: Place) -> int:
        """Return the street, from 0."""
        return int(self.bets.round[node.node])


def observation_of(game: HoldemGame, place: Place, hand: int) -> Observation:
    """Return what the player who acts at a place sees with a hand."""
    bets, nodes = game.bets, [place.node]
    while nodes[0] > 0:
        nodes.insert(0, int(bets.parent[nodes[0]]))
    history = []
    for above, here in itertools.pairwise(nodes):
        new = place.cards[game.cards_on(int(bets.round[above])) : game.cards_on(int(bets.round[here]))]
        history.append(cards_text(new) if bets.player[above] == CHANCE else bets.labels[here])
    player, paid = int(bets.player[place.node]), bets.contribution[place.node]
    dead_money = 0.0 if game.betting.blinds else float(bets.contribution[0, player])  # a spot's pot counts as half each player's
    return Observation(
        player,
        hand_text(*game.hands[hand].tolist()),
        tuple(history),
        tuple(bets.labels[child] for child in bets.children(place.node)),
        cards_text(place.cards),
        float(paid.sum()),
        float(paid[1 - player] - paid[player]),
        float(game.betting.stack - (paid[player] - dead_money)),
    )
