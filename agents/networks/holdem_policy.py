"""The hold'em network: cards in, bets in, action values of all classes at all sequences of a street out; and the policy that plays it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from agents.networks.holdem_features import HoldemEncoding
from agents.networks.policy import MOST_LAYERS, MOST_WIDTH
from agents.networks.threads import one_thread
from games.kernels import LANES
from games.settings import bounded, check_bounds
from search.kernels.buckets import expand
from search.kernels.classes import match_highest, softmax

Float32 = npt.NDArray[np.float32]
CHUNK = 1 << 15  # classes a forward pass: their hidden layers stay in the cache or nearly so


@dataclass(kw_only=True)
class HoldemNetworkConfig:
    """Size of a network.

    Attributes:
        hidden: width of the card trunk.
        layers: hidden layers of the card trunk; all but the first are residual.
        embedding: length of what cards and bets are multiplied as.
        bets: width of the bets' one hidden layer.
    """

    hidden: int = bounded(128, least=1, most=MOST_WIDTH)
    layers: int = bounded(3, least=1, most=MOST_LAYERS)
    embedding: int = bounded(64, least=1, most=MOST_WIDTH)
    bets: int = bounded(128, least=1, most=MOST_WIDTH)

    def __post_init__(self) -> None:
        check_bounds(self, "network")


class HoldemNetwork(nn.Module):
    """f(class, sequence) = <E(cards), U(bets)> / sqrt(d) + b(bets): the product of ``PolicyNetwork`` with the sides changed.

    Hold'em has many hands on boards and few sequences a street, so the deep trunk E runs once per class and U, one hidden layer, once per
    sequence. One network serves all streets of a player, as advantage network or as policy network (outputs are logits).
    """

    def __init__(self, config: HoldemNetworkConfig, card_features: int, bet_features: int) -> None:
        super().__init__()
        self.config = copy.copy(config)
        self.first = nn.Linear(card_features, config.hidden)
        self.trunk = nn.ModuleList(nn.Linear(config.hidden, config.hidden) for _ in range(config.layers - 1))
        self.last = nn.Linear(config.hidden, config.embedding)
        self.bets = nn.Linear(bet_features, config.bets)
        self.sequences = nn.Linear(config.bets, config.embedding + 1)

    def forward(self, cards: Tensor, bets: Tensor) -> Tensor:
        """Return outputs [C, R] for every class at every sequence of one street.

        Args:
            cards: [C, D_cards] f4.
            bets: [R, D_bets] f4, all sequences of the street.
        """
        z = torch.relu(self.first(cards))
        for layer in self.trunk:
            z = z + torch.relu(layer(z))
        u = self.sequences(torch.relu(self.bets(bets)))
        outputs: Tensor = torch.addmm(u[:, -1], self.last(z), u[:, :-1].T, alpha=self.config.embedding**-0.5)
        return outputs

    def multiply_adds(self, classes: int, sequences: int) -> int:
        """Return the multiply-adds of one forward pass over that many classes and sequences; backward costs twice as much."""
        dense = sum(layer.weight.numel() for layer in (self.first, *self.trunk, self.last))
        side = self.bets.weight.numel() + self.sequences.weight.numel()
        return int(classes * (dense + sequences * self.config.embedding) + sequences * side)


def make_holdem_network(config: HoldemNetworkConfig, encoding: HoldemEncoding, seed: int) -> HoldemNetwork:
    """Return a network with weights drawn from ``seed``; torch's global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return HoldemNetwork(config, *encoding.widths)


def outputs_of(network: HoldemNetwork, encoding: HoldemEncoding, player: int) -> Iterator[Float32]:
    """Yield a network's outputs [C, R], street by street."""
    for street in encoding.streets[player]:
        bets = torch.from_numpy(street.bets)
        found = np.empty((len(street.cards), len(street.bets)), np.float32)
        with one_thread(), torch.inference_mode():
            for at in range(0, len(found), CHUNK):
                found[at : at + CHUNK] = network(torch.from_numpy(street.cards[at : at + CHUNK]), bets).numpy()
        if not np.isfinite(found).all():
            raise ValueError(f"network must give finite outputs, got NaN or infinity for player {player}")
        yield found


def matched(network: HoldemNetwork, encoding: HoldemEncoding, player: int) -> list[Float32]:
    """Return per street [C, R], regret matching on the outputs of an advantage network.

    Raises:
        ValueError: an output is NaN or infinite.
    """
    tables = list(outputs_of(network, encoding, player))
    for table, street in zip(tables, encoding.streets[player], strict=True):
        match_highest(table, street.first_row)
    return tables


class HoldemPolicy:
    """The policy that a pair of networks plays: softmax of their logits over each decision's actions."""

    def __init__(self, encoding: HoldemEncoding, networks: tuple[HoldemNetwork, HoldemNetwork], name: str = "network") -> None:
        self.encoding, self.networks, self.name = encoding, networks, name

    @property
    def size(self) -> int:
        """Parameters of both networks."""
        return sum(parameter.numel() for network in self.networks for parameter in network.parameters())

    def tables(self, player: int) -> list[Float32]:
        """Return per street [C, R], the player's action probabilities.

        Raises:
            ValueError: a logit is NaN or infinite.
        """
        tables = list(outputs_of(self.networks[player], self.encoding, player))
        for table, street in zip(tables, self.encoding.streets[player], strict=True):
            softmax(table, street.first_row)
        return tables

    def rows(self, player: int) -> Float32:
        """Return [stored rows, 8], the player's action probabilities on every board for every hand, as a blueprint keeps them.

        Raises:
            ValueError: a logit is NaN or infinite.
        """
        found = np.zeros((self.encoding.tree.stored_rows[player], LANES), np.float32)
        at = 0
        for table, street in zip(self.tables(player), self.encoding.streets[player], strict=True):
            end = at + len(street.classes) * len(street.bets)
            expand(table, street.classes, len(street.bets), found[at:end])
            at = end
        return found
