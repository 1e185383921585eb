"""``timebank ablate`` with ``decisions.street``: trunk loss of one street's decisions against thinking time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from agents.apps.build import STILL, Kind, build_budgets, build_kind, build_variant, check_no_budget, flop_of, with_enough
from agents.apps.config import AblateConfig, AgentConfig, DecisionsConfig
from agents.apps.lines import errors_of, settings
from agents.apps.output import say
from agents.apps.run import LOADING, Progress, Run, compiling
from agents.apps.spots import check_no_limit
from agents.no_limit.street_search import flop_memory
from agents.reporting.tables import Row, cores, counted, free_memory, memory_text
from agents.yardstick.decisions import Answered, Street, StreetLoss, decisions_row
from agents.yardstick.drawing import draw_starts
from agents.yardstick.measure import TRUNK_LOSS
from agents.yardstick.report import asked_text, write_loss_report
from search import Budget
from search.boards.flop_ways import CHOICES, OFF
from search.resolver import rounds_of

UNUSED = ("sweeps", "off_tree_bets", "references", "searched_iterations")  # keys of exploitability alone
STEM = "decisions"


def check_unused(config: AblateConfig) -> None:
    """Refuse keys of the other measurement: exploitability or trunk loss."""
    if config.decisions.street is not None:
        for key in UNUSED:
            if (value := getattr(config, key)) != getattr(AblateConfig(), key):
                raise ValueError(f"{key} must be left out with decisions.street, got {value}")
        return
    for key, value in vars(config.decisions).items():
        if value != getattr(DecisionsConfig(), key):
            raise ValueError(f"decisions.{key} must be left out without decisions.street, got {value}")


def check(config: AblateConfig, directory: Path) -> None:
    """Refuse bad values; the starts of the street are drawn."""
    kind = build_kind(config.game, any_amount=True)
    check_no_limit(kind, config.agent)
    check_no_budget(config.agent, "budgets")
    build_budgets(config.budgets, config.unit)
    variant, street = build_variant(config, kind), str(config.decisions.street)
    with compiling():
        for name, agent in settings(config).items():
            line = config.lines.get(name, ())
            with errors_of(name, line):
                kind.check_agent(agent, variant, cores())
                _check_solved(agent, street, kind)
        _check_memory(config, kind, _street(config, kind, directory))


def _check_solved(agent: AgentConfig, street: str, kind: Kind) -> None:
    """Refuse an agent that thinks, but never on the street."""
    rounds = rounds_of(agent.solve_from, kind.game.rounds) or ()
    flop = flop_of(agent, kind.game)
    if not agent.think or kind.game.rounds.index(street) in rounds or (street == "flop" and flop != OFF):
        return
    if street == "flop":
        raise ValueError(f"agent.flop must be one of {', '.join(CHOICES[1:])} with decisions.street=flop, got {flop!r}")
    raise ValueError(f"agent.solve_from must name the {street} with decisions.street={street}, got {agent.solve_from!r}")


def _street(config: AblateConfig, kind: Kind, directory: Path) -> Street:
    """Return what is measured with."""
    wanted, variant = config.decisions, build_variant(config, kind)
    blueprint, game, street = kind.blueprint(config.agent, variant, directory, config.seed), kind.game, str(wanted.street)
    starts = draw_starts(game, blueprint, street, wanted.spots, config.seed)  # type: ignore[arg-type]  # it is hold'em
    return Street(street, game, starts, variant, wanted.gap / 100, wanted.most, cores(), directory / "measurements")  # type: ignore[arg-type]


def _check_memory(config: AblateConfig, kind: Kind, street: Street) -> None:
    """Refuse a flop that does not fit into memory: its evaluation, or before that the agent's own solve."""
    game: Any = kind.game
    solving = [(flop, agent) for agent in settings(config).values() if (flop := flop_of(agent, game)) != OFF]
    needs = [flop_memory(game, flop, street.variant, agent.threads)[1] for flop, agent in solving if street.name == "flop"]
    (boards, most), deciding, free = street.memory(), max(needs, default=0), free_memory()
    if max(most, deciding) > 0.9 * free:
        own = f", and {memory_text(deciding)} before for the agent's own solve" if deciding else ""
        raise ValueError(
            f"decisions.street must fit into memory ({memory_text(free)} are free), got {street.name}, whose evaluation takes "
            f"{memory_text(most)} for {counted(boards, 'board')}{own}"
        )


def run(config: AblateConfig, directory: Path) -> None:
    """Measure, report."""
    kind = build_kind(config.game, any_amount=True)
    with Run(directory, "ablate", kind.game.name, config.seed, kind.notes) as result:
        with compiling():
            street = _street(config, kind, directory)
        boards, most = street.memory()
        say(f"evaluations of {street.name}s: at most {counted(boards, 'board')} and {memory_text(most)}, two solves an answer")
        drawn = [{"hand": start.number, "line": start.line} for start in street.starts]
        result.write(decisions={"street": street.name, "gap": street.gap, "most": street.most, "starts": drawn})
        rows = dict[tuple[str, Budget], Row]()
        try:
            for line, budget, losses in _measured(config, kind, street, result):
                rows[line, budget] = decisions_row(line, street.name, losses, budget)
                result.write(rows=list(rows.values()))
        except OSError:
            rows.clear()  # no report where nothing can be written
            raise
        finally:
            if rows:
                title = f"{kind.game.name}, trunk loss of {len(street.starts)} {street.name}s"
                say(write_loss_report(list(rows.values()), title, directory, TRUNK_LOSS, STEM))
                say(f"what that is, and what its bounds are: docs/how-to/measure.md. {directory}")


def _asked(budget: Budget) -> str:
    return asked_text({"thinking_seconds": budget.seconds, "thinking_iterations": budget.iterations})


def _measured(config: AblateConfig, kind: Kind, street: Street, result: Run) -> Iterator[tuple[str, Budget, list[StreetLoss]]]:
    """Yield a line, a budget and what its answers so far lose, after each answer; all of them are made before the first is measured."""
    variant, budgets = build_variant(config, kind), build_budgets(config.budgets, config.unit)
    blueprint = kind.blueprint(config.agent, variant, street.folder, config.seed)
    alone = replace(config.agent, think=False, flop=None)
    thinking = [(name, agent, with_enough(budgets, agent)) for name, agent in settings(config).items() if agent.think]
    still = [(kind.alone_name(alone, blueprint), alone, [STILL])] if 0 in config.budgets or not thinking else []
    answers = list[tuple[str, Budget, list[Answered | StreetLoss]]]()
    total, done = len(street.starts) * sum(len(asked) for *_, asked in (*still, *thinking)), 0
    with Progress("deciding", total, "answer", LOADING) as progress:
        for line, agent, asked in (*still, *thinking):
            player: Any = kind.agent(agent, blueprint, variant)  # the one before, and its memory, is gone
            for budget in asked:
                made = list[Answered | StreetLoss]()
                answers.append((line, budget, made))
                for answered in street.decided(player, line, budget):
                    result.require_directory()
                    made.append(answered)
                    progress.at(sum(len(one) for *_, one in answers), f"{line}, {_asked(budget)}")
            del player
    with Progress(f"measuring {street.name}s", total, "answer") as progress:

        def tell(line: str, budget: Budget, text: str) -> None:
            progress.at(done, f"{line}, {_asked(budget)}: {text}")

        for line, budget, made in answers:
            losses = list[StreetLoss]()
            for answered in made:
                result.require_directory()
                losses.append(street.measured(answered, partial(tell, line, budget)))
                done += 1
                yield line, budget, losses
