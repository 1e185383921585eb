"""Opponents for tests of the page: short blueprints of small games, and agents that wait or break."""

from __future__ import annotations

import threading
from functools import cache

from agents.agent import BaseAgent
from agents.blueprint import BlueprintAgent
from agents.evaluation.aivat import value_function
from agents.page.session import Opponent, Session
from agents.policy import solved_policy
from agents.search_agent import SearchAgent
from games import public_tree
from search import variant


@cache
def opponent(name="leduc_poker", thinks=True):
    """Return a blueprint of ten iterations, which may think."""
    policy = solved_policy(public_tree(name), variant("cfr"), 10)
    agent = SearchAgent(policy, variant("default"), solve_from="decision") if thinks else BlueprintAgent(policy)
    return Opponent(agent, value_function(agent.game, (policy, policy)), name)


class Waiting(BaseAgent):
    """A blueprint that answers when it is told to, or stopped; with ``error`` it raises that."""

    thinks = True

    def __init__(self, error=None):
        self._own = opponent("kuhn_poker", thinks=False).agent
        self.name, self.game, self.blueprint, self.error = "waiting", self._own.game, self._own.blueprint, error
        self.begun, self.go = threading.Event(), threading.Event()

    def decide(self, seat, state, memory, budget):
        if budget.seconds:
            self.begun.set()
            while not (self.go.wait(0.01) or budget.watch.stopped):
                pass
            if self.error is not None:
                raise self.error
        return self._own.decide(seat, state, memory, budget)


def session(who=None, seed=1, seconds=0.01, saved=None):
    """Return a session; hands that are over go into a list."""
    who = opponent() if who is None else who
    return Session(lambda: who, "Leduc", seed, seconds, lambda _, record: None if saved is None else saved.append(record))


def act_on(at, kind="pass"):
    """Take the first action of a kind, or the first there is, and let the agent move."""
    actions = at.view()["actions"]
    at.act(next((action for action in actions if action["kind"] == kind), actions[0])["text"])
    if at.busy:
        at.work()
