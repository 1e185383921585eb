"""The schemas behind conf/: a typo or an ill type in an override is an error that names the key.

Each group's YAML starts with its schema. Nothing here has a ``_target_``: what a name builds is decided in this file alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from typing import Any

from hydra.core.config_store import ConfigStore

from agents.evaluation.lock_texts import read_locks
from agents.match.bank import BankRule
from agents.match.deal import VALUES
from agents.match.sequential import LEAST_DEALS, NOBODY, RULE, SPRT
from agents.opponents.acpc import ACPC
from games.config import KuhnPoker, LeducPoker, LiarsDice, OpenSpielGame
from games.holdem.config import Holdem, LibratusEndgame, Spot
from games.modules import own
from games.settings import OWN, bounded, shown, within
from search import BOUNDS, GADGETS, VARIANTS, Budget, Variant, variant
from search.boards.flop_ways import CHOICES
from search.continuations import CHOOSERS, FACTORS
from search.gadgets import WARM_START

MOST_SEED = 2**63 - 1
LEAST_TARGET = 1e-9  # chips: solves come near 0 and never below this reliably
POLICIES = ("uniform", "tabular", "network", "table", "sampled", "bot", OWN)
MOST_PORT = 65_535
VIEW = "view"  # of ``save``
MOST_BUCKETS = 10**7  # of a street


@dataclass(kw_only=True)
class SearchConfig:
    """A row of the CFR family by its name in search.variants, or of your own; what is given besides replaces a named row's.

    Attributes:
        name: of the row; ``default`` is the fastest that is known for the game at hand; ``module:name`` is a row of yours,
            see docs/how-to/own-code.md.
        alpha: exponent of the discount of positive regrets, t^alpha / (t^alpha + 1) in iteration t; inf for none.
        beta: exponent of the discount of negative regrets; inf for none, -inf for a floor at zero.
        gamma: exponent of the weight t^gamma of iteration t in the average strategy.
        predictive: weight of the last regret as a prediction of the next; 1 is PCFR+, 0 none.
        discount: old regrets are scaled ``before`` the new ones are added (the papers), or ``after`` (OpenSpiel).
    """

    name: str = bounded("???", among=(*VARIANTS, OWN))
    alpha: float | None = bounded(None, least=-math.inf, most=math.inf)
    beta: float | None = bounded(None, least=-math.inf, most=math.inf)
    gamma: float | None = None
    predictive: float | None = None
    discount: str = bounded("before", among=("before", "after"))

    def build(self, default: str = "default") -> Variant:
        """Return the variant; refuses bad values. ``default`` names the fastest one for the game at hand."""
        if ":" in self.name:
            found: Variant = own("search", self.name, "a search.Variant", lambda row: isinstance(row, Variant))
            for part in fields(self)[1:]:
                if (value := getattr(self, part.name)) != part.default:
                    raise ValueError(f"search.{part.name} must be left out beside a row of your own, which has it, got {value}")
            return found
        given = {key: value for key, value in vars(self).items() if value is not None and key != "name"}
        return replace(variant(default if self.name == "default" else self.name), **given)


@dataclass(kw_only=True)
class BudgetConfig:
    """What a solve or a decision may spend; null does not limit.

    Attributes:
        seconds: wall-clock seconds of a solve or a decision.
        iterations: of the solver; the only limit that gives the same answer on every machine.
        exploitability: chips (NashConv / 2), whatever the pot; the work stops when it has come there.
        bank_seconds: of a time bank, in matches: what an agent's decisions may take in 100 hands, as it sees fit. See
            docs/concepts/budgets.md.
        increment_seconds: added to the bank with each decision.
    """

    seconds: float | None = bounded(None, unit="seconds")
    iterations: int | None = None
    exploitability: float | None = bounded(None, unit="chips")
    bank_seconds: float | None = bounded(None, above=0, unit="seconds")
    increment_seconds: float | None = bounded(None, unit="seconds")

    def bank(self) -> BankRule | None:
        """Return the time bank, None without one; refuses an increment alone."""
        if self.bank_seconds is None:
            if self.increment_seconds is not None:
                text = "budget.increment_seconds must be left out without budget.bank_seconds, the bank that it is added to"
                raise ValueError(f"{text}, got {self.increment_seconds:g}")
            return None
        return BankRule(self.bank_seconds, self.increment_seconds or 0.0)

    def build(self, banks: bool = False) -> Budget:
        """Return the budget without its bank; refuses one that never ends, and a bank unless there are ``banks``."""
        if self.bank() is not None and not banks:
            raise ValueError(f"budget.bank_seconds must be left out but in matches, got {self.bank_seconds:g}")
        if self.exploitability is not None and self.exploitability < LEAST_TARGET and self.seconds is None and self.iterations is None:
            raise ValueError(
                f"budget.exploitability must be at least {LEAST_TARGET:g} chips where nothing else limits the work, which would never end, "
                f"got {self.exploitability:g} (budget.seconds or budget.iterations limits it)"
            )
        return Budget(seconds=self.seconds, iterations=self.iterations, exploitability=self.exploitability)


@dataclass(kw_only=True)
class AgentConfig:
    """Who plays.

    Attributes:
        policy: ``uniform``, ``tabular`` (solved at load, see ``iterations``), ``network``, ``table`` (see there), ``sampled`` (hold'em of
            any amount, see ``blueprint``), ``bot`` (in matches), or ``module:function`` of yours, which is called with the game: see
            docs/how-to/own-policy.md.
        iterations: of CFR for a tabular policy, with the variant of ``search``.
        buckets: of each street of hold'em, 0 for no abstraction there; see agents.abstraction. Not of a network.
        checkpoint: of a network: a file, or the name of a released one, which comes with the package; ``trained`` is one
            that ablations and matches train first in the run's directory. None takes the package's if it has one of the game, as it is
            in conf/, and no trainer is named; else it is trained.
        table: a JSON file, information state string -> {action: probability}, as ``timebank solve save=true`` writes it.
        blueprint: of a sampled policy: a directory that ``timebank train`` wrote with trainer=mccfr or expert_iteration, or ``small``,
            which comes with the package.
        bot: by name, of OpenSpiel's or, in hold'em, ours; or ``module:function`` of yours: see docs/how-to/own-bot.md; or ``acpc``,
            somebody's program that connects to this match: see docs/how-to/acpc.md.
        host: of bot=acpc: the address that is listened on for it; none is 127.0.0.1.
        port: of bot=acpc: the port that is listened on for it.
        wait_seconds: of bot=acpc: for it to connect, first and after each loss; none is 60.
        think: whether a subgame solver, or ``own``, thinks on top of the policy.
        own: an agent of yours in place of the subgame solver: ``module:function``, which is called with the game and the policy; see
            docs/how-to/own-agent.md.
        solve_from: where subgames begin: at each ``decision``, with each ``round`` but the first, at the ``root``, or with rounds by name,
            ``turn`` or ``flop+turn``.
        gadget: what stands above a subgame, so that solving it alone does not hurt: see docs/concepts/gadgets.md.
        bounds: what a gadget allows the opponent's hands: ``safe`` (best responses to our strategy so far), ``estimate`` (its own values,
            without a guarantee) or ``distributional`` (normal distributions around those).
        gift_scale: share of the opponent's gifts by which reach_maxmargin, refined and combined raise their bounds.
        bound_std: chips, the standard deviation of distributional bounds.
        warm_start: whether solves start from the strategy so far; ``short`` where few iterations are expected.
        target_exploitability: chips; a decision stops early when the game that it solves is exploitable by no more, a deal that comes
            there.
        price: chips of exploitability, a deal that comes there, for each iteration, or each second where seconds are the budget; a decision
            stops early when more thinking is expected to gain less. See docs/concepts/budgets.md.
        longest: in ablations, of a line with a price or a target: the most iterations, or seconds, of a decision, in place of ``budgets``.
        measure_error: also compute each solve's own exploitability, outside the clock.
        threads: kernel threads of a decision, on hold'em.
        values: a value network's file for searches that end at a depth limit, as ``timebank train trainer=rebel`` writes it, or the name of
            one that comes with the package; ``trained`` in ablations is the one that is trained in the run; with ``continuations`` the
            agent's own policy goes on below the limit. None searches to the end of the game.
        continuations: with ``values=continuations``, how many there are to choose from: 1, the policy; 4, also the policy biased towards
            folds, calls or raises; 10, biased three ways to each. None is 4.
        chooser: who chooses among them at the limit: the ``opponent`` of the agent, or ``both``. None is the opponent.
        depth: with values, actions from where a subgame begins to where it ends; none is the end of the round, behind the public card.
        off_tree: of a sampled policy, or with ``off_tree_bets``: how amounts are met that the agent's tree lacks: ``insert`` solves
            the rest of the hand anew with them, ``translate`` takes them for the sizes around them. None is insert.
        flop: of a sampled policy: how the flop is solved: ``off`` plays the policy there, ``runouts`` solves it to the river, on which
            nobody acts, ``to_end`` with bets there, ``plan`` chooses by the time that there is. None is plan where
            ``solve_from`` has the turn, and off elsewhere.
        budget: of each of its decisions in a match; none takes the match's.
    """

    policy: str = bounded("???", among=POLICIES)
    iterations: int = bounded(1000, least=1)
    buckets: list[int] = field(default_factory=list, metadata=within(most=MOST_BUCKETS))
    checkpoint: str | None = None
    table: str | None = None
    blueprint: str | None = None
    bot: str | None = None
    host: str | None = None
    port: int | None = bounded(None, least=1, most=MOST_PORT)
    wait_seconds: float | None = bounded(None, above=0, most=86_400, unit="seconds")
    think: bool = False
    own: str | None = None
    solve_from: str = "decision"
    gadget: str = bounded("resolve", among=GADGETS, misplaced={"bounds": BOUNDS})
    bounds: str = bounded("safe", among=BOUNDS, misplaced={"gadget": GADGETS})
    gift_scale: float = bounded(1.0, most=1)
    bound_std: float = bounded(1.0, above=0, unit="chips")
    warm_start: str = bounded("short", among=WARM_START)
    target_exploitability: float | None = bounded(None, above=0, unit="chips")
    price: float | None = bounded(None, above=0, unit="chips")
    longest: float | None = bounded(None, above=0)
    measure_error: bool = True
    threads: int = bounded(1, least=1)
    values: str | None = None
    continuations: int | None = bounded(None, among=tuple(FACTORS))
    chooser: str | None = bounded(None, among=CHOOSERS)
    depth: int | None = bounded(None, least=1, most=1000)
    off_tree: str | None = bounded(None, among=("insert", "translate"))
    flop: str | None = bounded(None, among=CHOICES)
    budget: BudgetConfig = field(default_factory=BudgetConfig)


@dataclass(kw_only=True)
class ExecutorConfig:
    """Where independent work runs.

    Attributes:
        kind: ``local`` for processes on this machine, ``serial`` for one thing after another in this process, ``ray`` for a Ray cluster
            (``pip install 'timebank[ray]'``): see docs/how-to/cluster.md.
        workers: processes; 0 means one per core, of a cluster one for each of its CPUs.
        address: of executor=ray: ``host:port`` of the cluster's head; none starts Ray on this machine, with so many workers.
    """

    kind: str = bounded("local", among=("local", "serial", "ray"))
    workers: int = 0
    address: str | None = None


@dataclass(kw_only=True)
class SolveConfig:
    """``timebank solve``.

    Attributes:
        threads: kernel threads, for hold'em; 0 means one per core, or one where a second does not pay.
        storage: bits of each regret and average of hold'em: 32, or 16 for half the memory (docs/notebook/holdem.md says at what price).
        save: ``true`` also writes the strategy: ``policy.json``, for hold'em ``solution.npz``; ``view``, of hold'em, the small
            ``view.npz``, which ``timebank show`` reads and no solve can go on from.
        load: a ``solution.npz``, or the directory of its run, of the same game and variant, to go on from; ``budget.iterations``
            counts what it has done too: with just as many, or no budget, it is reported as it is, and fewer are refused.
        executor: where the boards of ``game.boards`` are solved, one thread a worker.
        lock: decisions whose strategy is given, each line with what is played there: ``{check: "bet 50 100%"}``, by hand, or a CSV file;
            everything else is solved around them; ``*`` in a line stands for every card: see docs/how-to/lock.md.
        show: decisions of hold'em to report besides the first, each as the line that leads there, 'check / bet 50': one, or a list of them.
        seed: of nothing in a solve; it is kept in ``result.json``.
    """

    command: str = "solve"
    game: Any = None
    search: SearchConfig = field(default_factory=SearchConfig)
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    threads: int = 1
    storage: int = bounded(32, among=(32, 16), hint="bits of each regret and average")
    save: Any = False
    load: str | None = None
    lock: Any = None
    show: Any = None
    executor: ExecutorConfig = field(default_factory=lambda: ExecutorConfig())
    seed: int = bounded(0, most=MOST_SEED)

    def saves(self) -> str:
        """Return what is written of the strategy: ``all`` of it, a ``view``, or nothing; refuses another value."""
        meanings = {"true": "all", "yes": "all", "on": "all", "1": "all", VIEW: VIEW} | dict.fromkeys(("false", "no", "off", "0"), "")
        if (text := str(self.save).lower()) in meanings:
            return meanings[text]
        raise ValueError(f"save must be true, false or {VIEW}, got {shown(self.save)}")

    def lines(self) -> dict[str, str]:
        """Return the lines of ``show`` by key, for errors; refuses what is neither one nor a list of them."""
        if isinstance(self.show, str):
            return {"show": self.show}
        listed = [] if self.show is None else self.show
        if not (isinstance(listed, list) and all(isinstance(line, str) for line in listed)):
            raise ValueError(f"show must be a line such as 'check / bet 50' or a list of them, got {listed!r}")
        return {f"show[{i}]": line for i, line in enumerate(listed)}

    def locks(self) -> dict[str, str]:
        """Return what is to be played by line; refuses what is no mapping of texts, nor JSON of one."""
        return read_locks(self.lock)


@dataclass(kw_only=True)
class TrainConfig:
    """``timebank train``.

    Attributes:
        executor: where value networks' self-play and labels are made: ``local``, in as many processes as ``trainer.generators`` or
            ``trainer.workers`` say, or ``ray``.
        seed: of the trainer, unless it has another one.
    """

    command: str = "train"
    game: Any = None
    trainer: Any = None
    executor: ExecutorConfig = field(default_factory=ExecutorConfig)
    seed: int = bounded(0, most=MOST_SEED)


@dataclass(kw_only=True)
class DecisionsConfig:
    """What one street's answers lose, in place of how exploitable agents are: see docs/how-to/measure.md.

    Attributes:
        street: whose *trunk loss* is measured, of the agent of full no-limit hold'em; none measures exploitability.
        spots: how many hands that come to the street are drawn, from the blueprint's play against itself.
        gap: % of the pot, how far apart the bounds of a trunk loss may stay.
        most: iterations of each of the two solves that bound it, at most.
    """

    street: str | None = bounded(None, among=("flop", "turn", "river"))
    spots: int = bounded(20, least=1, most=10_000)
    gap: float = bounded(0.2, above=0, most=100, unit="% of the pot")
    most: int = bounded(2000, least=1)


@dataclass(kw_only=True)
class AblateConfig:
    """``timebank ablate``.

    Attributes:
        budgets: thinking per decision, in ``unit``; 0 is the policy alone.
        unit: ``seconds`` or ``iterations``.
        sweeps: draws of a clock-budgeted agent.
        lines: by name, overrides of ``agent``; none means the agent itself.
        off_tree_bets: sizes such as ``75%`` that the best responder may bet first on every street after the first, beside those of
            ``game.bets``, which agents meet as ``agent.off_tree`` says; none measures agents within their menus.
        references: also measure uniform play, and full-game CFR from the root, at every budget.
        searched_iterations: of self-play, after which the network is taken that plays and searches; training goes on beyond it, so that
            the exchange rate is read off a measured curve. 0, or no fewer than are trained, takes the last network.
        seed: of the trainer, of card abstractions, and of the hands that ``decisions`` draws.
    """

    command: str = "ablate"
    game: Any = None
    search: SearchConfig = field(default_factory=SearchConfig)
    trainer: Any = None
    agent: AgentConfig = field(default_factory=AgentConfig)
    executor: ExecutorConfig = field(default_factory=ExecutorConfig)
    budgets: list[float] = field(default_factory=list)
    unit: str = bounded("seconds", among=("seconds", "iterations"))
    sweeps: int = bounded(3, least=1, most=10**6)
    lines: dict[str, Any] = field(default_factory=dict, metadata=within(least=-math.inf, most=math.inf))  # AgentConfig has the bounds
    off_tree_bets: str | None = None
    references: bool = True
    searched_iterations: int = bounded(0)
    decisions: DecisionsConfig = field(default_factory=DecisionsConfig)
    seed: int = bounded(0, most=MOST_SEED)


@dataclass(kw_only=True)
class MatchConfig:
    """``timebank match``.

    Attributes:
        agents: by name; everybody plays everybody. ``+agent@agents.c=…`` adds one.
        against: the name of one of them, whom all others play, and nobody else; the same deals for all.
        budget: of each decision of an agent that thinks and has no budget of its own.
        hands: of each match, half of them in each seat.
        duplicate: each deal is played twice, seats swapped; else once, with alternating seats.
        values: AIVAT's value function: ``blueprint`` (both play what they play without thinking), ``uniform``, or ``none`` for no AIVAT.
        values_river: file of a network that timebank train fitted to rivers: it says what bets on the river are worth, as a part of
            values=blueprint in full no-limit hold'em; see docs/concepts/aivat.md.
        values_turn: likewise of turns.
        precision: half-width of the 95 % interval that is wanted, chips a hand; says how many hands it takes, before the first one as far
            as that is known, and how many more while they are played and at the end.
        stop: ``sprt`` stops a match as soon as a sequential probability ratio test has decided it: see docs/how-to/match.md. None plays all
            hands.
        margin: of stop=sprt: the smallest difference that matters, chips a hand.
        alpha: of stop=sprt: the most that a wrong winner is to be likely.
        beta: of stop=sprt: the most that *even* is to be likely where somebody wins by the margin.
        exact: also compute matches' exact values, agents' searches included.
        draws: of agents with a clock, for that.
        limit_seconds: of a bot's decision; one that takes longer forfeits the hand.
        phh: also write every hand of Texas hold'em into ``hands.phhs``, which other programs read: see docs/how-to/match.md.
        salt: the secret that deals with a bot come from; none means a new one, which ``result.json`` tells when the match has ended: given
            here it plays the match again.
        seed: of deals, of agents' actions, of the trainer and of card abstractions.
    """

    command: str = "match"
    game: Any = None
    search: SearchConfig = field(default_factory=SearchConfig)
    trainer: Any = None
    agents: dict[str, AgentConfig] = field(default_factory=dict)
    against: str | None = None
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    executor: ExecutorConfig = field(default_factory=ExecutorConfig)
    hands: int = 10000
    duplicate: bool = True
    values: str = bounded("blueprint", among=VALUES)
    values_river: str | None = bounded(None, longest=1000)
    values_turn: str | None = bounded(None, longest=1000)
    precision: float | None = bounded(None, above=0, unit="chips a hand")
    stop: str | None = bounded(None, among=(RULE,))
    margin: float | None = bounded(None, above=0, unit="chips a hand")
    alpha: float = bounded(0.05, above=0, below=0.5)
    beta: float = bounded(0.05, above=0, below=0.5)
    exact: bool = True
    draws: int = bounded(3, least=1, most=10**6)
    limit_seconds: float = bounded(10.0, above=0, most=86_400, unit="seconds")
    phh: bool = True
    salt: str | None = None
    seed: int = bounded(0, most=MOST_SEED)

    @property
    def bots(self) -> list[str]:
        """The names of agents whose policy nobody knows."""
        return [name for name, agent in self.agents.items() if agent.policy == "bot"]

    @property
    def clients(self) -> list[str]:
        """The names of agents that are somebody's program, which connects to the match."""
        return [name for name in self.bots if self.agents[name].bot == ACPC]

    def stopping_rule(self) -> SPRT | None:
        """Return when a match stops, None where all hands are played; refuses what does not go together."""
        if self.stop is None:
            if self.margin is not None:
                raise ValueError(f"margin must be left out (margin=null) but for stop={RULE}, got {self.margin:g}")
            return None
        if self.margin is None:
            raise ValueError(f"margin must be given for stop={RULE}, got none (the smallest difference that matters, chips a hand)")
        if self.hands < 2 * LEAST_DEALS:
            raise ValueError(f"hands must be at least {2 * LEAST_DEALS:,} for stop={RULE}, the least that decide, got {self.hands:,}")
        if NOBODY in self.agents:
            raise ValueError(f"agents must have other names than {NOBODY} for stop={RULE}, which says so of a draw, got {NOBODY!r}")
        return SPRT(self.margin, self.alpha, self.beta)


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
    hands: int | None = bounded(None, least=1)
    seed: int | None = bounded(None, most=MOST_SEED)


