"""A policy of your own: a torch network as the blueprint of a search.

Run it in the folder of this file:

    TIMEBANK_MODULES=own_policy timebank ablate game=leduc_poker agent.policy=own_policy:make agent.think=true budgets=[0,0.01]
"""

import torch

from agents import TabularPolicy
from search import TreeInfostates
from search.infostates import softmax


def make(game):
    """Return the policy of a game: two matrices for each player, here with random weights."""
    infostates = TreeInfostates(game.tree)
    torch.manual_seed(0)
    blocks = [infostates.blocks[player][0] for player in (0, 1)]  # games of OpenSpiel's have one block for each player
    hands = [torch.randn(block.private.shape[1], 8) for block in blocks]
    actions = [torch.randn(block.rows.shape[1], 8) for block in blocks]

    def ask(player, block, begin, end):
        """Return the probabilities [rows, C] of C hands at the decisions from begin to end - 1; an action of a decision is a row."""
        shown = infostates.blocks[player][block]
        first = shown.first_row[begin : end + 1]  # of each decision
        rows = torch.from_numpy(shown.rows[first[0] : first[-1]])
        table = (torch.from_numpy(shown.private) @ hands[player] @ (rows @ actions[player]).T).numpy()  # [C, rows]
        softmax(table, first - first[0])
        return table.T

    return TabularPolicy(infostates.strategy(ask), "two matrices")
