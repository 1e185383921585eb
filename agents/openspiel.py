"""OpenSpiel's players here, and our agents there: the one module of agents that imports OpenSpiel.

Our agents leave as ``TimebankBot`` (a ``pyspiel.Bot``) and ``TimebankPolicy`` (an ``open_spiel.python.policy.Policy``). Both look at the
information state string of their own player and at nothing else of the state they are given.

Theirs enter as ``BotStranger`` and, policies, by ``policy_of``. A bot is given a state with its own hand and the public history. The
opponent's hand in it is drawn for every decision from those that are possible: a bot that peeks learns nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pyspiel
from open_spiel.python import policy as spiel_policy

from agents.agent import Agent
from agents.course import course_on_tree
from agents.policy import TabularPolicy, policy_from_table
from agents.stranger import FaultError, bot_function
from games import PublicTree, deals, information_states, load_game
from search import Budget

NEED_PARAMETERS = ("uniform_restricted_actions",)  # registered bots that cannot be made by name alone


class _Reader:
    """One agent in both seats of an OpenSpiel game: from information state strings to decisions."""

    def __init__(self, agent: Agent, budget: Budget) -> None:
        self.course, self.tree = course_on_tree(agent, budget), agent.tree
        self.game = load_game(self.tree.game)
        self._where: list[dict[str, tuple[int, int]]] = []
        for player, strings in enumerate(information_states(self.tree.game)):
            nodes = self.tree.sequences[player].node.tolist()
            self._where.append({text: (n, h) for n, texts in zip(nodes, strings, strict=True) for h, text in enumerate(texts) if text})

    def probabilities(self, state: Any, player: int) -> dict[int, float]:
        """Return {action: probability} at a state where ``player`` acts.

        Raises:
            ValueError: the state is of another game, or outside the agent's tree.
        """
        text = state.information_state_string(player)
        if text not in self._where[player]:
            raise ValueError(f"state must be one of {self.tree.game} where player {player} acts, got information state {text!r}")
        node, hand = self._where[player][text]
        column = self.course.at(player, node).policy[:, hand]
        actions = self.tree.sequences[player].action[self.tree.rows_at(node)]
        return {int(a): float(p) for a, p in zip(actions, column, strict=True)}


class TimebankBot(pyspiel.Bot):  # type: ignore[misc]
    """An agent as a bot of OpenSpiel.

    Args:
        agent: who plays.
        player: its player number.
        budget: of each decision.
        seed: of the actions drawn.
    """

    def __init__(self, agent: Agent, player: int, budget: Budget, seed: int = 0) -> None:
        super().__init__()
        self._reader, self._player, self._random = _Reader(agent, budget), player, np.random.default_rng(seed)

    def player_id(self) -> int:
        """Return the player number."""
        return self._player

    def provides_policy(self) -> bool:
        """Say yes."""
        return True

    def restart(self) -> None:
        """Start a new hand."""
        self._reader.course.forget()

    def restart_at(self, state: Any) -> None:
        """Start a new hand, wherever it begins."""
        self._reader.course.forget()

    def get_policy(self, state: Any) -> list[tuple[int, float]]:
        """Return (action, probability) of every legal action."""
        return list(self._reader.probabilities(state, self._player).items())

    def step_with_policy(self, state: Any) -> tuple[list[tuple[int, float]], int]:
        """Return the policy and an action drawn from it."""
        found = self.get_policy(state)
        actions, probabilities = zip(*found, strict=True)
        sums = np.cumsum(probabilities)
        drawn = int(np.searchsorted(sums, self._random.random() * sums[-1], side="right"))
        return found, int(actions[min(drawn, len(actions) - 1)])

    def step(self, state: Any) -> int:
        """Return an action."""
        return self.step_with_policy(state)[1]


class TimebankPolicy(spiel_policy.Policy):  # type: ignore[misc]
    """An agent as a policy of OpenSpiel, in both seats. A decision is made once and kept, clocks or not.

    Args:
        agent: who plays.
        budget: of each decision.
    """

    def __init__(self, agent: Agent, budget: Budget) -> None:
        self._reader = _Reader(agent, budget)
        super().__init__(self._reader.game, [0, 1])

    def action_probabilities(self, state: Any, player_id: int | None = None) -> dict[int, float]:
        """Return {action: probability} of every legal action."""
        return self._reader.probabilities(state, state.current_player() if player_id is None else player_id)


class _States:
    """Histories of OpenSpiel for public nodes and hands of a tree."""

    def __init__(self, tree: PublicTree) -> None:
        self.tree, self.game = tree, load_game(tree.game)
        self._deal = {deal.hands: deal.history for deal in deals(tree.game)}

    def at(self, node: int, hands: tuple[int, int]) -> Any:
        """Return the state of a history."""
        state = self.game.new_initial_state()
        for action in self._deal[hands]:
            state.apply_action(action)
        for here in self.tree.path(node)[1:]:
            state.apply_action(int(self.tree.action[here]))
        return state

    def weights(self, node: int, player: int, hand: int) -> Any:
        """Return [H], how likely the deal and chance make each hand of the opponent's."""
        weights = self.tree.chance_weights[self.tree.chance_of[node]]
        return weights[hand] if player == 0 else weights[:, hand]


