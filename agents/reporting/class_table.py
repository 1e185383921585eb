"""Classes of hands at a decision as a table of text, of all hands or of those of some kinds: pairs, draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agents.reporting.hand_grid import by_class
from agents.reporting.made_hands import KINDS, kinds_of
from agents.reporting.tables import Row, counted, table


def hands_of(row: Row, kinds: Sequence[str], key: str) -> Row:
    """Return a decision's row with those hands alone that are of one of some kinds (``agents.reporting.made_hands.KINDS``).

    Raises:
        ValueError: there is no flop yet, or no hand that can be there is of these kinds.
    """
    named = {hand: entry["made"] for hand, entry in row["hands"].items() if entry["made"] is not None}
    if not named:
        raise ValueError(f"{key} must be left out before the flop, where hands are of no kind, got {', '.join(kinds)}")
    hands = {hand: entry for hand, entry in row["hands"].items() if not {*kinds}.isdisjoint(kinds_of(named[hand]))}
    if not hands:
        known = {kind for name in named.values() for kind in kinds_of(name)}
        names = ", ".join(kind for kind in KINDS if kind in known)
        raise ValueError(f"{key} must name kinds of hands that can be there ({names}), got {', '.join(kinds)}")
    return row | {"hands": hands}


def kinds_text(row: Row, chosen: Row, kinds: Sequence[str]) -> str:
    """Say how many of a range's hands are of some kinds, and what they do as one: the mean of their strategies by weight."""
    whole, part = (sum(entry["weight"] for entry in of["hands"].values()) for of in (row, chosen))
    said = f"{', '.join(kinds)}: {counted(len(chosen['hands']), 'hand')}, {part / whole if whole else 0.0:.1%} of the range by weight"
    if part <= 0:
        return said
    mix = sum(entry["weight"] * np.array(entry["strategy"]) for entry in chosen["hands"].values()) / part
    return f"{said}; " + ", ".join(f"{action} {share:.1%}" for action, share in zip(row["actions"], mix.tolist(), strict=True))


def classes_table(row: Row, suits: int, whole: Row | None = None) -> str:
    """Return classes of hands as a table, the most frequent first.

    Args:
        row: of a decision, maybe of some hands alone.
        suits: of the deck.
        whole: of all hands, whose largest weight counts as 1; ``row`` unless given.
    """
    actions, classes = row["actions"], by_class(row, suits)
    most = max((weight for weight, _ in by_class(whole or row, suits).values()), default=0.0) or 1.0
    cells = []
    for name, (weight, mix) in sorted(classes.items(), key=lambda one: -one[1][0]):
        of_class = [entry for hand, entry in row["hands"].items() if _class_of(hand) == name]
        hands = [entry for entry in of_class if entry["ev"] is not None and entry["weight"] > 0]
        if weight <= 0:
            continue
        weights = [entry["weight"] for entry in hands]
        known = hands and hands[0]["equity"] is not None
        equity = np.average([entry["equity"] for entry in hands], weights=weights) if known else None
        with_eqr = [entry for entry in hands if entry["eqr"] is not None]
        eqr = np.average([entry["eqr"] for entry in with_eqr], weights=[entry["weight"] for entry in with_eqr]) if with_eqr else None
        evs = [f"{np.average([entry['ev'] for entry in hands], weights=weights):z.2f}" if hands else "-"]
        evs += ["-" if share is None else f"{share:z.0%}" for share in (equity, eqr)]
        of_actions = np.average([entry["action_evs"] for entry in hands], axis=0, weights=weights) if hands else [None] * len(actions)
        texts = [f"{share:.0%}" + ("" if ev is None else f" ({ev:z.2f})") for share, ev in zip(mix, of_actions, strict=True)]
        cells.append([name, f"{weight / most:.3f}", *evs, *texts])
    return table(["hands", "weight", "EV", "equity", "EQR", *[f"{action} (EV)" for action in actions]], cells)


def _class_of(hand: str) -> str:
    return hand[0] + hand[2] + ("" if hand[0] == hand[2] else "s" if hand[1] == hand[3] else "o")
