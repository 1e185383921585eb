"""What can be set of hold'em: spots, whole games, and endgames read from files. Each builds a ``HoldemGame``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from games.arrays import Float
from games.files import read_text
from games.holdem.betting import MOST_ADD_ALLIN, SHARE, Betting
from games.holdem.cards import FULL_DECK, Deck, hand_indices, hole_hands, parse_cards
from games.holdem.menus import Menu, Size, parse_sizes
from games.holdem.rake import Rake, parse_rake
from games.holdem.ranges import parse_range
from games.holdem.rules import STREETS, HoldemGame
from games.holdem.smallest_chip import WHOLE, chip_text, smallest_chip, steps_in
from games.holdem.weights import with_checked_weights
from games.settings import MOST as MOST_CHIPS
from games.settings import bounded, check_bounds, shown, within

Built = TypeVar("Built")
Both = tuple[Float, Float]
MOST_FILE_BYTES = 1 << 20  # of an endgame, which has 2,652 numbers


@dataclass(kw_only=True)
class StreetMenu:
    """One player's sizes on one street.

    Attributes:
        bets, raises, donks: sizes there; null takes the game's own.
    """

    bets: str | None = None
    raises: str | None = None
    donks: str | None = None


@dataclass(kw_only=True)
class PlayerMenu:
    """One player's sizes, street by street.

    Attributes:
        preflop, flop, turn, river: of a street; those that the game does not have are left out.
    """

    preflop: StreetMenu = field(default_factory=StreetMenu)
    flop: StreetMenu = field(default_factory=StreetMenu)
    turn: StreetMenu = field(default_factory=StreetMenu)
    river: StreetMenu = field(default_factory=StreetMenu)


@dataclass(kw_only=True)
class Menus:
    """Sizes that replace the game's own.

    Attributes:
        oop, ip: of the player out of position after the flop, and of the one in position.
    """

    oop: PlayerMenu = field(default_factory=PlayerMenu)
    ip: PlayerMenu = field(default_factory=PlayerMenu)


@dataclass(kw_only=True)
class Bets:
    """What every no-limit game can set.

    Attributes:
        bets, raises: sizes on every street, with commas between: ``50%`` of the pot, ``a`` for all-in; see docs/how-to/sizes.md.
        donks: the out-of-position player's bets into the last street's aggressor, where they differ from bets.
        menu: finer sizes.
        raise_cap: bets and raises on a street at most, 0 for no cap.
        add_allin: offer all-in too where it is at most this share of the pot; 0 is off.
        force_allin: a size that once called would leave less than this share of the pot behind becomes all-in; 0 is off.
        merging: of two sizes of X > Y of the pot with (1 + X) / (1 + Y) < 1 + merging only X stays; 0 is off.
        min_bet: the smallest bet and raise.
        rake: of ``timebank solve`` and ``show``: the share that the house takes of pots after the flop, ``5%`` or 0.05; see
            docs/how-to/solve-a-spot.md.
        rake_cap: chips that it takes of a pot at most, 0 for no cap.
    """

    bets: str = "50%,100%,a"
    raises: str = "100%,a"
    donks: str | None = None
    menu: Menus = field(default_factory=Menus)
    raise_cap: int = 0
    add_allin: float = bounded(0.0, most=MOST_ADD_ALLIN, hint=SHARE)
    force_allin: float = bounded(0.0, most=1, hint=SHARE)
    merging: float = bounded(0.0, below=1, hint=SHARE)
    min_bet: int | float = bounded(1, above=0, unit="chips")
    rake: str = bounded("0", longest=40)
    rake_cap: float = bounded(0.0, unit="chips")

    def build(self, progress: object = None) -> HoldemGame:
        """Return the game.

        Raises:
            ValueError: a bad value, or a file that cannot be read as an endgame, in one line with the key.
        """
        raise NotImplementedError

    def _menu(self, player: str, street: str) -> Menu:
        own: StreetMenu = getattr(getattr(self.menu, player), street)

        def sizes(kind: str) -> tuple[Size, ...]:
            text, key = getattr(own, kind), f"game.menu.{player}.{street}.{kind}"
            if text is None:
                text, key = getattr(self, kind), f"game.{kind}"
            return parse_sizes(text, key, raises=kind == "raises")

        donks = player == "oop" and not (own.donks is None and self.donks is None)
        return Menu(sizes("bets"), sizes("raises"), sizes("donks") if donks else None)

    def _rake(self) -> Rake | None:
        return parse_rake(self.rake, self.rake_cap, "game.rake")

    def _refuse_unused(self, streets: tuple[str, ...], limit: bool = False) -> None:
        """Refuse sizes that could have no effect."""
        common, names = Bets(), ("bets", "raises", "donks", "raise_cap", "add_allin", "force_allin", "merging", "min_bet")
        given = [name for name in names if getattr(self, name) not in ("", getattr(common, name))] if limit else []
        if given:
            without = " ".join(f"game.{name}={'' if name in names[:3] else getattr(common, name)}" for name in given)
            raise ValueError(f"game.{given[0]} must be left out in a limit game, got {getattr(self, given[0])!r} (left out by {without})")
        if self.donks is not None and len(streets) == 1:
            raise ValueError(f"game.donks must be left out in a game of one street, got {self.donks!r}")
        for player, street, kind in itertools.product(("oop", "ip"), STREETS, ("bets", "raises", "donks")):
            text = getattr(getattr(getattr(self.menu, player), street), kind)
            where = "in a limit game" if limit else f"in a game that has no {street}" if street not in streets else ""
            if kind == "donks" and not where:
                where = "in position" if player == "ip" else "on the first street" if street == streets[0] else ""
            if text is not None and where:
                raise ValueError(f"game.menu.{player}.{street}.{kind} must be left out {where}, got {text!r}")

    def _betting(
        self, start: tuple[float, float], stack: int, first: tuple[int, ...], streets: tuple[str, ...], chip: Fraction = WHOLE
    ) -> Betting:
        """Return the rules, of a start and a stack in steps; player 0 is out of position where he acts first on the last street."""
        self._refuse_unused(streets)
        places = ("oop", "ip") if first[-1] == 0 else ("ip", "oop")
        menus = tuple((self._menu(places[0], street), self._menu(places[1], street)) for street in streets)
        same = {key: getattr(self, key) for key in ("raise_cap", "add_allin", "force_allin", "merging")}
        least = steps_in(self.min_bet, chip)
        return _named(lambda: Betting(start, stack, first, menus, min_bet=least, rake=self._rake(), chip=chip, **same))

    def _after_flop(
        self,
        name: str,
        cards: tuple[int, ...],
        pot: float,
        behind: float,
        weights: Both,
        big_blind: float | None = None,
        chip: Fraction = WHOLE,
    ) -> HoldemGame:
        """Return a spot on a board of 3 to 5 cards, with chips behind each player."""
        rounds, half = 6 - len(cards), steps_in(pot, chip) / 2
        betting = self._betting((half, half), steps_in(behind, chip), (0,) * rounds, STREETS[-rounds:], chip)
        board = (cards[:3], *((card,) for card in cards[3:]))
        return HoldemGame(name, betting, (0,) + (1,) * (rounds - 1), board, weights, big_blind=big_blind)


def _named(build: Callable[[], Built]) -> Built:
    """Return what ``build`` returns; an error of the rules names the key as it is set."""
    try:
        return build()
    except ValueError as error:
        text = str(error)
        raise ValueError(text if text.startswith("game.") else f"game.{text.removeprefix('deck.')}") from None


@dataclass(kw_only=True)
class Spot(Bets):
    """A spot after the flop: a board, two ranges, a pot and what is behind. Player 0 is out of position and acts first.

    Attributes:
        board: 3, 4 or 5 cards.
        boards: of ``timebank solve``: many boards, not one: ``all_flops``, a ``subset`` of 49 flops, the ``turns`` of the board, or a
            list; see docs/how-to/boards.md.
        ranges: out of position, in position; see docs/how-to/ranges.md.
        pot: chips in the pot.
        stack: chips behind, each.
        chip: the smallest chip, which bets are rounded to, such as 0.5 or 0.1; null is 1, or where pot, stack or min_bet are not whole the
            largest of 0.1, 0.05 and 0.01 that they are multiples of.
    """

    board: str = ""
    boards: Any = None
    ranges: list[str] = field(default_factory=lambda: ["full", "full"])
    pot: int | float = bounded(100, above=0, unit="chips")
    stack: int | float = bounded(500, above=0, unit="chips")
    chip: float | None = bounded(None, above=0, unit="chips")

    def weights(self) -> Both:
        """Return both players' [H] weights of all hands of the deck, whatever lies on the board; raises ValueError as ``build`` does."""
        return _parsed(self.ranges, FULL_DECK)[0]

    def build(self, progress: object = None) -> HoldemGame:
        check_bounds(self, "game")
        if self.boards is not None:
            raise ValueError(f"game.boards must be left out here (timebank solve takes it), got {self.boards}")
        if not self.board:
            raise ValueError("game.board must be given, got nothing")
        cards = parse_cards(self.board, "game.board")
        if not 3 <= len(cards) <= 5:
            raise ValueError(f"game.board must have 3, 4 or 5 cards, got {len(cards)} in {self.board!r}")
        weights, named = _parsed(self.ranges, FULL_DECK)
        chip = smallest_chip({f"game.{key}": getattr(self, key) for key in ("pot", "stack", "min_bet")}, self.chip, "game.chip")
        game = self._after_flop(f"spot {self.board}", cards, self.pot, self.stack, weights, chip=chip)
        if self.chip is None and chip != WHOLE:
            note = f"game.chip: null is taken as {chip_text(chip)}, as pot, stack or min_bet is not whole (bets are multiples of it)"
            game = replace(game, notes=(note,))
        return _checked(game, named)