def policy_of(policy: Any, tree: PublicTree, name: str = "openspiel") -> TabularPolicy:
    """Return a policy of OpenSpiel as a table: it is asked at every information state.

    Args:
        policy: an ``open_spiel.python.policy.Policy`` (or anything with its ``action_probabilities``).
        tree: of its game.
        name: what reports call it.

    Raises:
        ValueError: what it gives are no probabilities of legal actions; names the information state.
    """
    states, table = _States(tree), {}
    for player, strings in enumerate(information_states(tree.game)):
        for node, texts in zip(tree.sequences[player].node.tolist(), strings, strict=True):
            for hand, text in enumerate(texts):
                if text:
                    other = int(np.flatnonzero(states.weights(node, player, hand))[0])
                    state = states.at(node, (hand, other) if player == 0 else (other, hand))
                    table[text] = {str(a): float(p) for a, p in policy.action_probabilities(state, player).items()}
    return policy_from_table(tree, table, name)


class BotStranger:
    """A bot of OpenSpiel as an opponent; see agents.stranger.

    Args:
        tree: of the game.
        bot: a name that OpenSpiel has registered, ``module:function``, or the function: (game, player, seed) -> ``pyspiel.Bot``. It must
            survive pickling.
        name: what reports call it.
    """

    def __init__(self, tree: PublicTree, bot: str | Callable[[Any, int, int], Any], name: str | None = None) -> None:
        self.tree, self.bot = tree, bot
        self.name: str = name or (bot if isinstance(bot, str) else str(getattr(bot, "__name__", "bot")))
        self._states: _States | None = None
        self._bots: list[Any] = []
        self._random = np.random.default_rng(0)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_states": None, "_bots": []}

    @property
    def game(self) -> PublicTree:
        """The tree."""
        return self.tree

    def load(self) -> None:
        """Find the game's deals."""
        if self._states is None:
            self._states = _States(self.tree)

    def begin(self, seed: int) -> None:
        """Make both seats' bots anew."""
        self.load()
        assert self._states is not None
        self._random = np.random.default_rng(seed)
        self._bots = [make_bot(self.bot, self._states.game, player, seed + player) for player in (0, 1)]

    def deal(self, seat: int) -> None:
        """Restart the seat's bot."""
        if not self._bots:
            self.begin(0)
        self._bots[seat].restart()

    def choose(self, seat: int, node: int, hand: int) -> int:
        """Return the bot's action in a state with its hand and another possible one in place of the opponent's."""
        assert self._states is not None
        weights = self._states.weights(node, seat, hand)
        sums = np.cumsum(weights)
        other = int(np.searchsorted(sums, self._random.random() * sums[-1], side="right"))
        other = min(other, int(np.flatnonzero(weights)[-1]))
        action = self._bots[seat].step(self._states.at(node, (hand, other) if seat == 0 else (other, hand)))
        try:
            return operator.index(action)
        except TypeError:
            raise FaultError("illegal", f"action must be a whole number, got {action!r:.100}") from None


def make_bot(bot: str | Callable[[Any, int, int], Any], game: Any, player: int, seed: int) -> Any:
    """Return a bot by name or from its function."""
    if isinstance(bot, str) and ":" not in bot:
        specified = {"seed": seed % 2**31} if bot == "uniform_random" else {}
        return pyspiel.load_bot(bot, game, player, specified)
    return (bot_function(bot) if isinstance(bot, str) else bot)(game, player, seed)


def check_bot(bot: str) -> None:
    """Refuse a bot that cannot be made.

    Raises:
        ValueError: no such bot, or its module is not allowed or has no such function.
    """
    names = [name for name in pyspiel.registered_bots() if name not in NEED_PARAMETERS]
    if ":" in bot:
        bot_function(bot)
    elif bot not in names:
        raise ValueError(f"agent.bot must be one of {', '.join(names)}, or module:function, got {bot!r}")
