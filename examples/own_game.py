"""A game of your own. Each player has a number from 0 to 9; player 0 bets 2 or checks, player 1 calls or folds; the pot is 2.

Run it in the folder of this file:

    TIMEBANK_MODULES=own_game timebank solve game=own_game:one_bet budget.iterations=1000
"""

from pyspiel import Game, GameInfo, GameType, PlayerId, State, register_game

KIND = GameType(
    "one_bet", "One bet", GameType.Dynamics.SEQUENTIAL, GameType.ChanceMode.EXPLICIT_STOCHASTIC,
    GameType.Information.IMPERFECT_INFORMATION, GameType.Utility.ZERO_SUM, GameType.RewardModel.TERMINAL,
    2, 2, True, False, False, False, {},
)  # fmt: skip


class OneBet(Game):
    def __init__(self, params=None):
        super().__init__(KIND, GameInfo(2, 10, 2, -3.0, 3.0, 0.0, 4), params or {})

    def new_initial_state(self):
        return OneBetState(self)


class OneBetState(State):
    def __init__(self, game):
        super().__init__(game)
        self.cards, self.bets = [], []  # 1 is a bet or a call, 0 a check or a fold

    def is_terminal(self):
        return self.bets[:1] == [0] or len(self.bets) == 2

    def current_player(self):
        return PlayerId.CHANCE if len(self.cards) < 2 else PlayerId.TERMINAL if self.is_terminal() else len(self.bets)

    def _legal_actions(self, player):
        return [0, 1]

    def chance_outcomes(self):
        return [(card, 1 / (10 - len(self.cards))) for card in range(10) if card not in self.cards]

    def _apply_action(self, action):
        (self.cards if len(self.cards) < 2 else self.bets).append(action)

    def _action_to_string(self, player, action):
        return f"card {action}" if player < 0 else [("check", "bet"), ("fold", "call")][player][action]

    def returns(self):
        won = (3 if self.bets == [1, 1] else 1) * (1 if self.bets == [1, 0] or self.cards[:1] > self.cards[1:] else -1)
        return [won, -won] if self.is_terminal() else [0, 0]

    def information_state_string(self, player=None):
        return f"{self.cards[self.current_player() if player is None else player]} {self.bets}"

    def __str__(self):
        return f"{self.cards} {self.bets}"


register_game(KIND, OneBet)
