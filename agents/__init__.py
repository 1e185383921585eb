"""Who plays: policies, networks, self-play training, search agents, exact strength. Knows no Hydra.

Networks and training are imported from ``agents.networks`` and ``agents.training``: they bring torch.
"""

from agents.agent import Agent, BaseAgent, Decision
from agents.blueprint import BlueprintAgent
from agents.evaluation.ablation import ablate, exchange_rate
from agents.evaluation.strength import exploitability, tabulate
from agents.match.deal import Competitor
from agents.match.match import Match, play_matches
from agents.policy import BasePolicy, Policy, TabularPolicy, UniformPolicy, solved_policy
from agents.runtime.executor import Executor, Local, Serial
from agents.runtime.ray_executor import Ray
from agents.search_agent import SearchAgent

__all__ = [
    "Agent",
    "BaseAgent",
    "BasePolicy",
    "BlueprintAgent",
    "Competitor",
    "Decision",
    "Executor",
    "Local",
    "Match",
    "Policy",
    "Ray",
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
