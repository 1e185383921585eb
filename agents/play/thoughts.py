"""What an agent did before a decision, and what it believes, as text and ranges."""

from __future__ import annotations

from typing import Any

from agents.agent import Decision
from agents.no_limit.hand import HandMemory
from agents.reporting.tables import counted, duration
from games.game import PublicGame
from search.outcome import Outcome


def thought(game: PublicGame[Any], decision: Decision) -> str:
    """Return what an agent did before a decision."""
    memory = decision.memory
    if decision.outcome == Outcome.NO_TIME:
        if decision.iterations:
            done = f"{counted(decision.iterations, 'iteration')} in {duration(decision.seconds)}"
            return f"{done} are too few to be trusted: it plays on without"
        return "its time is too short for an iteration: it plays on without"
    if decision.outcome == Outcome.UNREACHED:
        return "no two hands of its ranges can meet here: it plays on without a search"
    if decision.outcome == Outcome.NO_VALUES:
        done = f"after {counted(decision.iterations, 'iteration')}"
        return f"its value network gave no numbers {done}: it plays {'what it had' if decision.solved else 'on without'}"
    if decision.iterations:
        root = decision.root if isinstance(memory, HandMemory) else None
        plan = f", {decision.plan}" if decision.plan else ""
        where = "" if root is None else f"subgame from the {game.rounds[game.round(root)]}{plan}: "
        unplayed = ", no better than what it had" * (decision.outcome == Outcome.REJECTED)
        return f"{where}thought for {duration(decision.seconds)}, {counted(decision.iterations, 'iteration')}{unplayed}"
    if not isinstance(memory, HandMemory):
        return "it does not search here"
    if memory.solved is not None and memory.solved.at(memory.lines.game, memory.state) is not None:
        return f"by its answer to the subgame from the {game.rounds[game.round(memory.solved.root)]}"
    return "by its blueprint" if memory.lines.lines else "its blueprint has no such line, so it calls"


def surprise_text(decision: Decision) -> str:
    """Return how often somebody did what an agent's model gives to no hand; nothing where that never happened or is not known."""
    count = decision.memory.surprises if isinstance(decision.memory, HandMemory) else 0
    return f"{counted(count, 'action')} that its model gives to no hand left the range as it was" if count else ""
