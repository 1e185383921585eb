"""A bot of your own, for hold'em: it is asked for one action at a time.

Run it in the folder of this file:

    TIMEBANK_MODULES=own_bot timebank match game=ms1f1 agent@agents.a=tabular agent@agents.b=bot agents.b.bot=own_bot:Cautious hands=400
"""


class Cautious:
    """Checks and calls, and folds to large bets.

    Args:
        game: what is played, a ``games.holdem.rules.HoldemGame``.
        player: 0 or 1.
        seed: for the bot's own random numbers.
    """

    def __init__(self, game, player, seed):
        pass

    def restart(self):
        """Begin a hand."""

    def step(self, view):
        """Return one of ``view.legal``; ``view`` is an ``agents.opponents.bot.Observation``."""
        if "check" in view.legal:
            return "check"
        return "fold" if view.to_call > view.pot / 3 else "call"
