"""From settings to objects: games, agents, budgets, executors.

What derived games and hold'em do differently is a ``Kind``: which blueprints there are, how they are made, how strength reads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from agents.agent import Agent, Tabulated
from agents.apps.config import AblateConfig, AgentConfig, ExecutorConfig, SolveConfig
from agents.apps.run import Progress
from agents.evaluation.solving import Solving
from agents.reporting.tables import cores
from agents.runtime.executor import Executor, Local, Pool, Serial, local_pool
from agents.runtime.ray_executor import Ray
from agents.runtime.released import network_file, released_names
from games.game import PublicGame
from games.settings import check_bounds, nearest, shown
from search import Budget, Variant
from search.boards.flop_ways import FLOP, OFF, PLANNED
from search.infostates import Infostates
from search.resolving import ResolveConfig
from search.stopping import ITERATION, SECOND, Price

SAMPLED = "sampled"  # a policy, see ``agents.bucket_blueprint``
SHIPPED, BLUEPRINTS = ("small",), Path(__file__).parents[1] / "blueprints"  # those that come with the package, and where they are
STANDARD, MADE = "standard", "outputs/blueprints/standard"  # what figures use: made by a command, found below the working directory
MAKE_STANDARD = f"timebank train game=heads_up_no_limit trainer=mccfr hydra.run.dir={MADE}"
REFERENCES = UNIFORM, FULL_GAME = "uniform", "full-game CFR"
ANY_AMOUNT = ("bot", SAMPLED)  # policies that any amount may be bet against
# A checkpoint or values: a network of the run's own. Values: the policy goes on.
TRAINED, CONTINUATIONS = "trained", "continuations"
STILL = Budget(seconds=0)  # of agents that do not think
Lines = dict[str, tuple[Tabulated[Any], list[Budget]]]
Read = TypeVar("Read")
LINE_KEYS: dict[str, type] = {
    "solve_from": str,
    "gadget": str,
    "bounds": str,
    "gift_scale": float,
    "bound_std": float,
    "buckets": list,
    "think": bool,
    "own": str,
    "warm_start": str,
    "target_exploitability": float,
    "price": float,
    "longest": float,
    "measure_error": bool,
    "threads": int,
    "values": str,
    "continuations": int,
    "chooser": str,
    "depth": int,
    "off_tree": str,
    "flop": str,
}


class Kind(Protocol):
    """What commands must know of a game besides its rules."""

    @property
    def game(self) -> PublicGame[Any]:
        """Its rules."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the settings was taken otherwise than written."""
        ...

    @property
    def default_variant(self) -> str:
        """What search=default means."""
        ...

    @property
    def size_unit(self) -> str | None:
        """What ``size`` counts; None where blueprints have no size."""
        ...

    @property
    def valued(self) -> bool:
        """Whether AIVAT has a value function of it."""
        ...

    def strength(self, exploitability: float) -> dict[str, Any]:
        """Return an exploitability with its unit."""
        ...

    def strength_text(self, exploitability: float) -> str:
        """Return an exploitability as people read it."""
        ...

    def check_agent(self, agent: AgentConfig, variant: Variant, cores_each: int, bots: bool = False) -> None:
        """Refuse an agent that cannot be made, and values of keys that it does not use; its files are read."""
        ...

    def check_memory(self, agents: Sequence[AgentConfig], variant: Variant, workers: int) -> None:
        """Refuse a game that will not fit: while blueprints are solved, or with every worker's copy of a strategy."""
        ...

    def check_solvable(self, variant: Variant) -> None:
        """Refuse a game that does not fit into memory to be solved."""
        ...

    def check_solve(self, config: SolveConfig, variant: Variant) -> None:
        """Refuse settings of ``solve`` that the game has no use for, files that do not fit, and a game too large for memory."""
        ...

    def solving(self, config: SolveConfig, variant: Variant) -> Solving:
        """Return the game ready to be solved."""
        ...

    def check_bot(self, bot: str) -> None:
        """Refuse a bot that cannot be made."""
        ...

    @property
    def deep(self) -> str:
        """The deep side of its infostates, see ``search.infostates``."""
        ...

    def check_infostates(self) -> None:
        """Refuse a game that no network can see, or that does not fit into memory to be trained on."""
        ...

    def infostates(self) -> Infostates:
        """Return what training sees of it."""
        ...

    def blueprint_key(self, agent: AgentConfig) -> str:
        """Return what tells blueprints apart, as a directory's name."""
        ...

    def blueprint(self, agent: AgentConfig, variant: Variant, directory: Path, seed: int) -> Any:
        """Return a blueprint that is not trained in this run, made or found in a directory."""
        ...

    def network(self, checkpoint: Path, directory: Path) -> tuple[Any, list[dict[str, Any]]]:
        """Return a network as a blueprint, and the history of its training: rows with ``compute`` in multiply-adds."""
        ...

    def size(self, blueprint: Any) -> int | None:
        """Return how large a blueprint is, in ``size_unit``; None where it is not known."""
        ...

    def agent(self, agent: AgentConfig, blueprint: Any, variant: Variant) -> Agent[Any]:
        """Return the agent that plays a blueprint as the settings say."""
        ...

    def alone_name(self, agent: AgentConfig, blueprint: Any) -> str:
        """Return what that agent's line is called."""
        ...

    def references(self, variant: Variant, budgets: list[Budget]) -> Lines:
        """Return what agents are measured beside."""
        ...

    def announce(self, line: str, agent: AgentConfig, blueprint: Any, budgets: int) -> None:
        """Say how much work it will be to measure a line at so many budgets, where that is much."""
        ...

    def stand_in(self) -> Any:
        """Return a blueprint that stands for one that is yet to be made."""
        ...


