"""The schemas behind conf/: a typo or an ill type in an override is an error that names the key.

Each group's YAML starts with its schema. Nothing here has a ``_target_``: what a name builds is decided in this file alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hydra.core.config_store import ConfigStore

from games.config import KuhnPoker, LeducPoker, LiarsDice, OpenSpielGame
from games.holdem_config import Holdem, LibratusEndgame, Spot
from search import Budget, Variant, variant


@dataclass(kw_only=True)
class SearchConfig:
    """A row of the CFR family by its name in search.variants; what is given besides replaces the row's."""

    name: str = "???"
    alpha: float | None = None
    beta: float | None = None
    gamma: float | None = None
    predictive: float | None = None
    discount: str = "before"

    def build(self, default: str = "default") -> Variant:
        """Return the variant; refuses bad values. ``default`` names the fastest one for the game at hand."""
        given = {key: value for key, value in vars(self).items() if value is not None and key != "name"}
        return replace(variant(default if self.name == "default" else self.name), **given)


@dataclass(kw_only=True)
class BudgetConfig:
    """See search.budget."""

    seconds: float | None = None
    iterations: int | None = None
    exploitability: float | None = None

    def build(self) -> Budget:
        """Return the budget; refuses bad values."""
        return Budget(seconds=self.seconds, iterations=self.iterations, exploitability=self.exploitability)


@dataclass(kw_only=True)
class AgentConfig:
    """Who plays.

    Attributes:
        policy: ``uniform``, ``tabular`` (solved at load, see ``iterations``), ``network``, ``table`` (see there) or ``bot`` (in matches).
        iterations: of CFR for a tabular policy, with the variant of ``search``.
        buckets: of each street of hold'em, 0 for no abstraction there; see agents.abstraction. Not of a network.
        checkpoint: of a network; none means that one is trained in the run's directory first.
        table: a JSON file, information state string -> {action: probability}, as ``timebank solve save=true`` writes it.
        bot: by name, of OpenSpiel's or, in hold'em, ours; or ``module:function`` of yours: see docs/matches.md.
        think: whether a subgame solver thinks on top of the policy.
        solve_from, gadget, bounds, gift_scale, spread, warm_start: see agents.search_agent.
        enough: chips; a decision stops early when the game that it solves is exploitable by no more, a deal that comes there.
        measure_error: also compute each solve's own exploitability, outside the clock.
        threads: kernel threads of a decision, on hold'em.
        budget: of each decision, in a match.
    """

    policy: str = "???"
    iterations: int = 1000
    buckets: list[int] = field(default_factory=list)
    checkpoint: str | None = None
    table: str | None = None
    bot: str | None = None
    think: bool = False
    solve_from: str = "decision"
    gadget: str = "resolve"
    bounds: str = "safe"
    gift_scale: float = 1.0
    spread: float = 1.0
    warm_start: str = "short"
    enough: float | None = None
    measure_error: bool = True
    threads: int = 1
    budget: BudgetConfig = field(default_factory=BudgetConfig)


@dataclass(kw_only=True)
class ExecutorConfig:
    """Where independent work runs; ``workers`` 0 means one per core."""

    kind: str = "local"
    workers: int = 0


@dataclass(kw_only=True)
class SolveConfig:
    """``timebank solve``.

    Attributes:
        threads: kernel threads, for hold'em; 0 means one per core, or one where a second does not pay.
        storage: bits of each regret and average of hold'em: 32, or 16 for half the memory (docs/holdem.md says at what price).
        save: also write the strategy: ``policy.json``, for hold'em ``solution.npz``.
        load: a ``solution.npz`` of the same game and variant, to go on from; ``budget.iterations`` counts what it has done too: with
            just as many, or no budget, it is reported as it is, and fewer are refused.
        show: decisions of hold'em to report besides the first, each as the line that leads there (see ``games.holdem_lines``): one, or a
            list of them.
    """

    command: str = "solve"
    game: Any = None
    search: SearchConfig = field(default_factory=SearchConfig)
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    threads: int = 1
    storage: int = 32
    save: bool = False
    load: str | None = None
    show: Any = None
    seed: int = 0

    def lines(self) -> dict[str, str]:
        """Return the lines of ``show`` by key, for errors; refuses what is neither one nor a list of them."""
        if isinstance(self.show, str):
            return {"show": self.show}
        listed = [] if self.show is None else self.show
        if not (isinstance(listed, list) and all(isinstance(line, str) for line in listed)):
            raise ValueError(f"show must be a line such as 'check / bet 50' or a list of them, got {listed!r}")
        return {f"show[{i}]": line for i, line in enumerate(listed)}


