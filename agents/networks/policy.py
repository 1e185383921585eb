"""The networks, and the policy that a pair of them plays.

Two bodies, one product: f(private side, row) = <E(private side), U(row)> / sqrt(d). They differ in the side that has the deep trunk, which
runs once for each thing there: ``PublicTrunk`` suits a game of many decisions and few hands, ``PrivateTrunk`` one of many hands on boards
and few rows a round. Both stay until one is measured no worse on every game; ``make_network`` alone chooses. Each serves as advantage
network (outputs are advantages) and as policy network (outputs are logits).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agents.networks.sizes import WIDTHS, NetworkConfig, count_parameters, widest
from agents.networks.threads import one_thread
from agents.policy import BasePolicy
from games.arrays import Float, Float32
from search.infostates import PRIVATE, PUBLIC, Block, Infostates, Int, Table, softmax

Text = Callable[[int], str]  # a decision's public history in words
ALL = slice(None)
CHUNK = 1 << 15  # private sides a forward pass: their hidden layers stay in the cache or nearly so


class _Trunk(nn.Module):
    """A ReLU trunk with residual layers, and one linear layer on top of it."""

    config: NetworkConfig  # as it was made

    def __init__(self, features: int, hidden: int, layers: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Linear(features, hidden)
        self.trunk = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(layers - 1))
        self.last = nn.Linear(hidden, outputs)

    def deep(self, features: Tensor) -> Tensor:
        """Return the trunk's outputs [B, outputs] for features [B, D]."""
        z = torch.relu(self.first(features))
        for layer in self.trunk:
            z = z + torch.relu(layer(z))
        outputs: Tensor = self.last(z)
        return outputs

    def of(self, block: int) -> Any:
        """Return the network of a block: the same for all."""
        return self

    @property
    def dense(self) -> int:
        """Multiply-adds of the trunk for one row of features."""
        return sum(layer.weight.numel() for layer in (self.first, *self.trunk, self.last))


class PublicTrunk(_Trunk):
    """U is a ReLU trunk with residual layers over public states that gives one vector of length d per action of the game, E is affine.

    What is costly runs once per public state, whatever the number of hands. The product lets an action's value depend on board and hand
    together. It needs actions that are the same everywhere.
    """

    def __init__(self, block: Block, hidden: int, layers: int, embedding: int) -> None:
        super().__init__(block.public.shape[1], hidden, layers, block.action.shape[1] * embedding)
        self.actions, self.embedding = block.action.shape[1], embedding
        self.hands = nn.Linear(block.private.shape[1], embedding)

    def forward(self, public: Tensor, private: Tensor, legal: Tensor) -> Tensor:
        """Return outputs [B, A, C] for every private side at every public state, 0 where an action is not legal.

        Args:
            public: [B, D_public] f4.
            private: [C, D_private] f4.
            legal: [B, A], 1 where an action is legal, else 0, f4.
        """
        u = self.deep(public).view(-1, self.embedding)
        outputs: Tensor = (u @ self.hands(private).T).view(len(public), self.actions, len(private)) * self.embedding**-0.5
        return outputs * legal[:, :, None]

    def table(self, block: Block) -> Table:
        """Return the outputs [C, R] for a whole block, f4."""
        sides = (torch.from_numpy(side) for side in (block.public, block.private, block.legal))
        return block.table(self(*sides).numpy())

    def multiply_adds(self, states: int, hands: int) -> int:
        """Return the multiply-adds of one forward pass over that many public states and hands; backward costs twice as much."""
        return int(states * (self.dense + self.actions * self.embedding * hands) + hands * self.hands.weight.numel())


class PrivateTrunk(_Trunk):
    """E is a ReLU trunk with residual layers over private sides, U has one hidden layer over rows and gives a bias b(row), too.

    What is costly runs once per hand, whatever the number of rows. One network serves all blocks of a player.
    """

    def __init__(self, block: Block, hidden: int, layers: int, embedding: int, bets: int) -> None:
        super().__init__(block.private.shape[1], hidden, layers, embedding)
        self.embedding = embedding
        self.bets = nn.Linear(block.rows.shape[1], bets)
        self.sequences = nn.Linear(bets, embedding + 1)

    def forward(self, private: Tensor, rows: Tensor) -> Tensor:
        """Return outputs [C, R] for every private side at every row.

        Args:
            private: [C, D_private] f4.
            rows: [R, D_public + D_action] f4.
        """
        deep, u = self.deep(private), self.sequences(torch.relu(self.bets(rows)))
        outputs: Tensor = torch.addmm(u[:, -1], deep, u[:, :-1].T, alpha=self.embedding**-0.5)
        return outputs

    def table(self, block: Block, rows: slice = ALL, sides: Int | slice = ALL) -> Table:
        """Return the outputs [C, R] for a block, or for some rows and private sides of it, f4."""
        private, features = block.private[sides], torch.from_numpy(block.rows[rows])
        table = np.empty((len(private), len(features)), np.float32)
        for at in range(0, len(table), CHUNK):
            table[at : at + CHUNK] = self(torch.from_numpy(private[at : at + CHUNK]), features).numpy()
        return table

    def multiply_adds(self, sides: int, rows: int) -> int:
        """Return the multiply-adds of one forward pass over that many private sides and rows; backward costs twice as much."""
        return int(sides * (self.dense + rows * self.embedding) + rows * (self.bets.weight.numel() + self.sequences.weight.numel()))


