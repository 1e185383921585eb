"""One hand between two players: how it is dealt, played and scored.

Everything that is drawn in deal k comes from one stream of numbers (see ``Draws``): the hands, public chance, and a part for each *seat*,
so that the two hands of a deal, seats swapped, differ by who sits where and by nothing else.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from agents.agent import Agent, Decision
from agents.evaluation.aivat import Aivat, Step, match_values
from agents.match.bank import Bank, BankRule
from agents.opponents.bot import Bot, observe, watching
from agents.opponents.sandbox import FaultError
from agents.runtime.storage import number_in, require, whole_in
from games import CHANCE, TERMINAL
from games.game import PublicGame, children, drawn, line_of
from games.holdem.phh import variant_of
from games.holdem.rules import HoldemGame
from search import Budget
from search.outcome import FALLBACKS, Outcome, Stop

if TYPE_CHECKING:
    from agents.networks.start_values import StartFile  # torch takes long to import, and few matches need it

Record = dict[str, Any]
VALUES = ("blueprint", "uniform", "none")
FAULTS = ("raised", "illegal", "late", "died", "garbage")  # see FaultError
LONGEST_PLAN = 200  # characters
NUMBERS = 16  # of each seat and of chance, drawn at a time
KEYS = {"deal", "seats", "hands", "play", "round", "chips", "asked", "decisions", "seconds"}  # of a record
MAY = {"aivat", "clocks", "fault", "load_seconds", "plans", "policies"}  # be in a record too


@dataclass(frozen=True)
class Competitor:
    """Who plays: a name in the match's tables, an agent or a bot, what each of its decisions may spend, and its bank if it has one."""

    name: str
    agent: Agent[Any] | Bot
    budget: Budget
    bank: BankRule | None = None

    @property
    def bot(self) -> Bot | None:
        """The agent if it is a bot, whose policy is not known."""
        return self.agent if isinstance(self.agent, Bot) else None  # asking a protocol takes long

    @property
    def known(self) -> Agent[Any]:
        """The agent of one that is no bot."""
        return cast("Agent[Any]", self.agent)

    @property
    def thinks(self) -> bool:
        """Whether its decisions depend on what they may spend; what a bot does is not known."""
        return self.bot is not None or self.known.thinks

    @property
    def steady(self) -> bool:
        """Whether a decision is the same each time it is asked for, so that it need not be: no clock, or no search."""
        return not self.thinks or not (self.budget.seconds or self.bank)

    @property
    def game(self) -> PublicGame[Any]:
        """What it plays."""
        return self.agent.game


@dataclass(frozen=True)
class Draws:
    """Where the random numbers of a match come from.

    Deal k of a match without bots is ``SeedSequence(seed, spawn_key=(k,))``, the same for everybody. With a salt it comes from a
    cryptographic hash of the salt: who does not know the salt cannot compute a deal, nor the salt from deals.
    """

    seed: int
    salt: str = ""  # a secret, or empty
    match: tuple[str, ...] = ()  # names the match: with a salt no two matches have a deal in common

    def deal(self, number: int) -> np.random.Generator:
        """Return what draws a deal's numbers of [0, 1)."""
        if not self.salt:
            return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(number,)))
        return self.secret("deal", number)

    def secret(self, *what: str | int) -> np.random.Generator:
        """Return a generator of its own for a purpose."""
        text = json.dumps([self.salt, self.seed, self.match, what])
        return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()))


