"""The policy network: a public state in, action values of all hands out, in one pass; and the policy that plays it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from agents.networks.features import Encoding
from agents.networks.threads import one_thread
from games.settings import bounded, check_bounds
from search import Strategy

Float32 = npt.NDArray[np.float32]
MOST_WIDTH, MOST_LAYERS = 16_384, 256  # of any network: beyond use here, and a layer of that width still fits into memory


@dataclass(kw_only=True)
class PolicyNetworkConfig:
    """Size of a network.

    Attributes:
        hidden: width of the public trunk.
        layers: hidden layers of the trunk; all but the first are residual.
        embedding: length of a hand's embedding.
    """

    hidden: int = bounded(128, least=1, most=MOST_WIDTH)
    layers: int = bounded(2, least=1, most=MOST_LAYERS)
    embedding: int = bounded(16, least=1, most=MOST_WIDTH)

    def __post_init__(self) -> None:
        check_bounds(self, "network")


class PolicyNetwork(nn.Module):
    """f(public state, hand)[a] = <U(public state)[a], E(hand)> / sqrt(d): a trunk over public states and an embedding of hands.

    U is a ReLU trunk with residual layers that gives one vector of length d per action, E is affine. What is costly runs once per public
    state, whatever the number of hands, and the product lets an action's value depend on board and hand together. The same class serves
    as advantage network (outputs are advantages) and as policy network (outputs are logits).
    """

    def __init__(self, config: PolicyNetworkConfig, public_features: int, hand_features: int, actions: int) -> None:
        super().__init__()
        self.config, self.actions = copy.copy(config), actions
        self.first = nn.Linear(public_features, config.hidden)
        self.trunk = nn.ModuleList(nn.Linear(config.hidden, config.hidden) for _ in range(config.layers - 1))
        self.last = nn.Linear(config.hidden, actions * config.embedding)
        self.hands = nn.Linear(hand_features, config.embedding)

    def forward(self, public: Tensor, hand: Tensor, legal: Tensor) -> Tensor:
        """Return outputs [B, A, H] for every hand at every public state, 0 where an action is not legal.

        Args:
            public: [B, D_public] f4.
            hand: [H, D_hand] f4, all hands of the player.
            legal: [B, A], 1 where an action is legal, else 0, f4.
        """
        z = torch.relu(self.first(public))
        for layer in self.trunk:
            z = z + torch.relu(layer(z))
        u = self.last(z).view(-1, self.config.embedding)
        outputs: Tensor = (u @ self.hands(hand).T).view(len(public), self.actions, len(hand)) * self.config.embedding**-0.5
        return outputs * legal[:, :, None]

    def multiply_adds(self, states: int, hands: int) -> int:
        """Return the multiply-adds of one forward pass over that many public states and hands; backward costs twice as much."""
        dense = sum(layer.weight.numel() for layer in (self.first, *self.trunk, self.last))
        return int(states * (dense + self.actions * self.config.embedding * hands) + hands * self.hands.weight.numel())


def make_network(config: PolicyNetworkConfig, encoding: Encoding, player: int, seed: int) -> PolicyNetwork:
    """Return a network for one player's decisions with weights drawn from ``seed``; torch's global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PolicyNetwork(config, encoding.public[player].shape[1], encoding.hand[player].shape[1], len(encoding.actions))


class _Weights(NamedTuple):
    """A network's weights as numpy sees them, [in, out], the scale of the output folded into the hands' embedding."""

    trunk: tuple[tuple[Float32, Float32], ...]  # weight and bias of each trunk layer
    last: tuple[Float32, Float32]
    hands: Float32  # [d, padded H]; padding embeds to 0, which gives padding equal logits


