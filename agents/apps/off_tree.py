"""What ``timebank ablate`` does with ``off_tree_bets``: agents meet first bets that their menu lacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from agents.agent import Tabulated
from agents.apps.build import Kind, named_agent, resolve_config
from agents.apps.config import AblateConfig, AgentConfig
from agents.apps.run import Run
from agents.board_blueprint import BoardBlueprint
from agents.evaluation.off_tree import excess_of, excess_table, ratios
from agents.off_tree_agent import TRANSLATE, OffTreeAgent
from agents.reporting.tables import Row, free_memory, memory_text
from games.holdem.extra_bets import with_extra_bets
from games.holdem.menus import Size, parse_sizes
from games.holdem.rules import HoldemGame
from search import Variant, represent

UNUSED = ("own", "solve_from", "gift_scale", "bound_std", "target_exploitability", "price", "longest", "threads")
COPIES = 5  # of a game's tables that a worker has at the same time, at most: both players' of two games, and a seat's


def off_tree_agent(config: AblateConfig, agent: AgentConfig, blueprint: BoardBlueprint, variant: Variant) -> OffTreeAgent:
    """Return the agent that meets the extra bets as its settings say."""
    return OffTreeAgent(blueprint, _sizes(config), variant, None if agent.off_tree == TRANSLATE else resolve_config(agent))


def _sizes(config: AblateConfig) -> tuple[Size, ...]:
    return parse_sizes(config.off_tree_bets or "", "off_tree_bets", raises=False)


def checked(config: AblateConfig, agent: AgentConfig, kind: Kind, variant: Variant) -> AgentConfig:
    """Return what is left to be checked of a line's agent: its blueprint.

    Raises:
        ValueError: a game without menus, or a value that has no use here.
    """
    game = kind.game
    if not isinstance(game, HoldemGame) or game.betting.menus is None:
        raise ValueError(f"off_tree_bets must be left out but in no-limit hold'em, got {config.off_tree_bets!r}")
    common = AgentConfig(policy=agent.policy)
    for key in UNUSED if agent.think else ():
        if getattr(agent, key) != getattr(common, key):
            raise ValueError(f"agent.{key} must be left out with off_tree_bets, got {getattr(agent, key)!r}")
    if agent.think:
        stand_in = BoardBlueprint(game, Path(), "trial", 0, 0.0, 0.0)
        named_agent(lambda: off_tree_agent(config, agent, stand_in, variant))
    return replace(agent, off_tree=None, think=False)


def check_extra(config: AblateConfig, kind: Kind, workers: int) -> None:
    """Refuse extra bets that are none, budgets by the clock, and a game that does not fit into memory with the bets.

    Raises:
        ValueError: as said.
    """
    if not _sizes(config):
        raise ValueError(f"off_tree_bets must be sizes such as 75%, got {config.off_tree_bets!r}")
    if config.unit != "iterations":
        raise ValueError(f"unit must be iterations with off_tree_bets (subgames are solved side by side), got {config.unit!r}")
    game: Any = kind.game
    largest = with_extra_bets(game, _sizes(config), (0, 1), range(1, len(game.deals)))
    needed, free = workers * COPIES * represent(largest).table_bytes // 2, free_memory()
    if needed > 0.9 * free:
        raise ValueError(
            f"game must fit into memory with off_tree_bets ({memory_text(free)} are free), got about {memory_text(needed)}: "
            "use executor.workers=1 or a smaller game"
        )


def with_excess(row: Row, agent: Tabulated[Any]) -> Row:
    """Return a row with its excess, if its agent met extra bets."""
    return row | {"excess": excess_of(row["exploitability"], agent.plays.exploitability)} if isinstance(agent, OffTreeAgent) else row


def report(rows: list[Row], bets: str, blueprint: BoardBlueprint, kind: Kind, result: Run) -> str:
    """Write what extra bets cost; return it as text."""
    alone = kind.strength(blueprint.exploitability)
    result.write(off_tree={"bets": bets, "solver_error": alone, "ratios": ratios(rows)})
    return f"\nfirst bets of {bets} beside the menu\n{excess_table(rows, alone)}"