class Table:
    """Two competitors at one game in this process. Where the game has few states, a decision that is always the same is made once.

    A table knows the rules from the start; ``load`` gets it ready to play. Arguments are those of ``agents.match.match.Match``.
    """

    def __init__(self, competitors: tuple[Competitor, Competitor], draws: Draws, values: str, networks: Sequence[StartFile] = ()) -> None:
        self.competitors, self.draws, self.valued_by, self.networks = competitors, draws, values, networks
        self.game = competitors[0].game
        self.bots = [competitor.bot for competitor in competitors]  # None for an agent of ours
        self.tells_policies = isinstance(self.game, HoldemGame) and variant_of(self.game) is not None
        self.watching = [watching(bot) for bot in self.bots]
        self.banks = [None if c.bank is None else Bank(c.bank, self.game.max_payoff) for c in competitors]
        self._repeats = [competitor.steady and self.game.num_states is not None for competitor in competitors]
        self._decisions: dict[tuple[int, int, Any], Decision] = {}
        self._scores: dict[tuple[Any, bool], float] = {}
        self._aivat: list[Aivat] | None = None
        self._loading = list[float]()

    def load(self) -> None:
        """Get agents and AIVAT's values ready. Bots are made anew for each part of a match."""
        for competitor, bot in zip(self.competitors, self.bots, strict=True):
            start = time.perf_counter()
            if bot is None:
                competitor.known.load()
            self._loading.append(time.perf_counter() - start)
        if self.valued_by != "none":
            uniform = [bot is not None or self.valued_by == "uniform" for bot in self.bots]
            blueprints = [None if u else c.known.blueprint for u, c in zip(uniform, self.competitors, strict=True)]
            pairs = [(blueprints[0], blueprints[1]), (blueprints[1], blueprints[0])]  # seats as they are, and swapped
            starts = {file.cards: file.load(cast("HoldemGame", self.game)) for file in self.networks}
            self._aivat = [Aivat(self.game, match_values(self.game, pair, starts)) for pair in pairs]

    def loading(self) -> Record:
        """Return what each competitor took to load, for the record of the first hand that is played here; nothing later on."""
        seconds, self._loading = self._loading, []
        return {"load_seconds": seconds} if seconds else {}

    def decide(self, who: int, seat: int, state: Any, memory: Any) -> tuple[Decision, bool]:
        """Return a competitor's decision, and whether it was made now."""
        key = (who, seat, state)
        if key in self._decisions:
            return self._decisions[key], False
        competitor, bank = self.competitors[who], self.banks[who]
        budget = competitor.budget if bank is None else bank.budget(competitor.budget)
        decision = competitor.known.decide(seat, state, memory, budget)
        if bank is not None:
            bank.spend(decision.seconds, decision.outcome != Outcome.NOT_DUE)
            decision = replace(decision, asked_seconds=budget.seconds)
        if self._repeats[who]:
            self._decisions[key] = decision
        return decision, True

    def score(self, deal: int, swapped: bool, hands: tuple[int, int], steps: list[Step], end: float | None) -> float | None:
        """Return player 0's AIVAT estimate, None if there is none. Of competitors whose decisions repeat it is kept."""
        if self._aivat is None:
            return None
        held = [None if self.bots[seat ^ swapped] is None else hands[seat] for seat in (0, 1)]
        key = (steps[-1].child if steps else self.game.root, swapped)
        if key in self._scores:
            return self._scores[key]
        score = self._aivat[swapped].estimate(steps, (held[0], held[1]), end, self.draws.secret("aivat", deal))
        if all(self._repeats) and held == [None, None]:
            self._scores[key] = score
        return score


