"""Match states of the Annual Computer Poker Competition: what one player sees of a hand, as one line of text.

The notation is that of the ACPC protocol, version 2.0.0 (October 2010), for two players with *reverse blinds*:
``MATCHSTATE:position:hand:betting:cards``.

* *Position* 0 is the big blind, our player 1, and acts first after the flop; position 1 is the small blind on the button, our player 0.
* *Betting* has ``c`` for a check or call, ``f`` for a fold, ``r`` for a bet or raise; rounds are parted by ``/``. In no-limit games the
  chips stand behind ``r``: all that the player has put in *in this hand* after it. (Our own texts have the chips of the round.)
* *Cards* are the hands by position with ``|`` between, empty where they are not known, and the board round by round behind ``/``.
* Where both are all-in the rounds that are left are there, with their cards and without actions: ``r20000c///``.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from games.game import Action, Kind, bet_to, listed, path
from games.holdem.cards import cards_text, hand_indices, parse_cards
from games.holdem.rules import HoldemGame, HoldemState
from games.public_tree import CHANCE, TERMINAL
from games.settings import shown

FORM = "MATCHSTATE:position:hand:betting:cards"
MOST_HAND = 2**32 - 1  # programs of others keep a hand's number in 32 bits


class View(NamedTuple):
    """One player's view of a hand.

    Attributes:
        number: the hand's.
        seat: the player's, 0 or 1 as ``HoldemGame`` counts them.
        state: what happened at the table.
        hand: the player's, as an index of ``HoldemGame.hands``.
        opponent: the opponent's, where it is shown.
    """

    number: int
    seat: int
    state: HoldemState
    hand: int
    opponent: int | None

    @property
    def hands(self) -> tuple[int | None, int | None]:
        """Both players' hands by seat."""
        return (self.hand, self.opponent) if self.seat == 0 else (self.opponent, self.hand)


def check_game(game: HoldemGame) -> None:
    """Refuse a game that match states cannot tell.

    Raises:
        ValueError: it has no blinds: a spot begins in the middle of a hand.
    """
    if not game.betting.blinds:
        raise ValueError(f"game must be a whole hand with blinds where the ACPC protocol is spoken, got {game.name}")


def match_state(game: HoldemGame, state: HoldemState, seat: int, number: int, hands: tuple[int | None, int | None]) -> str:
    """Return the line that a seat is sent at a state.

    Args:
        game: what is played; it has blinds.
        state: public; not one where cards are due.
        seat: whose view it is.
        number: of the hand.
        hands: by seat, None where it is not shown.
    """
    betting, board = "", ""
    for above, below in pairwise(path(game, state)):
        if above.betting.player == CHANCE:
            betting, board = betting + "/", f"{board}/{below.label}"
        else:
            betting += _written(game, above, below.label)
    held = ["" if hand is None else game.hand_text(0, hand) for hand in (hands[1], hands[0])]
    return f"MATCHSTATE:{1 - seat}:{number}:{betting}:{held[0]}|{held[1]}{board}"


def action_text(game: HoldemGame, state: HoldemState, action: Action) -> str:
    """Return an action as match states write it: ``f``, ``c``, ``r`` or, in no-limit, ``r300``."""
    return _written(game, state, action.text)


def _written(game: HoldemGame, state: HoldemState, text: str) -> str:
    word, *chips = text.split()
    if not chips:
        return "f" if word == "fold" else "c"
    return "r" if game.betting.limit is not None else f"r{state.betting.before + int(chips[0])}"


def read_action(game: HoldemGame, state: HoldemState, text: str) -> Action:
    """Return the action that a text such as ``r300`` names at a decision.

    Raises:
        ValueError: it is none, or not legal there; the message says what is.
    """
    limit = game.betting.limit is not None
    if not re.fullmatch("[fc]|r" if limit else "[fc]|r[0-9]{1,9}", text):
        rule = "f, c or r" if limit else "f, c, or r with the chips that the player has then put in in this hand"
        raise ValueError(f"an action must be {rule}, got {shown(text)}")
    kinds = {"f": Kind.FOLD, "c": Kind.PASS, "r": Kind.BET}
    fitting = [action for action in game.actions(state) if action.kind == kinds[text[0]]]
    try:
        return fitting[0] if text in ("f", "c", "r") else bet_to(game, state, int(text[1:]) - state.betting.before)
    except (IndexError, ValueError):
        raise ValueError(f"an action must be {_legal(game, state)}, got {shown(text)}") from None