@dataclass(kw_only=True)
class WebConfig:
    """``timebank web``.

    Attributes:
        host: where the page is served: this machine alone unless told otherwise; elsewhere it wants a token, which is printed.
        port: of the page; 0 takes a free one.
        runs: folder whose runs of all commands are shown.
        seed: of the deals and the agents' actions; none means another one each time.
    """

    command: str = "web"
    host: str = "127.0.0.1"
    port: int = bounded(8765, most=MOST_PORT)
    runs: str = "outputs"
    seed: int | None = bounded(None, most=MOST_SEED)


@dataclass(kw_only=True)
class AnalyseConfig:
    """``timebank analyse``.

    Attributes:
        file: hands of heads-up no-limit hold'em as PHH (``.phh``, ``.phhs``), such as ``timebank match`` writes.
        seat: whose decisions: 0, the small blind, 1, the big blind; none is both.
        budget: of each of the agent's decisions; none is one second.
        worst: how many of the costliest decisions are printed.
        seed: of nothing in an analysis; it is kept in ``result.json``.
    """

    command: str = "analyse"
    game: Any = None
    search: SearchConfig = field(default_factory=SearchConfig)
    agent: AgentConfig = field(default_factory=AgentConfig)
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    file: str = "???"
    seat: int | None = bounded(None, most=1)
    worst: int = bounded(10, most=1000)
    seed: int = bounded(0, most=MOST_SEED)


