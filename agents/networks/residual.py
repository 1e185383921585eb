"""Networks of hidden ReLU layers, all but the first residual, for one row of numbers in and one out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from agents.networks.value import layers_of
from games.arrays import Float32
from search.frontier import Layers


class ResidualNetwork(nn.Module):
    """See the module; a new network says 0.

    Args:
        inputs: numbers of a row that it sees.
        hidden: width.
        layers: hidden layers.
        outputs: numbers of a row that it says.
    """

    def __init__(self, inputs: int, hidden: int, layers: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.hidden = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(layers - 1))
        self.last = nn.Linear(hidden, outputs)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, rows: Tensor) -> Tensor:
        """Return [B, outputs] for rows [B, inputs]."""
        z = torch.relu(self.first(rows))
        for layer in self.hidden:
            z = z + torch.relu(layer(z))
        said: Tensor = self.last(z)
        return said


@dataclass(frozen=True)
class ResidualLayers:
    """The weights of a network as searches read them."""

    layers: Layers

    def __call__(self, rows: Float32, /) -> Float32:
        """Return [B, outputs] for rows [B, inputs]."""
        (weight, bias), *hidden, (last, shift) = self.layers
        z = np.maximum(rows @ weight + bias, 0)
        for weight, bias in hidden:
            z += np.maximum(z @ weight + bias, 0)
        said: Float32 = z @ last + shift
        return said


def residual_layers(network: ResidualNetwork) -> ResidualLayers:
    """Return copies of a network's weights."""
    return ResidualLayers(layers_of(network))