@dataclass(kw_only=True)
class Holdem(Bets):
    """A whole game from the blinds on. Player 0 is the small blind on the button: first before the flop, second after.

    Attributes:
        ranks, suits: of the deck.
        deals: public cards before each round of betting, e.g. 0, 3, 1, 1.
        blinds: small and big.
        stack: chips of each player, blinds included.
        limit: bet size of each round of a limit game; empty for no-limit.
        max_raises: bets and raises on each round of a limit game, the blinds not counted.
        amounts: ``any``: in matches of bots alone any legal amount may be bet; else, and with ``menu``, the menu's sizes.
        ranges: hands that can be dealt, and their weights, of the small blind and of the big one.
        name: in reports.
    """

    ranks: str = FULL_DECK.ranks
    suits: str = FULL_DECK.suits
    deals: list[int] = field(default_factory=lambda: [0, 3, 1, 1])
    blinds: list[int] = field(default_factory=lambda: [1, 2], metadata=within(above=0, unit="chips"))
    stack: int = bounded(200, above=0, unit="chips")
    min_bet: int = bounded(1, above=0, unit="chips")
    limit: list[int] = field(default_factory=list, metadata=within(above=0, unit="chips"))
    max_raises: list[int] = field(default_factory=list)
    amounts: str = bounded("menu", among=("menu", "any"))
    ranges: list[str] = field(default_factory=lambda: ["full", "full"])
    name: str = "holdem"

    def build(self, progress: object = None) -> HoldemGame:
        check_bounds(self, "game")
        rounds = len(self.deals)
        if not 2 <= rounds <= 4 or self.deals[0] != 0 or min(self.deals[1:]) < 1:
            raise ValueError(f"game.deals must be 0 and then one to three positive numbers of cards, got {self.deals}")
        if len(self.blinds) != 2 or not self.blinds[0] < self.blinds[1]:
            raise ValueError(f"game.blinds must be a small and a larger big one, got {self.blinds}")
        deck = _named(lambda: Deck(self.ranks, self.suits))
        if not sum(self.deals) <= min(5, len(deck.cards()) - 5):
            raise ValueError(f"game.deals must leave cards in the deck and sum to at most 5, got {self.deals}")
        weights, named = _parsed(self.ranges, deck)
        first, (small, big) = (0, *[1] * (rounds - 1)), map(float, self.blinds)
        if self.limit or self.max_raises:
            self._refuse_unused((), limit=True)
            if self.amounts != "menu":
                raise ValueError(f"game.amounts must be menu in a limit game, got {self.amounts!r}")
            limits: dict[str, Any] = {"limit": tuple(self.limit), "max_raises": tuple(self.max_raises)}
            betting = _named(lambda: Betting((small, big), self.stack, first, **limits, min_bet=self.blinds[1], rake=self._rake()))
        else:
            betting = self._betting((small, big), self.stack, first, STREETS[:rounds])
        return _checked(HoldemGame(self.name, betting, tuple(self.deals), (), weights, deck, big, self.amounts == "any"), named)


