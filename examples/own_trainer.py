"""A trainer of your own: it fits the built-in network to a CFR solution.

Run it in the folder of this file:

    TIMEBANK_MODULES=own_trainer timebank train game=kuhn_poker trainer=own_trainer:Distil trainer.iterations=10
"""

import time
from dataclasses import dataclass
from typing import ClassVar

import torch

from agents import solved_policy
from agents.networks import NetworkConfig, NetworkPolicy, make_network
from agents.networks.regression import FitConfig, fit, make_optimiser
from agents.training import BaseRun, BaseTrainer
from search import variant


@dataclass(kw_only=True)
class Distil(BaseTrainer):
    """The keys ``trainer.…`` of the command: these, and those of ``BaseTrainer``."""

    name: ClassVar[str] = "distil"
    steps: int = 100  # of Adam in an iteration
    teacher_iterations: int = 500  # of CFR

    def start(self, infostates):
        return DistilRun(infostates, self)


class DistilRun(BaseRun):
    """Training between two iterations; networks and optimisers are saved and resumed."""

    def __init__(self, infostates, config):
        super().__init__(infostates, config)
        self.advantages = tuple(make_network(NetworkConfig(), infostates, player, config.seed + player) for player in (0, 1))
        self.optimisers = tuple(map(make_optimiser, self.advantages))
        self.teacher = solved_policy(infostates.tree, variant("default"), config.teacher_iterations).strategy().tables

    def losses_of(self, player):
        """Yield the cross-entropy of each step; C hands, K decisions, A actions, R rows (an action of a decision each)."""
        (block,) = self.infostates.blocks[player]  # games of OpenSpiel's have one
        public, private, legal = map(torch.from_numpy, (block.public, block.private, block.legal))
        target = torch.from_numpy(block.dense(self.teacher[player].T[: len(private)]))  # [K, A, C] from [C, R]
        while True:
            logits = self.advantages[player](public, private, legal) + (legal[:, :, None] - 1) * 1e9  # no illegal actions
            yield -(target * torch.log_softmax(logits, dim=1)).sum(dim=1).mean()

    def step(self):
        start, fitting = time.perf_counter(), FitConfig(steps=self.config.steps, learning_rate=0.01, final_rate=1.0)
        for player, (block,) in enumerate(self.infostates.blocks):
            self.losses[player] = fit(self.optimisers[player], self.losses_of(player), fitting)
            self.multiply_adds += 3 * self.config.steps * self.advantages[player].multiply_adds(len(block.public), len(block.private))
        self.iteration, self.seconds = self.iteration + 1, self.seconds + time.perf_counter() - start

    def policy(self):
        return NetworkPolicy(self.infostates, self.advantages, "distilled")