class RoundTrunks(nn.Module):
    """A ``PrivateTrunk`` for each block, of the same size: a round with few private sides then need not share its weights with the last.

    Measured on 20-card hold'em (one card a street): see ``docs/notebook/networks.md``.
    """

    config: NetworkConfig  # as it was made

    def __init__(self, blocks: Sequence[Block], **sizes: int) -> None:
        super().__init__()
        self.rounds = nn.ModuleList(PrivateTrunk(block, **sizes) for block in blocks)

    def of(self, block: int) -> Any:
        """Return the network of a block."""
        return self.rounds[block]


Network = PublicTrunk | PrivateTrunk | RoundTrunks
BODIES: dict[str | None, Any] = {PUBLIC: PublicTrunk, PRIVATE: PrivateTrunk}


def make_network(config: NetworkConfig, infostates: Infostates, player: int, seed: int) -> Network:
    """Return a network for one player's decisions with weights drawn from ``seed``; torch's global generator is left as it was.

    Raises:
        ValueError: there is no such network.
    """
    config = sized(config, infostates)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _body(config, infostates, player)
    network.config = config
    return network


def sized(config: NetworkConfig, infostates: Infostates) -> NetworkConfig:
    """Return a size with all widths given.

    Raises:
        ValueError: there is no such network.
    """
    config = config.filled(infostates.deep)
    if (most := config.parameters) is None:
        return config
    with torch.device("meta"):  # shapes without numbers
        return config.of_width(widest(lambda width: _parameters(config.of_width(width), infostates), most))


def _parameters(config: NetworkConfig, infostates: Infostates) -> int:
    return count_parameters(*(_body(config, infostates, player) for player in (0, 1)))


def _body(config: NetworkConfig, infostates: Infostates, player: int) -> Network:
    sizes = {key: size for key in ("layers", *WIDTHS) if (size := getattr(config, key)) is not None}
    blocks = infostates.blocks[player]
    body: Network = RoundTrunks(blocks, **sizes) if config.by_round else BODIES[config.deep](blocks[0], **sizes)
    return body


def outputs(network: Network, infostates: Infostates, player: int) -> list[Table]:
    """Return a network's outputs for all of a player's infostates, [C, R] f4 a block; raises ValueError if one is not finite."""
    with one_thread(), torch.inference_mode():
        tables = [network.of(b).table(block) for b, block in enumerate(infostates.blocks[player])]
    if not all(np.isfinite(table).all() for table in tables):
        raise ValueError(f"network must give finite outputs, got NaN or infinity for player {player}")
    return tables


class _PublicPlay:
    """Plays a block as a ``PublicTrunk`` says, in numpy on copied f4 weights.

    At the size of these games a call of a torch operation costs more than its arithmetic. It is tested equal to the module.
    """

    def __init__(self, network: PublicTrunk, block: Block, text: Text) -> None:
        def pair(layer: nn.Linear) -> tuple[Float32, Float32]:
            return np.ascontiguousarray(layer.weight.detach().numpy().T), layer.bias.detach().numpy().copy()

        self.block, self.text = block, text
        self.trunk, self.last = [pair(layer) for layer in (network.first, *network.trunk)], pair(network.last)
        with one_thread(), torch.inference_mode():
            embedded = network.hands(torch.from_numpy(block.private)) * network.embedding**-0.5
        self.hands = np.zeros((network.embedding, block.width), np.float32)  # padding embeds to 0, which gives padding equal logits
        self.hands[:, : len(embedded)] = embedded.numpy().T
        self.counts, self.actions = np.diff(block.first_row), network.actions
        self.places = block.decision * self.actions + block.column  # of rows in the outputs, counted from the first decision

    def __call__(self, begin: int, end: int, sides: Int | slice = ALL) -> Table:
        """Return the rows of decisions begin .. end - 1, [rows, padded C] f8, or some columns of them."""
        if begin == end:
            return np.zeros((0, self.hands.shape[1]))[:, sides]
        first_row = self.block.first_row
        with np.errstate(all="ignore"):  # what overflows is refused below
            z = self.block.public[begin:end]
            for i, (weight, bias) in enumerate(self.trunk):
                y = z @ weight
                y += bias
                np.maximum(y, 0.0, out=y)
                z = np.add(y, z, out=y) if i else y
            u = z @ self.last[0]
            u += self.last[1]
            outputs = u.reshape(-1, len(self.hands)) @ self.hands  # [decisions * A, padded C]
            logits = outputs[self.places[first_row[begin] : first_row[end]] - begin * self.actions]
            _require_finite(logits, first_row, begin, self.text)
            starts, counts = first_row[begin:end] - first_row[begin], self.counts[begin:end]
            logits -= np.repeat(np.maximum.reduceat(logits, starts, axis=0), counts, axis=0)
            rows: Float = np.exp(logits, out=logits).astype(np.float64)
            rows /= np.repeat(np.add.reduceat(rows, starts, axis=0), counts, axis=0)
        return rows if sides is ALL else rows[:, sides]