_made: dict[str, tuple[PublicGame[Any], float]] = {}


def timed_game(settings: Any) -> tuple[PublicGame[Any], float]:
    """Return a game and the seconds that making it took; a game is checked and run on the same object."""
    key = repr(settings)
    if key not in _made:
        _made.clear()
        bars: dict[str, Progress] = {}
        with ExitStack() as opened:

            def tell(what: str, done: int, total: float) -> None:
                bar = bars.get(what) or bars.setdefault(what, opened.enter_context(Progress(what, total / 1e6)))
                bar.at(done / 1e6)

            start = time.perf_counter()
            _made[key] = settings.build(tell), time.perf_counter() - start
    return _made[key]


def any_amount(agents: Iterable[AgentConfig]) -> bool:
    """Say whether all of some agents can play with any amount: bots, and those whose blueprint is sampled."""
    return all(agent.policy in ANY_AMOUNT for agent in agents)


def build_kind(settings: Any, any_amount: bool = False, raked: bool = False) -> Kind:
    """Return a game with what commands must know of it.

    Args:
        settings: of the game.
        any_amount: nobody takes part who knows the menu's sizes alone.
        raked: rake is welcome: the game is solved whole. Agents, matches and search take a game for zero-sum.

    Raises:
        ValueError: a bad value; the tree of bets is too large for an agent of ours.
    """
    game: Any = timed_game(settings)[0]
    if game.spiel is None:
        if game.betting.rake and not raked:
            raise ValueError(f"game.rake must be left out here (timebank solve and show take it), got {settings.rake}")
        from agents.apps.holdem import HoldemKind
        from games.holdem.config import on_menu

        return HoldemKind(game if any_amount else on_menu(game))
    from agents.apps.derived import DerivedKind

    return DerivedKind(game)


def build_variant(config: Any, kind: Kind) -> Variant:
    """Return the CFR variant of a command's settings; ``default`` is the fastest one for the game at hand."""
    found: Variant = config.search.build(kind.default_variant)
    return found