def _legal(game: HoldemGame, state: HoldemState) -> str:
    """Return what may be done at a decision, as match states write it."""
    amounts = game.amounts(state)
    texts = [action_text(game, state, a) for a in game.actions(state) if a.kind != Kind.BET or amounts is None]
    if amounts is not None:
        least, most = (state.betting.before + chips for chips in amounts)
        texts.append(f"r{least} to r{most}" if least < most else f"r{most}")
    return listed(texts)


def read_match_state(game: HoldemGame, line: str) -> View:
    """Return what a match state says.

    Args:
        game: what is played; it has blinds.
        line: without the end of the line.

    Raises:
        ValueError: it is none, or of another game; the message says what is wrong with it.
    """
    parts = line.split(":")
    if len(parts) != 5 or parts[0] != "MATCHSTATE":
        raise ValueError(f"a match state must be {FORM}, got {shown(line)}")
    _, position, number, betting, cards = parts
    if position not in ("0", "1"):
        raise ValueError(f"a match state's position must be 0 or 1, of two players, got {shown(position)}")
    if not re.fullmatch("[0-9]{1,10}", number) or int(number) > MOST_HAND:
        raise ValueError(f"a match state's hand must be a number from 0 to {MOST_HAND}, got {shown(number)}")
    held, *board = cards.split("/")
    if held.count("|") != 1:
        raise ValueError(f"a match state must have the cards of two players with | between, got {shown(held)}")
    parse_cards("".join((*held.split("|"), *board)), "a match state's cards", game.deck)  # all of the deck, none twice
    second, first = (_hand(game, text) for text in held.split("|"))
    seat = 1 - int(position)
    hand, opponent = (first, second) if seat == 0 else (second, first)
    if hand is None:
        raise ValueError(f"a match state must have the cards of position {position}, to which it is sent, got {shown(held)}")
    return View(int(number), seat, _state_of(game, betting, board), hand, opponent)


def _hand(game: HoldemGame, text: str) -> int | None:
    """Return the index of a hand; None where it is not shown."""
    if not text:
        return None
    cards = parse_cards(text, "a match state's cards", game.deck)
    if len(cards) != 2:
        raise ValueError(f"a match state must have two cards a player, or none, got {shown(text)}")
    return int(hand_indices(game.hands)[cards])


def _state_of(game: HoldemGame, betting: str, board: list[str]) -> HoldemState:
    """Return the public state of a match state's betting and of its board, round by round."""
    rounds, read = betting.split("/"), ""
    if len(rounds) > len(game.rounds):
        raise ValueError(f"a match state of {game.name} must have at most {len(game.rounds)} rounds of betting, got {shown(betting)}")
    state, cards = game.root, iter(board)
    for number, actions in enumerate(rounds):
        if number > 0:
            if game.player(state) != CHANCE:
                raise ValueError(f"a match state's betting must begin no new round after {shown(read)}, got {shown(betting)}")
            state, read = _dealt(game, state, next(cards, "")), f"{read}/"
        tokens = re.findall("r[0-9]*|.", actions)
        for token in tokens:
            if game.player(state) in (CHANCE, TERMINAL):
                raise ValueError(f"a match state's betting must have no action after {shown(read)}, got {shown(betting)}")
            try:
                state = game.child(state, read_action(game, state, token))
            except ValueError as error:
                raise ValueError(f"a match state's betting in {game.name} after {shown(read)}: {error}") from None
            read += token
    while game.settled(state) and game.player(state) == CHANCE and (left := next(cards, "")):
        state = _dealt(game, state, left)  # of programs that leave out the / of rounds without actions
    if (extra := next(cards, None)) is not None:
        raise ValueError(f"a match state's board must have the cards of {len(rounds)} rounds, got /{shown(extra)} besides")
    return state


def _dealt(game: HoldemGame, state: HoldemState, text: str) -> HoldemState:
    """Return where the cards of a round lead; in our order, whatever theirs is."""
    cards = sorted(parse_cards(text, "a match state's cards", game.deck))
    count = game.deals[state.betting.round + 1]
    if len(cards) != count:
        raise ValueError(f"a match state's board must have {count} cards on the {game.rounds[state.betting.round + 1]}, got {shown(text)}")
    return game.revealed(state, cards_text(cards))
