"""What OpenSpiel says that a player sees: information states as texts and as tensors, by public decision and hand."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from games.arrays import Float32
from games.derivation import derive
from games.openspiel import UnsuitableGameError, load_game


class Features(NamedTuple):
    """What a network sees, for each player. The information state tensor of a decision and a hand is public part plus hand part."""

    public: tuple[Float32, Float32]  # [K, D_public] by decision
    hand: tuple[Float32, Float32]  # [H, D_hand]


def features(game: str) -> Features:
    """Split OpenSpiel's information state tensors into a public and a hand part.

    Raises:
        UnsuitableGameError: as for ``public_tree``, or the tensors are missing or do not split.
    """
    if not load_game(game).get_type().provides_information_state_tensor:
        raise UnsuitableGameError(
            f"{game} is not suitable for networks: information state tensors must be provided, got none (at the start)"
        )
    sides = derive(game).sides
    (public_0, hand_0), (public_1, hand_1) = (_split(game, p, sides[p].states, len(sides[p].hands)) for p in (0, 1))
    return Features((public_0, public_1), (hand_0, hand_1))


def _split(game: str, player: int, states: list[dict[int, Any]], hands: int) -> tuple[Float32, Float32]:
    size = len(states[0][next(iter(states[0]))].information_state_tensor(player))
    tensors = np.full((len(states), hands, size), np.nan, np.float32)
    for k, at in enumerate(states):
        for h, state in at.items():
            tensors[k, h] = state.information_state_tensor(player)
    low, high = np.nanmin(tensors, axis=1), np.nanmax(tensors, axis=1)
    private = (low != high).any(axis=0)  # [size] depends on the hand somewhere
    by_hand = np.nanmax(tensors[:, :, private], axis=0)
    differs = np.nan_to_num(np.abs(tensors[:, :, private] - by_hand[None])).any(axis=(1, 2))
    if differs.any():
        history = next(iter(states[int(np.flatnonzero(differs)[0])].values())).history()
        raise UnsuitableGameError(
            f"{game} is not suitable for networks: tensors must be public entries plus hand entries, got mixed ones (at history {history})"
        )
    return high[:, ~private], by_hand


def information_states(game: str) -> tuple[list[list[str]], list[list[str]]]:
    """Return OpenSpiel's information state strings as [decision][hand] for each player; empty where the hand is impossible."""
    sides = derive(game).sides

    def strings(p: int) -> list[list[str]]:
        hands = range(len(sides[p].hands))
        return [[at[h].information_state_string(p) if h in at else "" for h in hands] for at in sides[p].states]

    return strings(0), strings(1)