def agent_cores(executor: Executor) -> int:
    """Return how many cores each worker has, taking all machines for ones like this."""
    return max(cores() // executor.per_machine, 1)


def named_agent(build: Callable[[], Read]) -> Read:
    """Return what ``build`` returns; its errors name keys of ``agent``.

    Raises:
        ValueError: as ``build`` does.
    """
    try:
        return build()
    except ValueError as error:
        text = str(error)
        raise ValueError(text if text.startswith("agent.") else f"agent.{text}") from None


def check_no_budget(config: AgentConfig, instead: str) -> None:
    """Refuse a budget of an agent's own where the command has one of that name for its decisions."""
    for key, value in vars(config.budget).items():
        if value is not None:
            raise ValueError(f"agent.budget.{key} must be left out ({instead} says what decisions may spend), got {value}")


def check_files(config: AgentConfig) -> None:
    """Refuse files that are not there."""
    if config.checkpoint not in (None, TRAINED) and not network_file(str(config.checkpoint)).is_file():
        raise ValueError(f"agent.checkpoint must be a checkpoint file, got {config.checkpoint}{beside()}")
    if config.policy == SAMPLED and (not config.blueprint or not blueprint_directory(config.blueprint).is_dir()):
        if config.blueprint == STANDARD:
            raise ValueError(f"agent.blueprint must have been made: {MAKE_STANDARD} takes half an hour, got {STANDARD} and no {MADE}")
        rule = f"{', '.join(SHIPPED)}, {STANDARD} or a directory that timebank train trainer=mccfr wrote"
        raise ValueError(f"agent.blueprint must be {rule}, got {shown(config.blueprint)}")
    if config.policy != SAMPLED and config.blueprint is not None:
        raise ValueError(f"agent.blueprint must be left out but for a sampled policy, got {config.blueprint}")
    if (config.table is not None or config.policy == "table") and not Path(config.table or "").is_file():
        raise ValueError(f"agent.table must be a file of information states, got {config.table}")


def blueprint_directory(name: str) -> Path:
    """Return where a sampled blueprint is: one of ``SHIPPED`` or ``STANDARD`` by its name, any other by its path."""
    return BLUEPRINTS / name if name in SHIPPED else Path(MADE) if name == STANDARD else Path(name)


def check_depth(config: AgentConfig, trainer: str = "rebel") -> None:
    """Refuse a depth limit without values at it, or with what cannot go along; ``trainer`` makes the files of values."""
    if config.values != CONTINUATIONS:
        for key, value in (("continuations", config.continuations), ("chooser", config.chooser)):
            if value is not None:
                raise ValueError(f"agent.{key} must be left out without agent.values=continuations, got {value}")
    elif config.continuations == 1 and config.chooser is not None:
        raise ValueError(f"agent.chooser must be left out where there is one continuation, got {config.chooser}")
    if config.values is None:
        if config.depth is not None:
            raise ValueError(f"agent.depth must be left out without agent.values, got {config.depth}")
        return
    if config.own is not None or not config.think:
        raise ValueError(f"agent.values must be left out where no subgame solver of ours thinks, got {config.values}")
    if config.values not in (TRAINED, CONTINUATIONS) and not network_file(config.values).is_file():
        rule = f"continuations or a file that timebank train trainer={trainer} wrote"
        raise ValueError(f"agent.values must be {rule}, got {config.values}{beside()}")


def refuse_trained(config: AgentConfig) -> None:
    """Refuse values that only an ablation trains."""
    if config.values == TRAINED:
        raise ValueError(
            "agent.values must be continuations or a file that timebank train trainer=rebel (in hold'em street_values) wrote, got trained "
            "(ablations alone train one)"
        )


def check_sampled_keys(config: AgentConfig) -> None:
    """Refuse ways to meet other amounts where none can be bet, and ways to solve the flop where nobody solves it."""
    if config.off_tree is not None and config.policy != SAMPLED:
        raise ValueError(f"agent.off_tree must be left out but for a sampled policy, or with off_tree_bets, got {config.off_tree!r}")
    if config.flop is not None and config.policy != SAMPLED:
        raise ValueError(f"agent.flop must be left out but for a sampled policy, got {config.flop!r}")
    if config.flop not in (None, OFF) and not config.think:
        raise ValueError(f"agent.flop must be off where agent.think is false, got {config.flop!r}")


def flop_of(config: AgentConfig, game: Any) -> str:
    """Return how an agent of no-limit hold'em solves the flop; unless it is said, by the time there is where it solves the turn."""
    if config.flop is not None:
        return config.flop
    streets = config.solve_from.split("+") if config.policy == SAMPLED and config.think and len(game.rounds) > FLOP + 1 else []
    return PLANNED if streets and game.rounds[FLOP + 1] in streets and game.rounds[FLOP] not in streets else OFF


def untrained(config: AgentConfig) -> bool:
    """Say whether an agent plays a network that is trained in its run."""
    return config.policy == "network" and config.checkpoint in (None, TRAINED)


def beside() -> str:
    """Return the networks that come with the package by name, as the end of an error; nothing where there are none."""
    names = released_names()
    return f" (with the package come {', '.join(names)})" if names else ""


def of_file(key: str, read: Callable[[], Read]) -> Read:
    """Return what ``read`` returns; its errors name the key of the file.

    Raises:
        ValueError: the file holds something else, or cannot be read.
    """
    try:
        return read()
    except (ValueError, OSError) as error:
        text, name = str(error), key.rsplit(".", 1)[-1]
        raise ValueError(f"{key}{text.removeprefix(name)}" if text.startswith(f"{name} ") else f"{key}: {text}") from None


def resolve_config(config: AgentConfig) -> ResolveConfig:
    """Return how an agent re-solves subgames.

    Raises:
        ValueError: a value that there is not.
    """
    return ResolveConfig(config.gadget, config.bounds, config.bound_std, config.gift_scale, config.warm_start)


def build_budgets(values: list[float], unit: str) -> list[Budget]:
    """Return the budgets above 0; refuses bad ones."""
    if not values:
        raise ValueError("budgets must name at least one thinking time, got []")
    for value in values:
        if type(value) not in (int, float):  # OmegaConf takes a list for a number
            raise ValueError(f"budgets must be numbers, got {value}")
    if unit == "iterations" and any(v != int(v) for v in values):
        raise ValueError(f"budgets must be whole numbers of iterations, got {values}")
    kinds: dict[str, Any] = {"seconds": float, "iterations": int}
    return [Budget(**{unit: kinds[unit](value)}) for value in sorted(set(values)) if value != 0]


def enough_for(budget: Budget, config: AgentConfig) -> Budget:
    """Return an agent's budget of a decision: this one, and what ends it early if the agent thinks."""
    if config.longest is not None:
        raise ValueError(f"agent.longest must be left out but in ablations, got {config.longest:g}")
    return with_enough([budget], config)[0] if config.think else budget


def with_enough(budgets: list[Budget], config: AgentConfig) -> list[Budget]:
    """Return an agent's budgets: these, and what ends a decision early: the exploitability that is enough, the price of thinking.

    The price is that of a second where seconds are the budget, else that of an iteration.

    Raises:
        ValueError: a price for solves whose exploitability is not known.
    """
    if config.price is not None:
        check_priced(config, "agent.price", config.price)
        units = [SECOND if budget.seconds is not None else ITERATION for budget in budgets]
        budgets = [replace(budget, price=Price(chips=config.price, unit=unit)) for budget, unit in zip(budgets, units, strict=True)]
    if config.target_exploitability is None:
        return budgets
    return [replace(budget, exploitability=config.target_exploitability) for budget in budgets]


def line_budgets(budgets: list[Budget], config: AgentConfig) -> list[Budget]:
    """Return the budgets of a line of an ablation: those of all lines, or one of its longest decision.

    Raises:
        ValueError: as ``with_enough``; a longest decision where nothing else ends one, or of half an iteration.
    """
    if config.longest is not None and config.price is None and config.target_exploitability is None:
        raise ValueError(f"agent.longest must be left out without agent.price or agent.target_exploitability, got {config.longest:g}")
    if config.longest is not None and budgets:
        if budgets[0].seconds is None and config.longest != int(config.longest):
            raise ValueError(f"agent.longest must be a whole number of iterations, got {config.longest:g}")
        budgets = [Budget(seconds=config.longest) if budgets[0].seconds is not None else Budget(iterations=int(config.longest))]
    return with_enough(budgets, config)


def check_priced(config: AgentConfig, key: str, value: float) -> None:
    """Refuse a price, or a bank that sets one, where nobody can tell how exploitable a solve's answer is."""
    unknown = {"bounds=distributional": config.bounds == "distributional", "values": config.values is not None}
    for name in (name for name, given in unknown.items() if given):
        raise ValueError(f"{key} must be left out with agent.{name}, whose solves' exploitability is not known, got {value:g}")


def build_executor(config: ExecutorConfig) -> Executor:
    """Return the executor; refuses bad settings, those of the other kind too."""
    if config.kind == "ray":
        return Ray(config.workers, config.address)
    if config.address is not None:
        raise ValueError(f"executor.address must be left out but for executor=ray, got {shown(config.address)}")
    local = Local(config.workers)
    return local if config.kind == "local" else Serial()


def build_pool(config: ExecutorConfig) -> Callable[..., Pool]:
    """Return what starts processes that generate: ``trainer.generators`` of this machine, or of a cluster."""
    return Ray(config.workers, config.address).pool if config.kind == "ray" else local_pool


def agents_of(config: AblateConfig) -> dict[str, AgentConfig]:
    """Return each line's agent settings: the agent's, with what the line says of its search. All lines share one policy.

    Raises:
        ValueError: a reserved name, or a key or type that does not fit.
    """
    if not config.lines:
        return {config.agent.own or "search": config.agent} if config.agent.think else {}
    found = {}
    for name, line in config.lines.items():
        if name in (*REFERENCES, f"{config.agent.policy} alone"):
            raise ValueError(f"lines must have names of their own, got {name!r}, which is a reference's")
        for key, value in (line if isinstance(line, dict) else {"line": line}).items():
            if not isinstance(line, dict):
                raise ValueError(f"lines.{name} must be keys of agent with values, such as {{gadget: resolve}}, got {line!r}")
            if key not in LINE_KEYS:
                raise ValueError(
                    f"lines.{name}.{key} must be one of {', '.join(LINE_KEYS)}, got an unknown key{nearest(str(key), LINE_KEYS)}"
                )
            if not (isinstance(value, LINE_KEYS[key]) or (LINE_KEYS[key] is float and type(value) is int)):
                raise ValueError(f"lines.{name}.{key} must be a {LINE_KEYS[key].__name__}, got {value!r}")
        found[str(name)] = replace(config.agent, **{"think": True, **line})
        check_bounds(found[str(name)], f"lines.{name}")
    return found