@dataclass(kw_only=True)
class BotConfig:
    """``timebank bot``.

    Attributes:
        budget: of each decision of an agent that thinks; none is one second.
        protocol: ``acpc`` connects to a dealer (docs/how-to/acpc.md); ``text`` takes commands from standard input
            (docs/reference/text-protocol.md).
        host: of the dealer.
        port: of the dealer.
        wait_seconds: for a dealer that can be connected to, first and after each loss.
        limit_seconds: of a bot's decision, where agent=bot plays.
        seed: of the agent's actions; none means another one each time.
    """

    command: str = "bot"
    game: Any = None
    search: SearchConfig = field(default_factory=SearchConfig)
    agent: AgentConfig = field(default_factory=AgentConfig)
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    protocol: str = bounded("acpc", among=("acpc", "text"))
    host: str = "127.0.0.1"
    port: int | None = bounded(None, least=1, most=MOST_PORT)
    wait_seconds: float = bounded(10.0, above=0, most=86_400, unit="seconds")
    limit_seconds: float = bounded(10.0, above=0, most=86_400, unit="seconds")
    seed: int | None = bounded(None, most=MOST_SEED)


@dataclass(kw_only=True)
class SpotsConfig:
    """``timebank spots``.

    Attributes:
        budgets: of a decision, in ``unit``: who is measured answers all spots within each of them.
        unit: ``seconds`` or ``iterations``; a program is told milliseconds, or iterations.
        file: of spots with their answers, as ``make=true`` writes it; none is the set that comes with the package.
        rivers: how many rivers: of the file's, in its order; none is all of them, and 200 with ``make=true``.
        turns: how many turns; none is all of them, and 100 with ``make=true``.
        program: somebody's program to be measured in the agent's place, with its arguments: it is asked by the text protocol, see
            docs/how-to/spots.md.
        hands: of each spot that a program is asked for, drawn from the acting player's range.
        limit_seconds: for a program to answer beyond its budget; then it is ended and started anew.
        write: also write the spots without their answers into ``spots.jsonl``, for other programs.
        answers: a file of somebody's policies to be measured in the agent's place, see docs/how-to/spots.md.
        make: draw and solve a new set in place of measuring; ``agent.blueprint`` plays the hands.
        seed: of the spots that are drawn, or of a program's hands.
    """

    command: str = "spots"
    game: Any = None
    search: SearchConfig = field(default_factory=SearchConfig)
    agent: AgentConfig = field(default_factory=AgentConfig)
    budgets: list[float] = field(default_factory=list)
    unit: str = bounded("seconds", among=("seconds", "iterations"))
    file: str | None = None
    rivers: int | None = bounded(None, most=10_000)
    turns: int | None = bounded(None, most=10_000)
    program: str | None = None
    hands: int = bounded(5, least=1, most=1326)
    limit_seconds: float = bounded(10.0, above=0, most=86_400, unit="seconds")
    write: bool = False
    answers: str | None = None
    make: bool = False
    seed: int = bounded(0, most=MOST_SEED)


