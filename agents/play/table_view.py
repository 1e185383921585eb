"""What a terminal has to know of a game and of who plays it, and that view of games derived from OpenSpiel.

A *state* is a public state in the view's own form, hashable and never changed. Children of a decision are in the order of its actions.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from itertools import pairwise
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from agents.agent import Agent, Decision
from agents.evaluation.aivat import history_values, terminal_values
from games import CHANCE, PublicTree
from search import Budget, uniform

Float = npt.NDArray[np.float64]
State = TypeVar("State", bound=Hashable)
UNDO, QUIT = "u", "q"
RANKS, SUITS = "JQKA", "♠♥"


class TableView(Protocol[State]):
    """A game and an agent, as somebody sees them who plays against it."""

    @property
    def agent_name(self) -> str:
        """Who plays."""
        ...

    @property
    def title(self) -> str:
        """The game, who plays, and what for."""
        ...

    @property
    def valued_by(self) -> str:
        """Whose play from there on gives the values of ``worth``."""
        ...

    @property
    def root(self) -> State:
        """The first public state."""
        ...

    def load(self) -> None:
        """Get the agent ready."""
        ...

    def decide(self, seat: int, state: State, thought: Any, budget: Budget) -> Decision:
        """Ask the agent; see agents.agent."""
        ...

    def player(self, state: State) -> int:
        """Who acts: 0, 1, CHANCE or TERMINAL."""
        ...

    def path(self, state: State) -> Sequence[State]:
        """All states from the root to this one."""
        ...

    def children(self, state: State) -> Sequence[State]:
        """States that a decision's actions lead to."""
        ...

    def deal(self, rng: np.random.Generator) -> tuple[int, int]:
        """Both players' hands."""
        ...

    def draw(self, state: State, hands: tuple[int, int], rng: np.random.Generator) -> State:
        """What public chance leads to."""
        ...

    def stream(self, state: State) -> int:
        """Number, 1 or more, of the state's own stream of random numbers in a hand."""
        ...

    def payoff(self, state: State, hands: tuple[int, int]) -> float:
        """Player 0's chips at a terminal."""
        ...

    def unseen(self, state: State, player: int, hand: int) -> Float:
        """[H], the weights of the other player's hands as a player sees them who holds a hand, before any action."""
        ...

    def worth(self, state: State, hand: int, likely: Float) -> Sequence[float | None]:
        """Chips of each action of a decision with a hand against the other's hands, weighted [H]; None where that is not known."""
        ...

    def seat_text(self, player: int) -> str:
        """What a seat is called."""
        ...

    def hand_text(self, player: int, hand: int) -> str:
        """A hand as people know it."""
        ...

    def class_text(self, player: int, hand: int) -> str:
        """What a hand is called among those that differ by suits alone."""
        ...

    def board_text(self, state: State) -> str:
        """The public cards; nothing if there are none."""
        ...

    def situation(self, state: State) -> Sequence[str]:
        """What else a player looks at before a decision: the pot, what there is to call."""
        ...

    def action_text(self, child: State) -> str:
        """The action that leads to a state."""
        ...

    def keys(self, state: State) -> dict[str, int]:
        """{key: place of the action} at a decision; the first key of each action is the one to be shown."""
        ...

    def chips_text(self, chips: float, sign: str = "") -> str:
        """An amount; ``sign`` is + where one is wanted."""
        ...

    def record(self, state: State, hands: tuple[int, int]) -> dict[str, Any]:
        """``hands`` and ``play`` of a hand that is over, as it is saved."""
        ...