def play_deal(table: Table, deal: int, swapped: bool) -> Record:
    """Play a deal once, at a table that is loaded; if ``swapped``, the first competitor has seat 1."""
    start = time.perf_counter()
    for bank in table.banks:
        if bank is not None:
            bank.deal()
    game = table.game
    hands, streams = _dealt(table, deal)
    random = table.draws.secret("shown", deal, int(swapped)) if any(table.bots) else None
    memories: list[Any] = [None, None]  # by seat
    asked, decisions, plans, steps, clocks = [0, 0], list[Any](), list[str](), list[Step](), list[Any]()
    fault: Record | None = None
    state, end = game.root, None
    while (seat := game.player(state)) != TERMINAL:
        policy = None
        if seat == CHANCE:
            child = game.chance(state, hands, next(streams[2]))
        else:
            who = seat ^ swapped
            asked[who] += 1
            bot = table.bots[who]
            if bot is not None and random is not None:
                observation = observe(game, state, hands[seat], random)
                start_decision = time.perf_counter()
                try:
                    if asked[who] == 1:
                        bot.restart(seat)
                    child = _answered(game, state, bot.step(observation))
                except FaultError as error:
                    fault = {"who": table.competitors[who].name, "kind": error.kind, "text": str(error), "line": line_of(game, state)}
                    end = game.worst_payoff(state, seat)
                    break
                finally:
                    decisions.append([who, time.perf_counter() - start_decision, 0, 0])
                    plans.append("")
                    clocks.append([None, None])
            else:
                decision, now = table.decide(who, seat, state, memories[seat])
                memories[seat], policy = decision.memory, decision.policy
                if now:
                    kind = [decision.outcome] if decision.outcome in FALLBACKS else []
                    decisions.append([who, decision.seconds, decision.iterations, len(kind), *kind])
                    plans.append(decision.plan)
                    clocks.append([decision.asked_seconds, decision.stopped])
                child = children(game, state)[drawn(policy[:, hands[seat]].tolist(), next(streams[seat]))]
        steps.append(Step(state, child, policy))
        state = child
    for seat in (0, 1):
        if (watcher := table.watching[seat ^ swapped]) is not None:
            watcher.finish(seat, hands, state, asked[seat ^ swapped] > 0)
    sign = -1.0 if swapped else 1.0
    record: Record = {
        "deal": deal,
        "seats": [table.competitors[seat ^ swapped].name for seat in (0, 1)],
        "hands": [game.hand_text(p, hands[p]) for p in (0, 1)],
        "play": [game.label(step.child) for step in steps],
        "round": game.round(state),
        "chips": sign * (game.payoff(state, hands) if end is None else end),
        "asked": asked,
        "decisions": decisions,
    }
    score = table.score(deal, swapped, hands, steps, end)
    if score is not None:
        record["aivat"] = sign * score
    if fault is not None:
        record["fault"] = fault
    if any(plans):
        record["plans"] = plans
    if any(table.banks):
        record["clocks"] = clocks
    if table.tells_policies:
        record["policies"] = [_shares(game, step, hands) for step in steps if game.player(step.state) != CHANCE]
    return record | table.loading() | {"seconds": time.perf_counter() - start}


def _shares(game: PublicGame[Any], step: Step, hands: tuple[int, int]) -> dict[str, float]:
    """Return how often the hand that acted takes each action; empty of a bot."""
    if step.policy is None:
        return {}
    shares = step.policy[:, hands[game.player(step.state)]].tolist()
    return {action.text: round(share, 4) for action, share in zip(game.actions(step.state), shares, strict=True) if share > 0}


def _answered(game: PublicGame[Any], state: Any, answer: int | str) -> Any:
    """Return where a bot's answer leads."""
    offered = [action for action in game.actions(state) if action.code == answer]
    return game.child(state, offered[0] if offered else game.action(state, str(answer)))


def _dealt(table: Table, deal: int) -> tuple[tuple[int, int], list[Iterator[float]]]:
    """Return a deal's hands, and the numbers of each seat and of public chance.

    The numbers after the first one go to seat 0, seat 1 and chance in turn.
    """
    generator = table.draws.deal(deal)
    hands, numbers = table.game.deal(float(generator.random())), list[float]()

    def stream(part: int) -> Iterator[float]:
        for i in itertools.count(part, 3):
            while len(numbers) <= i:
                numbers.extend(generator.random(3 * NUMBERS).tolist())
            yield numbers[i]

    return hands, [stream(part) for part in range(3)]


