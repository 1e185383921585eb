"""Lines of play as text: ``check / bet 120 / call / 2c / check``, actions with the cards that come between streets."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from games.holdem.cards import cards_text, parse_cards
from games.holdem.rules import HoldemGame
from games.public_tree import CHANCE


class Place(NamedTuple):
    """A decision of a game: what has been bet, and the cards that are on the board."""

    node: int  # of game.bets
    cards: tuple[int, ...]  # street by street in order, the game's own first


def find_decision(game: HoldemGame, line: str, key: str) -> Place:
    """Return where a line leads; an empty one leads to the first decision.

    Args:
        game: what is played.
        line: with ``/`` between: actions as ``game.bets.labels`` names them, or by their first word where one action alone has it
            (``all-in``), and cards such as ``2c`` or ``AhKd7c`` where a street ends.
        key: what the line sets, for the error.

    Raises:
        ValueError: an action or cards that cannot come there, or a line that does not end at a decision.
    """
    bets, node, cards = game.bets, 0, tuple(card for street in game.board for card in street)
    steps = [" ".join(step.split()) for step in line.split("/")] if line.strip() else []
    done: list[str] = []
    while True:
        after = f" after {' / '.join(done)!r}" if done else ""
        if not (bets.player[node : bets.end[node]] >= 0).any():
            raise ValueError(f"{key} must end at a decision, got {line!r}, where nobody acts{after}")
        chance = bets.player[node] == CHANCE
        if len(done) == len(steps) and not chance:
            return Place(node, cards)
        step = steps[len(done)] if len(done) < len(steps) else ""
        if chance:
            cards += _dealt(game, cards, game.deals[int(bets.round[node]) + 1], step, f"{key} must go on{after}")
            node += 1
        else:
            node = _taken(game, node, step, f"{key} must {'go on' if done else 'begin'}{after}")
        done.append(step)


def _dealt(game: HoldemGame, cards: tuple[int, ...], count: int, step: str, rule: str) -> tuple[int, ...]:
    """Return the cards that a step names."""
    got = f"got {step!r}" if step else "got nothing"
    try:
        new = parse_cards(step, deck=game.deck)
    except ValueError:
        new = ()
    if len(new) != count or set(new) & set(cards):
        on = f" that are not on the board {cards_text(cards)}" if cards else ""
        raise ValueError(f"{rule} with {count} card{'s' * (count > 1)}{on.replace('are', 'is') if count == 1 else on}, {got}")
    if replace(game, board=(cards + new,)).deal_mass <= 0:
        raise ValueError(f"{rule} with cards that leave two hands that share no card, {got}")
    return new


def _taken(game: HoldemGame, node: int, step: str, rule: str) -> int:
    """Return the node that an action leads to."""
    children = game.bets.children(node)
    labels = [game.bets.labels[child] for child in children]
    fitting = [i for i, label in enumerate(labels) if step == label] or [i for i, label in enumerate(labels) if step == label.split()[0]]
    if len(fitting) != 1:
        raise ValueError(f"{rule} with {', '.join(labels[:-1])} or {labels[-1]}, got {step!r}")
    return children[fitting[0]]
