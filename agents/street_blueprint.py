"""A blueprint of no-limit hold'em whose turns and rivers a network plays; a sampled one plays the rest.

The network sees both ranges, so they are followed along the line by what the blueprint itself plays. It knows the sizes that searches have
(``known_menus``), and all-ins of few pots. Below an all-in of many pots, or a raise of a raise, the sampled blueprint goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from agents.bucket_blueprint import BucketBlueprint
from agents.networks.residual import residual_layers
from agents.networks.street_policy import StreetPolicyNetwork, load_street_policy
from agents.no_limit.plan import NEAR_ALLIN, Rung, menus_of
from agents.reporting.tables import Row
from agents.runtime.storage import printable
from games.arrays import Float, Float32
from games.holdem.betting import Betting, offered
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import Menus
from games.public_tree import CHANCE
from search.boards.decision_features import SLOTS, decision_features, policy_of, seen_at, slots_of
from search.boards.range_buckets import Buckets, board_buckets

KEPT_STATES, KEPT_BOARDS = 1024, 256  # whose policies, and whose buckets, are kept
LEAST_SHARE = 1e-9  # of a range that an action must leave to be believed


def known_menus(game: HoldemGame) -> Menus:
    """Return the sizes that networks know, street by street: the game's own without all-ins and raises of raises."""
    return menus_of(Rung("", None, NEAR_ALLIN), game.betting.menus or ())


def street_blueprint(table: BucketBlueprint, networks: Mapping[str, StreetPolicyNetwork], about: Mapping[str, Any]) -> StreetBlueprint:
    """Return the blueprint of a table and networks; ``about`` is what their file says."""
    layers = {street: residual_layers(network) for street, network in networks.items()}
    numbers = sum(parameter.numel() for network in networks.values() for parameter in network.parameters())
    buckets = next(iter(networks.values())).config.buckets
    return StreetBlueprint(table, layers, buckets, f"{about['name']}+{table.name}", str(about["digest"])[:16], table.size + numbers)


def load_street_blueprint(table: BucketBlueprint, path: Path) -> StreetBlueprint:
    """Return the blueprint of a table and a file of networks.

    Raises:
        ValueError: no such file, a damaged one, or networks of another game or of another table.
    """
    networks, about = load_street_policy(path)
    if about.get("game") != table.game.key:
        raise ValueError(f"blueprint must have networks of its own game and menu, got {printable(str(about.get('game')), 100)} in {path}")
    if about.get("table") != table.digest:
        raise ValueError(f"blueprint must have networks that were trained beside {table.digest}, got {about.get('table')} in {path}")
    return street_blueprint(table, networks, about)


@dataclass(frozen=True, eq=False)
class StreetBlueprint:
    """See the module.

    Attributes:
        table: what plays elsewhere.
        networks: by street, turn or river: what each says [B, SLOTS buckets] of what it sees.
        buckets: of each range.
        name: for people.
        digest: of all that it consists of.
        size: numbers that it consists of.
    """

    table: BucketBlueprint
    networks: Mapping[str, Callable[[Float32], Float32]]
    buckets: int
    name: str
    digest: str
    size: int

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if not key.startswith("_")}

    @property
    def game(self) -> HoldemGame:
        """The game with its menu."""
        return self.table.game

    def row(self) -> Row:
        """Return what ``result.json`` says of it."""
        return {"name": self.name, "size": self.size, "digest": self.digest}

    def fingerprint(self) -> bytes:
        """Return what kept measurements of this policy must agree with."""
        return hashlib.sha256(self.table.fingerprint() + self.digest.encode()).digest()

    def at(self, state: HoldemState) -> Float:
        """Return the acting player's [A, H] at a decision of its tree.

        Raises:
            ValueError: an amount was bet that the menu does not offer.
        """
        return self._policies(state)

    def ranges(self, state: HoldemState) -> tuple[Float, Float]:
        """Return both players' ranges [H] at a state, the likeliest hand of each with weight 1, if both play the blueprint."""
        return self._ranges(state)

    def plays(self, state: HoldemState) -> bool:
        """Say whether a network plays a decision: all that was bet on its street is in the tree that networks know."""
        if self.game.rounds[self.game.round(state)] not in self.networks:
            return False
        step = state
        while step.above is not None and self.game.player(step.above) != CHANCE:
            if step.label not in [label for label, _ in offered(self._rules, step.above.betting)]:
                return False
            step = step.above
        return True

    @cached_property
    def _rules(self) -> Betting:
        """The rules of betting that networks know."""
        betting = self.game.betting
        return replace(betting, menus=known_menus(self.game), add_allin=NEAR_ALLIN)

    @cached_property
    def _policies(self) -> Callable[[HoldemState], Float]:
        return lru_cache(KEPT_STATES)(self._policy)

    @cached_property
    def _ranges(self) -> Callable[[HoldemState], tuple[Float, Float]]:
        return lru_cache(KEPT_STATES)(self._followed)

    @cached_property
    def _buckets(self) -> Callable[[tuple[int, ...]], Buckets]:
        return lru_cache(KEPT_BOARDS)(lambda cards: board_buckets(self.game.hands, cards, self.buckets))

    def _policy(self, state: HoldemState) -> Float:
        if not self.plays(state):
            return self.table.at(state)
        game, player = self.game, self.game.player(state)
        ranges, buckets, actions = self.ranges(state), self._buckets(state.cards), game.actions(state)
        known = [label for label, _ in offered(self._rules, state.betting)]
        rows = [i for i, action in enumerate(actions) if action.text in known]
        slots = slots_of(game, state, [actions[i] for i in rows])
        features = decision_features(seen_at(game, state), buckets, ranges[player], ranges[1 - player])
        said = self.networks[game.rounds[game.round(state)]](features[None])[0].reshape(SLOTS, -1)
        policy = np.zeros((len(actions), len(game.hands)))
        policy[rows] = policy_of(said, slots, buckets)
        return policy

    def _followed(self, state: HoldemState) -> tuple[Float, Float]:
        game, above = self.game, state.above
        if above is None:
            return game.ranges
        ranges, player = list(self.ranges(above)), game.player(above)
        if player == CHANCE:
            dead = np.isin(game.hands, state.cards).any(axis=1)
            return np.where(dead, 0.0, ranges[0]), np.where(dead, 0.0, ranges[1])
        taken = [action.text for action in game.actions(above)].index(state.label)
        left = ranges[player] * self.at(above)[taken]
        if left.sum() > LEAST_SHARE * ranges[player].sum():
            ranges[player] = left / left.max()
        return ranges[0], ranges[1]