def check_record(table: Table, record: Any, deal: int, swapped: bool) -> None:
    """Refuse what is no record of a hand at a table, which need not be loaded. The hand is dealt again and played again by the rules.

    Raises:
        ValueError: it is none, or another hand's; KeyError, TypeError, IndexError likewise.
    """
    keys = record.keys() - MAY
    require(keys == KEYS, f"a hand must have {', '.join(sorted(KEYS))} and no more")
    names = [table.competitors[seat ^ swapped].name for seat in (0, 1)]
    require((record["deal"], record["seats"]) == (deal, names), f"a hand must be deal {deal} with {names[0]} and {names[1]} in its seats")
    hands, streams = _dealt(table, deal)
    game = table.game
    require(record["hands"] == [game.hand_text(p, hands[p]) for p in (0, 1)], "a hand must have the hands of its deal")
    state, asked = game.root, [0, 0]
    for text in record["play"]:
        seat = game.player(state)
        require(seat != TERMINAL, "a hand's play must stop where the hand ends")
        if seat == CHANCE:
            state = game.chance(state, hands, next(streams[2]))
        else:
            state = game.child(state, game.action(state, text))
            asked[seat ^ swapped] += 1
        require(game.label(state) == text, "a hand's play must be legal actions, and the public cards of its deal")
    seat = game.player(state)
    if "fault" not in record:
        require(seat == TERMINAL, "a hand's play must go on to its end")
        chips = game.payoff(state, hands)
    else:
        require(seat in (0, 1) and table.bots[seat ^ swapped] is not None, "a fault must be a bot's at its decision")
        fault = record["fault"]
        fits = fault["who"] == names[seat] and fault["kind"] in FAULTS and type(fault["text"]) is str
        require(fits, "a fault must say who, kind and text")
        asked[seat ^ swapped] += 1
        chips = game.worst_payoff(state, seat)
    require(record["asked"] == asked, "a hand's asked must be how often each was to act")
    require(type(record["round"]) is int and record["round"] == game.round(state), "a hand's round must be the one that it ended in")
    won, rounding = -chips if swapped else chips, 1e-9 * game.max_payoff
    require(number_in(record["chips"], won - rounding, won + rounding), "a hand's chips must be what its play won")
    require(("aivat" in record) == (table.valued_by != "none"), "a hand must have an estimate of AIVAT's, if there are any")
    bound = 2 * game.max_payoff * (len(record["play"]) + 2)  # each correction is a difference of two values, which are within the stake
    require(number_in(record.get("aivat", 0), -bound, bound), "an estimate of AIVAT's must be within the stakes")
    policies = record.get("policies", [{}] * (sum(asked) - ("fault" in record)))
    require(len(policies) == sum(asked) - ("fault" in record), "a hand's policies must be one for each action")
    require(all(number_in(share, 0, 1) for shares in policies for share in shares.values()), "a policy must be of numbers from 0 to 1")
    loading = record.get("load_seconds", [0, 0])
    require(len(loading) == 2 and all(number_in(x, 0, 1e9) for x in loading), "what loading took must be two numbers of at least 0")
    _check_decisions(record, asked)


def _check_decisions(record: Record, asked: list[int]) -> None:
    """Refuse what no decisions can have taken."""
    spent = 0.0
    for who, seconds, iterations, fell_back, *kind in record["decisions"]:
        require(whole_in(who, 0, 1), "a decision must say who made it")
        require(number_in(seconds, 0, math.inf), "a decision's seconds must be a number of at least 0")
        require(whole_in(iterations, 0, 2**63 - 1), "a decision's iterations must be a whole number of at least 0")
        require(whole_in(fell_back, 0, 1), "whether a decision fell back must be 0 or 1")
        require(not kind or (fell_back == 1 and len(kind) == 1 and kind[0] in FALLBACKS), "a decision must have one fallback, or none")
        spent += seconds
    plans = record.get("plans", [""] * len(record["decisions"]))
    texts = type(plans) is list and all(type(plan) is str and len(plan) <= LONGEST_PLAN for plan in plans)
    require(texts and len(plans) == len(record["decisions"]), "a hand's plans must be a text for each decision")
    clocks = record.get("clocks", [[None, None]] * len(record["decisions"]))
    require(type(clocks) is list and len(clocks) == len(record["decisions"]), "a hand's clocks must be of each decision")
    for asked_seconds, stopped in clocks:
        require(asked_seconds is None or number_in(asked_seconds, 0, math.inf), "a clock must have seconds of at least 0, or none")
        require(stopped is None or stopped in set(Stop), f"a clock must say why a solve ended: {', '.join(Stop)}")
    made = [sum(decision[0] == who for decision in record["decisions"]) for who in (0, 1)]
    require(made[0] <= asked[0] and made[1] <= asked[1], "a hand must have no more decisions than were asked for")
    require(number_in(record["seconds"], max(0, spent - 1e-3), math.inf), "a hand's seconds must be no fewer than its decisions'")
