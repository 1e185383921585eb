"""Small games written down by a test, registered with OpenSpiel, to see the derivation refuse what breaks one of its rules."""

from __future__ import annotations

import pyspiel

CHANCE, TERMINAL = -1, -4


def register(name, deals, tree, utility=pyspiel.GameType.Utility.ZERO_SUM):
    """Register a game.

    ``deals`` is {(hand of player 0, hand of player 1): probability}. ``tree`` is called with both hands and gives what follows: a number
    (player 0's winnings) or (player, {label: what follows}); of chance (CHANCE, {label: (probability, what follows)}). A label that ends
    in "?" is seen by player 0 only; one that ends in "!" shows player 0 the other's hand. An empty label is an action that is not legal.
    """
    order = list(deals)
    kind = pyspiel.GameType(
        short_name=name,
        long_name=name,
        dynamics=pyspiel.GameType.Dynamics.SEQUENTIAL,
        chance_mode=pyspiel.GameType.ChanceMode.EXPLICIT_STOCHASTIC,
        information=pyspiel.GameType.Information.IMPERFECT_INFORMATION,
        utility=utility,
        reward_model=pyspiel.GameType.RewardModel.TERMINAL,
        max_num_players=2,
        min_num_players=2,
        provides_information_state_string=True,
        provides_information_state_tensor=False,
        provides_observation_string=False,
        provides_observation_tensor=False,
    )
    size = pyspiel.GameInfo(
        num_distinct_actions=8, max_chance_outcomes=8, num_players=2, min_utility=-9, max_utility=9, utility_sum=0, max_game_length=9
    )

    class Observer:
        def __init__(self):
            self.tensor, self.dict = None, {}

        def set_from(self, state, player):
            pass

        def string_from(self, state, player):
            if state.hands is None:
                return ""
            seen = [label for label in state.labels if player == 0 or not label.endswith("?")]
            shown = state.hands[1] if player == 0 and any(label.endswith("!") for label in state.labels) else ""
            return f"{state.hands[player]}{shown}|{' '.join(seen)}"

    class Game(pyspiel.Game):
        def __init__(self, params=None):
            super().__init__(kind, size, params or {})

        def new_initial_state(self):
            return State(self)

        def make_py_observer(self, iig_obs_type=None, params=None):
            return Observer()

    class State(pyspiel.State):
        def __init__(self, game):
            super().__init__(game)
            self.hands, self.labels, self.here = None, [], None

        def current_player(self):
            if self.hands is None:
                return CHANCE
            return self.here[0] if isinstance(self.here, tuple) else TERMINAL

        def is_terminal(self):
            return self.current_player() == TERMINAL

        def _legal_actions(self, player):
            return [i for i, label in enumerate(self.here[1]) if label]

        def chance_outcomes(self):
            if self.hands is None:
                return [(i, deals[d]) for i, d in enumerate(order)]
            return [(i, p) for i, (p, _) in enumerate(self.here[1].values())]

        def _apply_action(self, action):
            if self.hands is None:
                self.hands, self.here = order[action], tree(*order[action])
                return
            who = self.here[0]
            label, following = list(self.here[1].items())[action]
            self.labels = [*self.labels, label]
            self.here = following[1] if who == CHANCE else following

        def _action_to_string(self, player, action):
            return str(order[action]) if self.hands is None else list(self.here[1])[action]

        def returns(self):
            return [float(self.here), -float(self.here)] if self.is_terminal() else [0.0, 0.0]

        def __str__(self):
            return f"{self.hands} {' '.join(self.labels)}"

    pyspiel.register_game(kind, Game)
    return name