@dataclass(kw_only=True)
class TrainConfig:
    """``timebank train``."""

    command: str = "train"
    game: Any = None
    trainer: Any = None
    seed: int = 0


@dataclass(kw_only=True)
class AblateConfig:
    """``timebank ablate``.

    Attributes:
        budgets: thinking per decision, in ``unit``; 0 is the policy alone.
        unit: ``seconds`` or ``iterations``.
        sweeps: draws of a clock-budgeted agent.
        lines: by name, overrides of ``agent``; none means the agent itself.
        references: also measure uniform play, and full-game CFR from the root, at every budget.
        searched_iterations: of self-play, after which the network is taken that plays and searches; training goes on beyond it, so that
            the exchange rate is read off a measured curve. 0 takes the last network.
    """

    command: str = "ablate"
    game: Any = None
    search: SearchConfig = field(default_factory=SearchConfig)
    trainer: Any = None
    agent: AgentConfig = field(default_factory=AgentConfig)
    executor: ExecutorConfig = field(default_factory=ExecutorConfig)
    budgets: list[float] = field(default_factory=list)
    unit: str = "seconds"
    sweeps: int = 3
    lines: dict[str, Any] = field(default_factory=dict)
    references: bool = True
    searched_iterations: int = 0
    seed: int = 0


@dataclass(kw_only=True)
class MatchConfig:
    """``timebank match``.

    Attributes:
        agents: by name; everybody plays everybody. ``+agent@agents.c=…`` adds one.
        budget: of each decision of an agent that thinks and has no budget of its own.
        hands: of each match, half of them in each seat.
        duplicate, values: see agents.match.
        precision: half-width of the 95 % interval that is wanted, chips a hand; says how many more hands it takes.
        exact: also compute matches' exact values, agents' searches included.
        draws: of agents with a clock, for that.
        limit_seconds: of a bot's decision; one that takes longer forfeits the hand.
        salt: the secret that deals with a bot come from; none means a new one, which ``result.json`` tells when the match has ended: given
            here it plays the match again.
    """

    command: str = "match"
    game: Any = None
    search: SearchConfig = field(default_factory=SearchConfig)
    trainer: Any = None
    agents: dict[str, AgentConfig] = field(default_factory=dict)
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    executor: ExecutorConfig = field(default_factory=ExecutorConfig)
    hands: int = 10000
    duplicate: bool = True
    values: str = "blueprint"
    precision: float | None = None
    exact: bool = True
    draws: int = 3
    limit_seconds: float = 10.0
    salt: str | None = None
    seed: int = 0


@dataclass(kw_only=True)
class PlayConfig:
    """``timebank play``.

    Attributes:
        budget: of each of the agent's decisions, if it thinks.
        hands: to be played; none means until the player leaves.
        seed: of the deals and the agent's actions; none means another one each time.
    """

    command: str = "play"
    game: Any = None
    search: SearchConfig = field(default_factory=SearchConfig)
    agent: AgentConfig = field(default_factory=AgentConfig)
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    hands: int | None = None
    seed: int | None = None


def register(command: str) -> None:
    """Make the schemas known to Hydra; torch is imported only for the commands that train."""
    store = ConfigStore.instance()
    name: str
    node: type
    commands = {"solve": SolveConfig, "train": TrainConfig, "ablate": AblateConfig, "match": MatchConfig, "play": PlayConfig}
    for name, node in commands.items():
        store.store(name=f"{name}_schema", node=node)
    for name, node in (("kuhn_poker", KuhnPoker), ("leduc_poker", LeducPoker), ("liars_dice", LiarsDice), ("openspiel", OpenSpielGame)):
        store.store(group="game", name=f"{name}_schema", node=node)
    for name, node in (("spot", Spot), ("holdem", Holdem), ("libratus_endgame", LibratusEndgame)):
        store.store(group="game", name=f"{name}_schema", node=node)
    for group, node in (("search", SearchConfig), ("budget", BudgetConfig), ("agent", AgentConfig), ("executor", ExecutorConfig)):
        store.store(group=group, name=f"{group}_schema", node=node)
    if command != "solve":
        from agents.training import DeepCFRConfig, HoldemDeepCFRConfig

        store.store(group="trainer", name="deep_cfr_schema", node=DeepCFRConfig)
        store.store(group="trainer", name="holdem_deep_cfr_schema", node=HoldemDeepCFRConfig)