def register(command: str) -> None:
    """Make the schemas known to Hydra; torch is imported only for the commands that train."""
    store = ConfigStore.instance()
    name: str
    node: type
    commands = {
        "solve": SolveConfig,
        "train": TrainConfig,
        "ablate": AblateConfig,
        "match": MatchConfig,
        "play": PlayConfig,
        "bot": BotConfig,
        "spots": SpotsConfig,
        "web": WebConfig,
        "analyse": AnalyseConfig,
    }
    for name, node in commands.items():
        store.store(name=f"{name}_schema", node=node)
    for name, node in (("kuhn_poker", KuhnPoker), ("leduc_poker", LeducPoker), ("liars_dice", LiarsDice), ("openspiel", OpenSpielGame)):
        store.store(group="game", name=f"{name}_schema", node=node)
    for name, node in (("spot", Spot), ("holdem", Holdem), ("libratus_endgame", LibratusEndgame)):
        store.store(group="game", name=f"{name}_schema", node=node)
    for group, node in (("search", SearchConfig), ("budget", BudgetConfig), ("agent", AgentConfig), ("executor", ExecutorConfig)):
        store.store(group=group, name=f"{group}_schema", node=node)
    if command not in ("solve", "play", "bot", "spots", "web", "analyse"):  # they have no trainer: torch takes seconds to import
        from agents.training import METHODS
        from agents.training.expert_iteration import ExpertIterationConfig
        from agents.training.mccfr import MCCFRConfig
        from agents.training.rebel import RebelConfig
        from agents.training.start_values import StartValuesConfig
        from agents.training.street_values import StreetValuesConfig

        others = (MCCFRConfig, RebelConfig, StartValuesConfig, StreetValuesConfig, ExpertIterationConfig)
        for name, node in {**METHODS, **{other.name: other for other in others}}.items():
            store.store(group="trainer", name=f"{name}_schema", node=node)
