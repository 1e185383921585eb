"""Modules of one's own, most of them with something wrong: tests name them by ``tests.own:name``."""

from dataclasses import dataclass

from agents import BaseAgent, Decision, UniformPolicy
from search import represent

row = "no variant"


class Settings:
    """No dataclass."""


@dataclass
class Empty:
    """A dataclass without the settings of a trainer."""


class Agent(BaseAgent):
    """Plays its blueprint."""

    name = "mine"

    def __init__(self, game, blueprint):
        self.game, self.blueprint = game, blueprint

    def decide(self, seat, state, memory, budget):
        return Decision(self.blueprint.at(state), memory, 0.0)


class Raising(Agent):
    def decide(self, seat, state, memory, budget):
        raise KeyError("cards")


class Silent(Agent):
    def decide(self, seat, state, memory, budget):
        return None


class Short(Agent):
    def decide(self, seat, state, memory, budget):
        return Decision(self.blueprint.at(state)[:, 1:], memory, 0.0)


class Unsure(Agent):
    def decide(self, seat, state, memory, budget):
        return Decision(self.blueprint.at(state) / 2, memory, 0.0)


class Later(Agent):
    """Decides well in seat 0, where it is tried before work."""

    def wrong(self, policy):
        raise KeyError("cards")

    def decide(self, seat, state, memory, budget):
        policy = self.blueprint.at(state)
        return Decision(self.wrong(policy) if seat else policy, memory, 0.0)


class LaterTwice(Later):
    def wrong(self, policy):
        return 2 * policy


class LaterShort(Later):
    def wrong(self, policy):
        return policy[:, :1]


class LaterEnds(Later):
    def wrong(self, policy):
        raise SystemExit(0)


def nothing(*_):
    """Return neither an agent nor a policy."""


def raising(*_):
    raise RuntimeError("no luck\nand more")


class Policy:
    """A policy whose tables a subclass spoils."""

    name = "mine"

    def __init__(self, game):
        self.game, self.tree = game, getattr(game, "tree", None)

    def fingerprint(self):
        return b"mine"

    def at(self, state):
        return represent(self.game).at(self.tables(), state)

    def strategy(self, state=None):
        return self

    @property
    def tables(self):
        return represent(self.game).uniform()


class Lopsided(Policy):
    @property
    def tables(self):
        first, second = represent(self.game).uniform()
        return first[1:], second


class Negative(Policy):
    @property
    def tables(self):
        first, second = represent(self.game).uniform()
        return first - 1, second


def uniform(game):
    return UniformPolicy(game.tree, "mine")