def card_text(game: str, text: str) -> str:
    """Return OpenSpiel's text of a card or hand as people know it: J, Q, K in Kuhn, with suits in Leduc; dice as they are."""
    if not text.isdigit():
        return text
    number = int(text)
    if game.startswith("kuhn_poker") or "suit_isomorphism=true" in game.lower():
        return RANKS[number] if number < len(RANKS) else text
    if game.startswith("leduc_poker"):
        return RANKS[number // 2] + SUITS[number % 2] if number // 2 < len(RANKS) else text
    return text


def contributions(tree: PublicTree, node: int) -> tuple[int, int] | None:
    """Return what each player has put into the pot, None in games without one that is known here."""
    kuhn = tree.game.startswith("kuhn_poker")
    if not kuhn and not tree.game.startswith("leduc_poker"):
        return None
    paid = [1, 1]
    for above, here in pairwise(tree.path(node)):
        player, label = int(tree.player[above]), tree.labels[here]
        facing_bet = paid[1 - player] > paid[player] if player >= 0 else False
        if label in ("Call", "Raise") or (label == "Bet"):
            paid[player] = max(paid)
        if label == "Raise" or (label == "Bet" and not facing_bet):
            paid[player] += 1 if kuhn else 2 * (1 + int(tree.round[above]))
    return paid[0], paid[1]


def poker_text(tree: PublicTree, child: int) -> str:
    """Return the action that leads to a state in poker's words: OpenSpiel's Bet in Kuhn may be a call, Leduc's Call a check."""
    node = int(tree.parent[child])
    label, paid, after = tree.labels[child], contributions(tree, node), contributions(tree, child)
    if paid is None or after is None:
        return label
    player = int(tree.player[node])
    to_call, more = paid[1 - player] - paid[player], after[player] - paid[player]
    if more == 0:
        return "Fold" if to_call else "Check"
    if more == to_call:
        return f"Call {to_call}"
    opened = next((n for n in reversed(tree.path(node)) if n == 0 or tree.player[tree.parent[n]] == CHANCE), 0)
    before = contributions(tree, opened)
    assert before is not None
    return f"Raise to {after[player] - before[player]}" if to_call else f"Bet {more}"


def keys_of(labels: Sequence[str]) -> dict[str, int]:
    """Return {key: place} for actions: their first letters where these differ and mean nothing else, numbers from 1 where not."""
    letters = [label[0].lower() for label in labels]
    plain = len(set(letters)) == len(letters) and all(letter.isalpha() for letter in letters) and not {UNDO, QUIT} & set(letters)
    return {(letter if plain else str(i + 1)): i for i, letter in enumerate(letters)}


class TreeView:
    """An agent on a public tree; states are its nodes."""

    root = 0

    def __init__(self, agent: Agent) -> None:
        self.agent, self.tree = agent, agent.tree
        policy = getattr(agent, "blueprint", None) or getattr(agent, "policy", None)
        self.agent_name, self.title = agent.name, f"{self.tree.game} against {agent.name}"
        self.valued_by = "its blueprint" if policy is not None else "uniform play"
        self._values = history_values(policy.strategy() if policy is not None else uniform(self.tree))

    def load(self) -> None:
        self.agent.load()

    def decide(self, seat: int, state: int, thought: Any, budget: Budget) -> Decision:
        return self.agent.decide(seat, state, thought, budget)

    def player(self, state: int) -> int:
        return int(self.tree.player[state])

    def path(self, state: int) -> list[int]:
        return self.tree.path(state)

    def children(self, state: int) -> list[int]:
        return self.tree.children(state)

    def deal(self, rng: np.random.Generator) -> tuple[int, int]:
        flat = self.tree.deal_weights.ravel()
        first, second = divmod(int(rng.choice(len(flat), p=flat / flat.sum())), self.tree.num_hands(1))
        return first, second

    def draw(self, state: int, hands: tuple[int, int], rng: np.random.Generator) -> int:
        children = self.tree.children(state)
        weights = np.array([self.tree.chance_weights[self.tree.chance_of[child]][hands] for child in children])
        return children[int(rng.choice(len(children), p=weights / weights.sum()))]

    def stream(self, state: int) -> int:
        return state + 1

    def payoff(self, state: int, hands: tuple[int, int]) -> float:
        return float(terminal_values(self.tree, state)[hands])

    def unseen(self, state: int, player: int, hand: int) -> Float:
        weights: Float = self.tree.chance_weights[self.tree.chance_of[state]]
        return weights[hand] if player == 0 else weights[:, hand]

    def worth(self, state: int, hand: int, likely: Float) -> list[float | None]:
        first, total = self.player(state) == 0, float(likely.sum())
        if total <= 0:
            return [None] * len(self.children(state))
        values = [self._values[child][hand] if first else -self._values[child][:, hand] for child in self.children(state)]
        return [float(likely @ v) / total for v in values]

    def seat_text(self, player: int) -> str:
        return f"player {player + 1}"

    def hand_text(self, player: int, hand: int) -> str:
        return card_text(self.tree.game, self.tree.hands[player][hand])

    def class_text(self, player: int, hand: int) -> str:
        return re.sub(f"[{SUITS}]", "", self.hand_text(player, hand))

    def board_text(self, state: int) -> str:
        tree = self.tree
        chance = [tree.labels[n] for n in tree.path(state)[1:] if tree.player[tree.parent[n]] == CHANCE]
        return " ".join(card_text(tree.game, label.removeprefix("Chance outcome:")) for label in chance)

    def situation(self, state: int) -> list[str]:
        you, paid = self.player(state), contributions(self.tree, state)
        if paid is not None:
            return [f"pot {sum(paid)} (yours {paid[you]}, to call {paid[1 - you] - paid[you]})"]
        return [f"last: {self.tree.labels[state]}"] if state else []

    def action_text(self, child: int) -> str:
        return poker_text(self.tree, child)

    def keys(self, state: int) -> dict[str, int]:
        """Return the keys of actions as they are shown, then the actions' first words, and OpenSpiel's names with their first letters."""
        texts, labels = (
            [text(child).lower() for child in self.children(state)] for text in (self.action_text, self.tree.labels.__getitem__)
        )
        found = keys_of(texts)
        for names in ([text.split()[0] for text in texts], labels, [label[0] for label in labels]):
            if len(set(names)) == len(names) and not {UNDO, QUIT} & set(names):
                for i, name in enumerate(names):
                    found.setdefault(name, i)
        return found

    def chips_text(self, chips: float, sign: str = "") -> str:
        return f"{chips:{sign}g}"

    def record(self, state: int, hands: tuple[int, int]) -> dict[str, Any]:
        texts = [self.tree.hands[p][hands[p]] for p in (0, 1)]
        return {"hands": texts, "play": [self.tree.labels[n] for n in self.tree.path(state)[1:]]}
