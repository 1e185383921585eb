"""Hands as PHH: the Poker Hand History format (Kim, "Recording and Describing Poker Hands", 2024, arXiv 2312.11753), which is TOML.

A ``.phhs`` file has one table for each hand, numbered from 1. Player ``p1`` is the big blind, our player 1; ``p2`` is the small blind on
the button, our player 0. Amounts of ``cbr`` are the chips of the round, as ours are. Fields of our own begin with ``_``.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from games.game import Kind, bet_to
from games.holdem.betting import Betting, bet, first_state, offered
from games.holdem.cards import FULL_DECK, cards_text, hand_indices, parse_cards
from games.holdem.rules import HoldemGame, HoldemState
from games.public_tree import CHANCE, TERMINAL
from games.settings import shown

STREETS = (0, 3, 1, 1)  # cards before each round
UNKNOWN = "????"  # two cards that whoever wrote the hand did not see
MOST_HISTORIES = 1_000_000  # of one text that is read
BARE = re.compile("[A-Za-z0-9_-]+")  # keys of TOML that need no quotes


class History(NamedTuple):
    """A hand that was read.

    Attributes:
        hands: of both players, as indices of ``HoldemGame.hands``; None for cards that nobody saw.
        state: where it stopped: its end, unless it was not finished.
        fields: of the hand, as they are written.
    """

    hands: tuple[int | None, int | None]
    state: HoldemState
    fields: dict[str, Any]


def variant_of(game: HoldemGame) -> str | None:
    """Return what PHH calls a game: ``NT`` (no-limit Texas hold'em), ``FT`` (fixed-limit); None for one that it has no name for."""
    betting = game.betting
    if game.deck != FULL_DECK or game.deals != STREETS or game.board or not betting.blinds:
        return None
    if betting.limit is not None:
        small, second, big, last = betting.limit
        return "FT" if small == second == game.big_blind and big == last == 2 * small else None
    return "NT" if betting.min_bet == game.big_blind else None


def game_fields(game: HoldemGame) -> dict[str, Any]:
    """Return the fields of PHH that say what is played; raises ValueError where PHH has no name for it."""
    variant, betting = variant_of(game), game.betting
    if variant is None:
        raise ValueError(f"game must be Texas hold'em of 52 cards with blinds to be written as PHH, got {game.name}")
    fields: dict[str, Any] = {"variant": variant, "antes": [0, 0], "blinds_or_straddles": sorted(map(int, betting.start))}
    if betting.limit is not None:
        fields |= {"small_bet": betting.limit[0], "big_bet": betting.limit[2]}
    else:
        fields["min_bet"] = betting.min_bet
    return fields | {"starting_stacks": [betting.stack] * 2}


def history_text(game: HoldemGame, play: Sequence[str], hands: tuple[str, str], number: int, fields: Mapping[str, Any]) -> str:
    """Return a hand as a table of a ``.phhs`` file.

    Args:
        game: what is played; ``variant_of`` has a name for it.
        play: the line of play, actions and public cards.
        hands: the cards of players 0 and 1.
        number: of the table, from 1.
        fields: more fields, after those that every hand has. ``players`` are p1's and p2's names.
    """
    whole = game_fields(game) | {"actions": _actions(game.betting, play, hands)} | dict(fields)
    return f"[{number}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in whole.items())


def _actions(rules: Betting, play: Sequence[str], hands: tuple[str, str]) -> list[str]:
    """Return the actions of a hand as PHH writes them: both players show their cards before the showdown, or once both are all-in."""
    actions, state, dealt = [f"d dh p1 {hands[1]}", f"d dh p2 {hands[0]}"], first_state(rules), list[str]()
    for label in play:
        word, *chips = label.split()
        if state.player == CHANCE:
            dealt.append(f"d db {label}")
            if state.before < rules.stack:
                actions += dealt
                dealt.clear()
            state = offered(rules, state)[0][1]
        else:
            actions.append(f"p{2 - state.player} " + (f"cbr {chips[0]}" if chips else "f" if word == "fold" else "cc"))
            state = bet(rules, state, int(chips[0]))[1] if chips else dict(offered(rules, state))[label]
    ended = state.player == TERMINAL or state.before == rules.stack
    return actions + [f"p{2 - player} sm {hands[player]}" for player in (1, 0) if ended and state.folded < 0] + dealt


def _toml(value: Any) -> str:
    """Return a value as TOML: text, numbers, truth values, and lists and mappings of them."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key if BARE.fullmatch(key) else json.dumps(key)} = {_toml(v)}" for key, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)


def read_histories(game: HoldemGame, text: str) -> Iterator[History]:
    """Yield the hands of a ``.phhs`` text, or the one of a ``.phh``; each is played again by the rules.

    Raises:
        ValueError: it is no PHH, or a hand of another game, or one that cannot have been played; the message says which and why.
    """
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"a hand history must be PHH, which is TOML, got {error}") from None
    tables = {"1": content} if "variant" in content else content
    if len(tables) > MOST_HISTORIES:
        raise ValueError(f"a text must have at most {MOST_HISTORIES:,} hands, got {len(tables):,}")
    for name, fields in tables.items():
        try:
            yield _read(game, fields)
        except ValueError as error:
            raise ValueError(f"hand {name}: {error}") from None


def _read(game: HoldemGame, fields: Any) -> History:
    """Return one hand."""
    if not isinstance(fields, dict):
        raise ValueError(f"it must be a table of fields, got {shown(fields)}")
    for key, value in game_fields(game).items():
        if fields.get(key) != value:
            raise ValueError(f"{key} must be {value} as of {game.name}, got {shown(fields.get(key))}")
    actions = fields.get("actions")
    if not isinstance(actions, list) or not all(isinstance(action, str) for action in actions):
        raise ValueError(f"actions must be a list of texts, got {shown(actions)}")
    hands, state = dict[int, tuple[int, ...]](), game.root
    for number, action in enumerate(actions, 1):
        try:
            state = _played(game, state, action.partition("#")[0].split(), hands)
        except ValueError as error:
            raise ValueError(f"action {number}, {shown(action)}: {error}") from None
    if len(hands) != 2:
        raise ValueError(f"actions must deal both players their cards (d dh; {UNKNOWN} for unknown ones)")
    first, second = (int(hand_indices(game.hands)[hands[player]]) if hands[player] else None for player in (0, 1))
    return History((first, second), state, fields)


def _played(game: HoldemGame, state: HoldemState, words: Sequence[str], hands: dict[int, tuple[int, ...]]) -> HoldemState:
    """Return where an action leads; cards of players go to ``hands``."""
    player = game.player(state)
    match words:
        case []:
            return state
        case ["d", "dh", ("p1" | "p2") as who, cards]:
            _deal_hand(game, state, 2 - int(who[1]), cards, hands)
            return state
        case ["d", "db", cards]:
            if player != CHANCE:
                raise ValueError("it must not deal where no cards are due")
            return _deal_board(game, state, cards, hands)
        case [("p1" | "p2") as who, "sm", *cards]:
            if cards and cards[0] not in ("-", UNKNOWN):
                _show_hand(state, who, cards[0], hands)
            return state
        case [("p1" | "p2") as who, ("f" | "cc") as what] | [("p1" | "p2") as who, "cbr" as what, _]:
            if player in (CHANCE, TERMINAL):
                raise ValueError("it must not act where nobody is to act")
            if player != 2 - int(who[1]):
                raise ValueError(f"p{2 - player} must act, who is in turn, got {who}")
            if what == "cbr":
                return game.child(state, bet_to(game, state, int(words[2]) if re.fullmatch("[0-9]{1,9}", words[2]) else 0))
            passing = next(action.text for action in game.actions(state) if action.kind == Kind.PASS)
            return game.child(state, game.action(state, passing if what == "cc" else "fold"))
    raise ValueError("it must be d dh, d db, or of p1 or p2 f, cc, cbr with chips, or sm")


def _deal_hand(game: HoldemGame, state: HoldemState, player: int, text: str, hands: dict[int, tuple[int, ...]]) -> None:
    """Give a player two cards; none where they are unknown."""
    cards = () if text == UNKNOWN else parse_cards(text)
    if (len(cards) != 2 and text != UNKNOWN) or player in hands or state != game.root:
        raise ValueError("each player must be dealt two cards, once, before anybody acts")
    _refuse_twice(cards, [card for held in hands.values() for card in held])
    hands[player] = cards


def _show_hand(state: HoldemState, who: str, text: str, hands: dict[int, tuple[int, ...]]) -> None:
    """Check the cards that a player shows; they become known if they were not."""
    holder, cards = 2 - int(who[1]), parse_cards(text)
    if hands.get(holder) == () and len(cards) == 2:
        _refuse_twice(cards, [*state.cards, *hands.get(1 - holder, ())])
        hands[holder] = cards
    if sorted(cards) != sorted(hands.get(holder, ())):
        raise ValueError(f"{who} must show its own cards, got {shown(text)}")


def _deal_board(game: HoldemGame, state: HoldemState, text: str, hands: dict[int, tuple[int, ...]]) -> HoldemState:
    cards, count = sorted(parse_cards(text)), game.deals[state.betting.round + 1]
    if len(cards) != count:
        raise ValueError(f"it must deal {count} cards")
    _refuse_twice(cards, [*state.cards, *(card for held in hands.values() for card in held)])
    return game.revealed(state, cards_text(cards))


def _refuse_twice(cards: Sequence[int], dealt: Sequence[int]) -> None:
    """Refuse cards that were dealt before."""
    if again := [card for card in cards if card in dealt]:
        raise ValueError(f"cards must be distinct, got {cards_text(again)} twice")
