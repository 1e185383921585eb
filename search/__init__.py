"""How to think: the CFR family, best response, subgames, gadgets, budgets. Knows no network and no file."""

from search.anytime import Anytime, Solution
from search.boards.infostates import BoardInfostates
from search.boards.solver import BoardSolver, memory_needed, state_names, useful_threads
from search.boards.strategy import BoardStrategy
from search.budget import Budget, Deadline, Spent
from search.gadgets import BOUNDS, GADGETS
from search.representation import represent
from search.tree.evaluator import Evaluator
from search.tree.gadgets import Gadget, cf_reach_at, gifts
from search.tree.infostates import TreeInfostates
from search.tree.solver import Solver
from search.tree.strategy import Strategy, check_strategy, full_ranges, uniform
from search.tree.subgame import Subgame, whole_game
from search.variants import VARIANTS, Variant, variant

__all__ = [
    "BOUNDS",
    "GADGETS",
    "VARIANTS",
    "Anytime",
    "BoardInfostates",
    "BoardSolver",
    "BoardStrategy",
    "Budget",
    "Deadline",
    "Evaluator",
    "Gadget",
    "Solution",
    "Solver",
    "Spent",
    "Strategy",
    "Subgame",
    "TreeInfostates",
    "Variant",
    "cf_reach_at",
    "check_strategy",
    "full_ranges",
    "gifts",
    "memory_needed",
    "represent",
    "state_names",
    "uniform",
    "useful_threads",
    "variant",
    "whole_game",
]