class NetworkPolicy:
    """The policy that a pair of networks plays: softmax of their logits over the legal actions, for all hands of a subgame at once.

    The forward pass runs in numpy on copied f4 weights: at the size of these games a call of a torch operation costs more than its
    arithmetic. It is tested equal to the module.
    """

    def __init__(self, encoding: Encoding, networks: tuple[PolicyNetwork, PolicyNetwork], name: str = "network") -> None:
        """Copy the networks' weights.

        Args:
            encoding: of the game that the networks were made for.
            networks: by player.
            name: how the policy is reported.

        Raises:
            ValueError: a weight is NaN or infinite.
        """
        self.name, self.tree, self.encoding, self.networks = name, encoding.tree, encoding, networks
        for p, network in enumerate(networks):
            for key, tensor in network.named_parameters():
                if not torch.isfinite(tensor).all():
                    raise ValueError(f"weights must be finite, got NaN or infinity in {key} of player {p}'s network")
        self._weights = (self._export(0), self._export(1))
        self._first_row = [s.first_row.astype(np.int64) for s in self.tree.sequences]
        self._counts = [np.diff(first) for first in self._first_row]
        columns = len(encoding.actions)
        # each sequence's place in the outputs of its decision, counted from the first decision of the game
        self._places = [encoding.row_decision[p] * columns + encoding.row_column[p] for p in (0, 1)]

    def _export(self, player: int) -> _Weights:
        network = self.networks[player]

        def pair(layer: nn.Linear) -> tuple[Float32, Float32]:
            return np.ascontiguousarray(layer.weight.detach().numpy().T), layer.bias.detach().numpy().copy()

        with one_thread(), torch.inference_mode():
            embedded = network.hands(torch.from_numpy(self.encoding.hand[player])) * network.config.embedding**-0.5
        hands = np.zeros((network.config.embedding, self.tree.padded_hands(player)), np.float32)
        hands[:, : len(embedded)] = embedded.numpy().T
        trunk = [pair(layer) for layer in (network.first, *network.trunk)]
        return _Weights(tuple(trunk), pair(network.last), hands)

    def strategy(self, node: int = 0) -> Strategy:
        """Return both players' strategy at and below a public node.

        Raises:
            ValueError: a logit is NaN or infinite; names the public node.
        """
        span = self.tree.subgame(node)
        tables = [self._table(p, *span.decisions[p]) for p in (0, 1)]
        return Strategy(self.tree, span, (tables[0], tables[1]))

    def at(self, node: int) -> npt.NDArray[np.float64]:
        """Return the acting player's [A, H] at one decision: one row through one network.

        Raises:
            ValueError: nobody acts there, or a logit is NaN or infinite.
        """
        player, k = int(self.tree.player[node]), int(self.tree.decision[node])
        if player < 0:
            raise ValueError(f"node must be a decision, got {node} (player {player})")
        return self._table(player, k, k + 1)[:, : self.tree.num_hands(player)]

    def _table(self, player: int, begin: int, end: int) -> npt.NDArray[np.float64]:
        """Return the rows of decisions begin .. end - 1, [rows, padded H]."""
        weights, first_row = self._weights[player], self._first_row[player]
        if begin == end:
            return np.zeros((0, self.tree.padded_hands(player)))
        low, high = first_row[begin], first_row[end]
        with np.errstate(all="ignore"):  # what overflows is refused below
            z = self.encoding.public[player][begin:end]
            for i, (weight, bias) in enumerate(weights.trunk):
                y = z @ weight
                y += bias
                np.maximum(y, 0.0, out=y)
                z = np.add(y, z, out=y) if i else y
            u = z @ weights.last[0]
            u += weights.last[1]
            outputs = u.reshape(-1, len(weights.hands)) @ weights.hands  # [decisions * A, padded H]
            logits = outputs[self._places[player][low - 1 : high - 1] - begin * len(self.encoding.actions)]
            starts, counts = first_row[begin:end] - low, self._counts[player][begin:end]
            if not np.isfinite(logits).all():
                self._refuse(player, begin, logits, starts)
            logits -= np.repeat(np.maximum.reduceat(logits, starts, axis=0), counts, axis=0)
            table: npt.NDArray[np.float64] = np.exp(logits, out=logits).astype(np.float64)
            table /= np.repeat(np.add.reduceat(table, starts, axis=0), counts, axis=0)
        return table

    def _refuse(self, player: int, begin: int, logits: Float32, starts: npt.NDArray[np.int64]) -> None:
        row = int(np.flatnonzero(~np.isfinite(logits).all(axis=1))[0])
        node = int(self.tree.sequences[player].node[begin + int(np.searchsorted(starts, row, side="right")) - 1])
        kind = "NaN" if np.isnan(logits[row]).any() else "infinity"
        raise ValueError(f"network must give finite logits, got {kind} at public node {self.tree.text(node)!r}")
