"""Hold'em as somebody sees it who plays: cards with their suits, the pot, and bets by their chips."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.agent import Decision
from agents.holdem_agent import HoldemAgent
from games.holdem.cards import RANKS, card_text, hand_text
from games.holdem.lines import Place
from games.kernels.evaluator import board_strengths
from games.public_tree import CHANCE
from search import BoardStrategy, Budget
from search.boards.values import values_against

Float = npt.NDArray[np.float64]
SYMBOLS = str.maketrans("cdhs", "♣♦♥♠")


class HoldemView:
    """An agent at a table of hold'em. A state is a place: a node of the bets, whoever acts there, and the public cards.

    Args:
        agent: who plays.
        blueprint: what gives the values of actions; None leaves them out.
    """

    valued_by = "its blueprint"

    def __init__(self, agent: HoldemAgent, blueprint: BoardStrategy | None) -> None:
        self.agent, self.game, self.blueprint = agent, agent.game, blueprint
        game, bets = self.game, self.game.bets
        self.root = Place(0, tuple(card for street in game.board for card in street))
        self._text = [hand_text(low, high).translate(SYMBOLS) for low, high in game.hands.tolist()]
        self._dead_money = 0.0 if game.betting.blinds else float(bets.contribution[0, 0])
        stakes = f"stacks of {self.chips_text(game.betting.stack)}"
        stakes += f", blinds {game.betting.start[0]:g} and {game.betting.start[1]:g}" if game.betting.blinds else f", pot {game.pot:g}"
        shared = "" if game.betting.blinds else " (half of the pot counts as each player's)"
        self.agent_name = agent.name
        self.title = f"{game.name} against {agent.name}: {stakes}{shared}"

    def load(self) -> None:
        self.agent.load()

    def decide(self, seat: int, state: Place, thought: Any, budget: Budget) -> Decision:
        return self.agent.decide(seat, state.node, state.cards, thought, budget)

    def player(self, state: Place) -> int:
        return int(self.game.bets.player[state.node])

    def path(self, state: Place) -> list[Place]:
        bets, nodes = self.game.bets, [state.node]
        while nodes[0] > 0:
            nodes.insert(0, int(bets.parent[nodes[0]]))
        return [Place(node, state.cards[: self.game.cards_on(int(bets.round[node]))]) for node in nodes]

    def children(self, state: Place) -> list[Place]:
        return [Place(child, state.cards) for child in self.game.bets.children(state.node)]

    def deal(self, rng: np.random.Generator) -> tuple[int, int]:
        """Return hands drawn by both players' weights, none with a card of the other's."""
        game = self.game
        first = self._drawn(game.live[0] * game.met(0), rng)
        return first, self._drawn(np.where(self._blocked(game.hands[first]), 0.0, game.live[1]), rng)

    def draw(self, state: Place, hands: tuple[int, int], rng: np.random.Generator) -> Place:
        game = self.game
        held = {*state.cards, *game.hands[list(hands)].ravel().tolist()}
        live = [card for card in game.deck.cards().tolist() if card not in held]
        count = game.deals[int(game.bets.round[state.node]) + 1]
        new = sorted(rng.permutation(live)[:count].tolist(), reverse=True)
        return Place(state.node + 1, (*state.cards, *new))

    def stream(self, state: Place) -> int:
        """Return a number by node, and by street where cards come: what is bet does not change the cards of a hand."""
        bets = self.game.bets
        return state.node + 1 if self.player(state) != CHANCE else len(bets.player) + 1 + int(bets.round[state.node])

    def payoff(self, state: Place, hands: tuple[int, int]) -> float:
        bets, folded = self.game.bets, int(self.game.bets.folded[state.node])
        paid = bets.contribution[state.node]
        if folded >= 0:
            return float(-paid[0] if folded == 0 else paid[1])
        first, second = board_strengths(state.cards, self.game.hands[list(hands)]).tolist()
        return float(paid[0] * ((first > second) - (first < second)))

    def unseen(self, state: Place, player: int, hand: int) -> Float:
        return np.where(self._blocked(np.append(self.game.hands[hand], state.cards)), 0.0, self.game.live[1 - player])

    def worth(self, state: Place, hand: int, likely: Float) -> list[float | None]:
        total = float(likely.sum())
        if self.blueprint is None or total <= 0:
            return [None] * len(self.children(state))
        values = values_against(self.blueprint, state.node, state.cards, likely / total)
        return [float(value) for value in values[:, hand]]

    def seat_text(self, player: int) -> str:
        if self.game.betting.blinds:
            return "the small blind, on the button" if player == self.game.betting.first[0] else "the big blind"
        return "out of position" if player == self.game.betting.first[0] else "in position"

    def hand_text(self, player: int, hand: int) -> str:
        return f"{self._text[hand][:2]} {self._text[hand][2:]}"

    def class_text(self, player: int, hand: int) -> str:
        """Return e.g. AKs, AKo or QQ."""
        low, high = sorted(self.game.hands[hand].tolist())
        suffix = "" if low // 4 == high // 4 else "s" if low % 4 == high % 4 else "o"
        return RANKS[high // 4] + RANKS[low // 4] + suffix

    def board_text(self, state: Place) -> str:
        """Return the public cards street by street."""
        game, streets, start = self.game, [], 0
        counts = [*map(len, game.board), *game.deals[1:]] if game.board else game.deals[1:]
        for count in counts:
            streets.append(" ".join(card_text(card).translate(SYMBOLS) for card in state.cards[start : start + count]))
            start += count
        return " | ".join(street for street in streets if street)

    def situation(self, state: Place) -> list[str]:
        game, you = self.game, self.player(state)
        paid = game.bets.contribution[state.node]
        call, left = float(paid[1 - you] - paid[you]), game.betting.stack - (paid - self._dead_money)
        pot = f"pot {self.chips_text(float(paid.sum()))}"
        facing = [f"to call {self.chips_text(call)}"] if call else []
        behind = f"behind {left[you]:g}" + (f" (its {left[1 - you]:g})" if left[0] != left[1] else "")
        return [game.streets[int(game.bets.round[state.node])], pot, *facing, behind]

    def action_text(self, child: Place) -> str:
        """Return e.g. check, call 2, bet 4, raise to 12, all-in 162, with big blinds where the game has them."""
        bets, node = self.game.bets, child.node
        above, (verb, *amount) = int(bets.parent[node]), bets.labels[node].split()
        if amount:
            return f"{verb}{' to' * (verb == 'raise')} {self.chips_text(float(amount[0]))}"
        player = int(bets.player[above])
        paid = float(bets.contribution[above, 1 - player] - bets.contribution[above, player])
        return f"call {self.chips_text(paid)}" if verb == "call" else verb

    def keys(self, state: Place) -> dict[str, int]:
        """Return f for fold, c for check or call, chips for bets and raises, a for all-in; and words and first letters that say it."""
        actions = [self.game.bets.labels[child].split() for child in self.game.bets.children(state.node)]
        verbs, found = [verb for verb, *_ in actions], dict[str, int]()
        for i, (verb, *amount) in enumerate(actions):
            shown = amount[0] if verb in ("bet", "raise") else verb[0]
            alone = (verb[0], verb) if verbs.count(verb) == 1 else ()
            for key in (shown, *amount, " ".join((verb, *amount)), *alone):
                found.setdefault(key, i)
        return found

    def chips_text(self, chips: float, sign: str = "") -> str:
        """Return chips, in big blinds too where the game has them."""
        blind = self.game.big_blind
        return f"{chips:{sign}.10g}" + (f" ({chips / blind:{sign}.3g} bb)" if blind and chips else "")

    def record(self, state: Place, hands: tuple[int, int]) -> dict[str, Any]:
        """Return hands, board and the line of play as ``games.holdem.lines`` writes it."""
        bets, play = self.game.bets, []
        for above, here in pairwise(self.path(state)):
            dealt = "".join(map(card_text, here.cards[len(above.cards) :]))
            play.append(dealt if bets.player[above.node] == CHANCE else bets.labels[here.node])
        texts = [hand_text(*self.game.hands[h].tolist()) for h in hands]
        return {"hands": texts, "board": "".join(map(card_text, state.cards)), "play": play}

    def _blocked(self, cards: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        blocked: npt.NDArray[np.bool_] = np.any(np.isin(self.game.hands, cards), axis=1)
        return blocked

    @staticmethod
    def _drawn(weights: Float, rng: np.random.Generator) -> int:
        return int(rng.choice(len(weights), p=weights / weights.sum()))
