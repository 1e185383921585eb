"""What can be set of a game; each settings class knows its game string."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

from games.derivation import public_tree
from games.derived import DerivedGame, derived_game
from games.openspiel import UnknownGameError, tidy
from games.private_deals import MAX_HISTORIES, Progress
from games.settings import bounded, check_bounds


class Derived:
    """Settings of a game of OpenSpiel's."""

    def game_string(self) -> str:
        """Return OpenSpiel's name of the game.

        Raises:
            ValueError: dice of which no game, or one of more histories than are derived, can be made.
        """
        raise NotImplementedError

    def build(self, progress: Progress | None = None) -> DerivedGame:
        """Return the game; ``progress`` is called as of ``games.public_tree``, with the game's name before what is counted."""
        game = self.game_string()
        if progress is None:
            return derived_game(public_tree(game))
        return derived_game(public_tree(game, progress=lambda what, done, total: progress(f"{game}, millions of {what}", done, total)))


@dataclass(kw_only=True)
class KuhnPoker(Derived):
    """Kuhn poker: three cards, one bet."""

    def game_string(self) -> str:
        return "kuhn_poker"


@dataclass(kw_only=True)
class LeducPoker(Derived):
    """Leduc poker: six cards, two rounds, one public card.

    Attributes:
        suit_isomorphism: deal ranks only; the same game in half the tree.
    """

    suit_isomorphism: bool = False

    def game_string(self) -> str:
        return "leduc_poker(suit_isomorphism=true)" if self.suit_isomorphism else "leduc_poker"


@dataclass(kw_only=True)
class LiarsDice(Derived):
    """Liar's Dice for two: bids are public, dice are not.

    Attributes:
        numdice: dice of each player.
        dice_sides: of each die; the highest is wild.
    """

    numdice: int = bounded(1, least=1, most=100)
    dice_sides: int = bounded(6, least=1, most=100)

    def game_string(self) -> str:
        check_bounds(self, "game")
        hands = comb(self.dice_sides + self.numdice - 1, self.numdice)
        histories = 2 ** (2 * self.numdice * self.dice_sides + 1) * hands**2
        if histories > MAX_HISTORIES:
            raise ValueError(f"game.numdice and game.dice_sides must give at most {MAX_HISTORIES:,} histories, got about {histories:.1e}")
        return f"liars_dice(numdice={self.numdice},dice_sides={self.dice_sides})"


@dataclass(kw_only=True)
class OpenSpielGame(Derived):
    """Any other suitable game of OpenSpiel.

    Attributes:
        string: its game string, e.g. ``leduc_poker(players=2)``.
    """

    string: str = "???"

    def game_string(self) -> str:
        return tidy(self.string)

    def build(self, progress: Progress | None = None) -> DerivedGame:
        try:
            return super().build(progress)
        except UnknownGameError as error:
            if ":" in self.string:  # of game=module:name
                raise
            raise UnknownGameError(f"game.string{str(error).removeprefix('game')}") from None