@dataclass(kw_only=True)
class LibratusEndgame(Bets):
    """An endgame that Libratus met, from a file of the Sandholm lab's (github.com/Sandholm-Lab/LibratusEndgames).

    Attributes:
        file: round, board, pot and the reach of 2,652 hands.
        stack: chips of each player in the whole game; the big blind is 100.
    """

    file: str = "???"
    stack: int = bounded(20_000, above=0, unit="chips")
    bets: str = "50%,100%,a"
    raises: str = "100%,a"
    min_bet: int = bounded(100, above=0, unit="chips")

    def build(self, progress: object = None) -> HoldemGame:
        check_bounds(self, "game")
        try:
            cards, pot, reach = _endgame(read_text(self.file, MOST_FILE_BYTES, follow=True))
        except (OSError, ValueError) as error:
            raise ValueError(f"game.file must be a Libratus endgame, got {self.file} ({error})") from None
        behind = self.stack - pot // 2
        if behind <= 0:
            raise ValueError(f"game.stack must leave chips behind, got {self.stack} with a pot of {pot}")
        order = [4 * rank + suit for rank in range(13) for suit in (3, 2, 1, 0)]
        hands = hand_indices(hole_hands())[tuple(np.array([*itertools.combinations(order, 2)]).T)]
        weights = (np.empty(1326), np.empty(1326))
        weights[0][hands], weights[1][hands] = reach[:1326], reach[1326:]
        reaches = [
            ("game.file", f"{which} {self.file}") for which in ("the first 1,326 reaches of", "the last 1,326 reaches of", "reaches of")
        ]
        return _checked(self._after_flop(Path(self.file).stem, cards, pot, behind, weights, 100.0), reaches)