class _PrivatePlay:
    """Plays a block as a ``PrivateTrunk`` says."""

    def __init__(self, network: PrivateTrunk, block: Block, text: Text) -> None:
        self.network, self.block, self.text = network, block, text

    def __call__(self, begin: int, end: int, sides: Int | slice = ALL) -> Table:
        """Return the rows of decisions begin .. end - 1, [rows, C] f4, or some columns of them."""
        first_row = self.block.first_row
        with one_thread(), torch.inference_mode():
            table = self.network.table(self.block, slice(int(first_row[begin]), int(first_row[end])), sides)
        _require_finite(table.T, first_row, begin, self.text)
        softmax(table, first_row[begin : end + 1] - first_row[begin])
        return table.T


def _require_finite(logits: Table, first_row: Int, begin: int, text: Text) -> None:
    """Refuse logits [rows, C] of decisions from ``begin`` on that are no numbers."""
    if not np.isfinite(logits).all():
        row = int(np.flatnonzero(~np.isfinite(logits).all(axis=1))[0])
        decision = int(np.searchsorted(first_row, first_row[begin] + row, side="right")) - 1
        kind = "NaN" if np.isnan(logits[row]).any() else "infinity"
        raise ValueError(f"network must give finite logits, got {kind} at public node {text(decision)!r}")


PLAYS: dict[type[nn.Module], Any] = {PublicTrunk: _PublicPlay, PrivateTrunk: _PrivatePlay}


class NetworkPolicy(BasePolicy):
    """The policy that a pair of networks plays: softmax of their logits over each decision's actions.

    It is asked where it is wanted: at one state, below one, or everywhere. A network is copied into what answers quickly.

    Args:
        infostates: of the game that the networks were made for.
        networks: by player.
        name: how the policy is reported.

    Raises:
        ValueError: a weight is NaN or infinite.
    """

    def __init__(self, infostates: Infostates, networks: tuple[Network, Network], name: str = "network") -> None:
        self.name, self.infostates, self.networks = name, infostates, networks
        for p, network in enumerate(networks):
            for key, tensor in network.named_parameters():
                if not torch.isfinite(tensor).all():
                    raise ValueError(f"weights must be finite, got NaN or infinity in {key} of player {p}'s network")
        self._plays: list[list[_PublicPlay | _PrivatePlay]] = [
            [
                PLAYS[type(network.of(b))](network.of(b), block, partial(infostates.text, p, b))
                for b, block in enumerate(infostates.blocks[p])
            ]
            for p, network in enumerate(networks)
        ]

    @property
    def tree(self) -> Any:
        """The public tree of a game derived from OpenSpiel."""
        return self.infostates.tree

    @property
    def size(self) -> int:
        """Parameters of both networks."""
        return count_parameters(*self.networks)

    def strategy(self, state: Any = None) -> Any:
        """Return both players' strategy at and below a public state, or everywhere, as searches take it.

        Raises:
            ValueError: a logit is NaN or infinite; names the decision.
        """
        return self.infostates.strategy(lambda player, block, begin, end: self._plays[player][block](begin, end), state)

    def at(self, state: Any) -> Float:
        """Return the acting player's [A, H] at one decision; uniform for hands that cannot be there.

        Raises:
            ValueError: nobody acts there, or a logit is NaN or infinite.
        """
        player, block, k, sides = self.infostates.at(state)
        play = self._plays[player][block]
        if sides is None:
            return play(k, k + 1)[:, : len(play.block.private)]
        possible = sides >= 0
        distinct, inverse = np.unique(sides[possible], return_inverse=True)
        rows = play(k, k + 1, distinct)
        policy = np.full((len(rows), len(sides)), 1 / len(rows))
        policy[:, possible] = rows[:, inverse]
        return policy

    def tables(self, player: int) -> list[Table]:
        """Return a player's action probabilities at all its infostates, [C, R] a block; errors as of ``strategy``."""
        return [play(0, len(play.block.public))[:, : len(play.block.private)].T for play in self._plays[player]]
