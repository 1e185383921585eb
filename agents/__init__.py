"""Who plays: policies, networks, self-play training, search agents, exact strength. Knows no Hydra.

Networks and training are imported from ``agents.networks`` and ``agents.training``: they bring torch.
"""

from agents.ablation import ablate, exchange_rate
from agents.agent import Agent, Decision
from agents.blueprint import BlueprintAgent
from agents.executor import Executor, Local, Serial
from agents.hand import Entrant
from agents.match import Match, play_matches
from agents.policy import Policy, TabularPolicy, UniformPolicy, solved_policy
from agents.search_agent import SearchAgent
from agents.strength import exploitability, tabulate

__all__ = [
    "Agent",
    "BlueprintAgent",
    "Decision",
    "Entrant",
    "Executor",
    "Local",
    "Match",
    "Policy",
    "SearchAgent",
    "Serial",
    "TabularPolicy",
    "UniformPolicy",
    "ablate",
    "exchange_rate",
    "exploitability",
    "play_matches",
    "solved_policy",
    "tabulate",
]