def _endgame(text: str) -> tuple[tuple[int, ...], int, Float]:
    """Return the board, the pot and the [2652] reaches of an endgame's file; raises ValueError with the reason alone."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, value = [*line[1:].split(maxsplit=1), "", ""][:2]
        if line.startswith("-") and key:
            if key in fields:
                raise ValueError(f"it must have one -{key}, got another")
            fields[key] = value.strip()
    for key in ("board", "pot", "reach"):
        if not fields.get(key):
            raise ValueError(f"it must have a -{key}, got {'an empty one' if key in fields else 'none'}")
    cards = parse_cards(fields["board"], "its board")
    if not re.fullmatch("[0-9]{1,4000}", fields["pot"]):  # Python reads no longer ones
        raise ValueError(f"its pot must be a whole number, got {fields['pot'][:40]!r}")
    pot, reach = int(fields["pot"]), np.array(fields["reach"].split(), np.float64)
    if reach.shape != (2652,) or not ((reach >= 0) & (reach <= 1)).all() or not 4 <= len(cards) <= 5:
        raise ValueError("2,652 reaches in 0..1 and a board of 4 or 5 cards are needed")
    if not 0 < pot <= MOST_CHIPS:
        raise ValueError(f"its pot must be positive and at most {MOST_CHIPS:,}, got {shown(pot)}")
    return cards, pot, reach


def _parsed(ranges: list[str], deck: Deck) -> tuple[Both, list[tuple[str, str]]]:
    """Return the weights of two ranges, and the names of theirs that ``_checked`` needs."""
    if len(ranges) != 2:
        raise ValueError(f"game.ranges must be two, got {len(ranges)}")
    texts = [text if len(text) <= 60 else f"{text[:57]}..." for text in ranges]
    named = [*((f"game.ranges[{i}]", repr(text)) for i, text in enumerate(texts)), ("game.ranges", str(texts))]
    return (parse_range(ranges[0], "game.ranges[0]", deck), parse_range(ranges[1], "game.ranges[1]", deck)), named


def _checked(game: HoldemGame, named: Sequence[tuple[str, str]]) -> HoldemGame:
    """Return a game that can be dealt and bet; see ``with_checked_weights``."""
    found = with_checked_weights(game, named)
    return found if found.any_amount else on_menu(found)


def on_menu(game: HoldemGame) -> HoldemGame:
    """Return a game as those play it who bet the menu's sizes alone; its tree of bets is built.

    Raises:
        ValueError: the tree of bets would be too large.
    """
    if game.any_amount:
        note = "game.amounts: any is taken as menu (what needs the tree of all bets knows the menu's sizes alone)"
        game = replace(game, any_amount=False, notes=(*game.notes, note))
    try:
        game.bets  # noqa: B018  # built here, and kept
    except ValueError as error:
        keys = "game.max_raises must be low" if game.betting.limit else "game.bets and game.raises must be few, or game.raise_cap low"
        raise ValueError(f"{keys} enough: {error}") from None
    return game
