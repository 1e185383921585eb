"""An agent of your own: a blueprint without its rare actions (Ganzfried and Sandholm 2012).

Run it in the folder of this file:

    TIMEBANK_MODULES=own_agent timebank ablate game=leduc_poker agent=own_agent:Thresholded agent.policy=tabular agent.iterations=20
"""

import time

import numpy as np

from agents import BaseAgent, Decision

LEAST = 0.15  # probability of an action that stays


class Thresholded(BaseAgent):
    """Takes no action that the blueprint takes with less than a probability of 0.15; the others share what is left.

    Args:
        game: what is played, a ``games.game.PublicGame``.
        blueprint: the policy that the command's ``agent.policy`` names.
    """

    def __init__(self, game, blueprint):
        self.game, self.blueprint = game, blueprint
        self.name = f"{blueprint.name} from {LEAST:.0%}"

    def decide(self, seat, state, memory, budget):
        """Decide for every hand at once, [A, H]: the agent does not know which one it holds."""
        start = time.perf_counter()
        policy = self.blueprint.at(state)
        policy = np.where(policy < np.minimum(LEAST, policy.max(axis=0)), 0.0, policy)
        return Decision(policy / policy.sum(axis=0), memory, time.perf_counter() - start)
