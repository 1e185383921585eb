"""OpenSpiel's players here, and our agents there: the one module of agents that imports OpenSpiel.

Our agents leave as ``TimebankBot`` (a ``pyspiel.Bot``) and ``TimebankPolicy`` (an ``open_spiel.python.policy.Policy``). Both look at the
information state string of their own player and at nothing else of the state they are given.

Theirs enter as bots (see ``agents.opponents.bot``; ``make`` is called in their own process) and, policies, by ``policy_of``. A bot is
given a state with its own hand and the public history. The opponent's hand in it is drawn for every decision from those that are possible:
a bot that peeks learns nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyspiel
from open_spiel.python import policy as spiel_policy

from agents.agent import Agent
from agents.decision_cache import DecisionCache
from agents.opponents import bot as bots
from agents.opponents.bot import Observation, load_bot
from agents.policy import TabularPolicy, infostates, policy_from_table
from games import PublicTree, load_game
from games.derived import derived_game, tree_of
from games.game import drawn
from search import Budget

NEED_PARAMETERS = ("uniform_restricted_actions",)  # registered bots that cannot be made by name alone


class _Reader:
    """One agent in both seats of an OpenSpiel game: from information state strings to decisions."""

    def __init__(self, agent: Agent[int], budget: Budget) -> None:
        agent.load()
        self.decisions, self.tree = DecisionCache(agent, budget), tree_of(agent.game)
        self.game = load_game(self.tree.game)
        self._where = {(player, text): (node, hand) for player, node, hand, text in infostates(self.tree)}

    def probabilities(self, state: Any, player: int) -> dict[int, float]:
        """Return {action: probability} where ``player`` acts; raises ValueError for a state that is not of the agent's tree."""
        text = state.information_state_string(player)
        if (player, text) not in self._where:
            raise ValueError(f"state must be one of {self.tree.game} where player {player} acts, got information state {text!r}")
        node, hand = self._where[player, text]
        column = self.decisions.at(player, node).policy[:, hand]
        actions = self.tree.sequences[player].action[self.tree.rows_at(node)]
        return {int(a): float(p) for a, p in zip(actions, column, strict=True)}


class TimebankBot(pyspiel.Bot):  # type: ignore[misc]
    """An agent as a bot of OpenSpiel, with a budget of each decision; the seed is that of the actions drawn."""

    def __init__(self, agent: Agent[int], player: int, budget: Budget, seed: int = 0) -> None:
        super().__init__()
        self._reader, self._player, self._random = _Reader(agent, budget), player, np.random.default_rng(seed)

    def player_id(self) -> int:
        return self._player

    def provides_policy(self) -> bool:
        return True

    def restart(self) -> None:
        self._reader.decisions.forget()

    def restart_at(self, state: Any) -> None:
        self._reader.decisions.forget()

    def get_policy(self, state: Any) -> list[tuple[int, float]]:
        return list(self._reader.probabilities(state, self._player).items())

    def step_with_policy(self, state: Any) -> tuple[list[tuple[int, float]], int]:
        policy = self.get_policy(state)
        return policy, policy[drawn([p for _, p in policy], self._random.random())][0]

    def step(self, state: Any) -> int:
        return self.step_with_policy(state)[1]


class TimebankPolicy(spiel_policy.Policy):  # type: ignore[misc]
    """An agent as a policy of OpenSpiel, in both seats, with a budget of each decision. A decision is made once, clocks or not."""

    def __init__(self, agent: Agent[int], budget: Budget) -> None:
        self._reader = _Reader(agent, budget)
        super().__init__(self._reader.game, [0, 1])

    def action_probabilities(self, state: Any, player_id: int | None = None) -> dict[int, float]:
        """Return {action: probability} of every legal action."""
        return self._reader.probabilities(state, state.current_player() if player_id is None else player_id)


def _state_after(game: Any, history: Sequence[int]) -> Any:
    """Return OpenSpiel's state after actions from the start."""
    state = game.new_initial_state()
    for action in history:
        state.apply_action(action)
    return state


def policy_of(policy: Any, tree: PublicTree, name: str = "openspiel") -> TabularPolicy:
    """Return an ``open_spiel.python.policy.Policy`` as a table: its ``action_probabilities`` at every information state of its game.

    Raises:
        ValueError: what it gives are no probabilities of legal actions; names the information state.
    """
    game, spiel, table = derived_game(tree), load_game(tree.game), {}
    for player, node, hand, text in infostates(tree):
        other = int(np.flatnonzero(game.cf_reach(node, 1 - player, np.eye(game.num_hands[player])[hand]))[0])  # any that is possible
        state = _state_after(spiel, game.history(node, (hand, other) if player == 0 else (other, hand)))
        table[text] = {str(a): float(p) for a, p in policy.action_probabilities(state, player).items()}
    return policy_from_table(tree, table, name)


class _OnStates:
    """A bot of OpenSpiel, with ``restart()`` and ``step(state)``, asked at the states of pyspiel's game."""

    def __init__(self, bot: Any, game: Any) -> None:
        self._bot, self._game = bot, game

    def restart(self) -> None:
        self._bot.restart()

    def step(self, observation: Observation) -> Any:
        """Return the number of the bot's action; what is no number is left as it is."""
        action = self._bot.step(_state_after(self._game, observation.state))
        try:
            return int(operator.index(action))
        except TypeError:
            return action


def make(bot: str, game: str | None, player: int, seed: int) -> _OnStates:
    """Return a bot for one seat of an OpenSpiel game string, with all its randomness from ``seed``.

    It is a name that OpenSpiel has registered, or ``module:function``, which is called with (pyspiel's game, player, seed).
    """
    spiel = load_game(game or "")
    if ":" in bot:
        return _OnStates(load_bot(bot)(spiel, player, seed), spiel)
    specified = {"seed": seed % 2**31} if bot == "uniform_random" else {}
    return _OnStates(pyspiel.load_bot(bot, spiel, player, specified), spiel)


def check_bot(bot: str) -> None:
    """Refuse a bot that cannot be made; see ``agents.opponents.bot``."""
    bots.check_bot(bot, [name for name in pyspiel.registered_bots() if name not in NEED_PARAMETERS])
