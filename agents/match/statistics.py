"""What a match says: intervals, seats, rounds, decision times; see agents.match.report for the tables that people read.

Three estimates of the same mean, chips a hand to the first competitor, each with a 95 % interval (Student's t):

* ``raw``: the variance of single hands, seat by seat, as if every deal were new. It is what the same number of hands would say without
  duplicates, and an interval for this match only if it was played without.
* ``duplicate``: the variance of deals, each the mean of its two hands.
* ``aivat``: the same of AIVAT's estimates; see agents.evaluation.aivat.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import stdtrit

from agents.evaluation.ablation import overruns_of
from agents.match.deal import Competitor, Record
from agents.match.exact_value import ExactValue
from agents.match.match import Match
from agents.reporting.tables import Row, duration
from games.arrays import Bool, Float, Int
from games.holdem.rules import HoldemGame
from search.outcome import FALLBACKS, Outcome

ESTIMATES = ("aivat", "duplicate", "raw")  # the best first
ALIKE_SHARE = 1e-12  # of the raw error: what rounding leaves where every hand or deal was estimated alike


@dataclass(frozen=True)
class Estimate:
    """A mean in chips a hand with its standard error and 95 % interval."""

    mean: float
    standard_error: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Of the interval."""
        return (self.high - self.low) / 2


def estimate(groups: Sequence[Float]) -> Estimate:
    """Return the mean of the groups' means, each group being independent samples; the error is that of stratified sampling."""
    mean = sum(float(x.mean()) for x in groups) / len(groups)
    squares = [float(x.var(ddof=1)) / len(x) for x in groups]
    error = math.sqrt(sum(squares)) / len(groups)
    half = error * float(stdtrit(sum(len(x) - 1 for x in groups), 0.975))
    return Estimate(mean, error, mean - half, mean + half)


SCORES = np.dtype([("number", "i8"), ("seat", "i1"), ("round", "i1"), ("chips", "f8"), ("aivat", "f8")])  # of a hand; seat: of the first
DECISIONS = np.dtype([("who", "i1"), ("seconds", "f4"), ("iterations", "i8"), ("fallback", "i1")])  # 0: none, n: FALLBACKS[n - 1]


class Tally:
    """The hands of one match so far, in whatever order they came.

    A hand takes 26 bytes, and each decision that was timed 14.

    Attributes:
        match: which is played.
        names: of its competitors.
        faults: hands forfeited, by who and how.
        played: hands.
    """

    def __init__(self, match: Match) -> None:
        self.match, self.names = match, " - ".join(competitor.name for competitor in match.competitors)
        self._scores, self._decisions = np.zeros(0, SCORES), np.zeros(0, DECISIONS)
        self._asked, self._seconds, self._loading = np.zeros(2, np.int64), 0.0, np.zeros(2)
        self.faults: dict[str, int] = {}
        self._stops = Counter[tuple[int, str]]()  # searches with a time bank by competitor and why they ended
        self._plans = Counter[tuple[int, int, str]]()  # decisions by competitor, street and plan
        self._by_street = np.zeros((2, len(match.game.rounds), 3))  # decisions, seconds and iterations of each competitor
        self._only: Int | None = None

    def add(self, records: Sequence[Record]) -> None:
        """Take hands."""
        name = self.match.competitors[0].name
        seats = [int(r["seats"][0] != name) for r in records]
        numbers = [2 * r["deal"] + seat for r, seat in zip(records, seats, strict=True)]
        scores = [(n, s, r["round"], r["chips"], r.get("aivat", math.nan)) for n, s, r in zip(numbers, seats, records, strict=True)]
        every = np.concatenate([self._scores, np.array(scores, SCORES)])
        self._scores = every[np.argsort(every["number"], kind="stable")]
        decisions = [(*decision[:3], _fallback(*decision[2:])) for r in records for decision in r["decisions"]]
        self._decisions = np.concatenate([self._decisions, np.array(decisions, DECISIONS)])
        self._add_streets(records)
        for record in records:
            for (who, *_), (_, stopped) in zip(record["decisions"], record.get("clocks", ()), strict=False):
                self._stops[who, stopped] += stopped is not None
        self._asked += np.array([r["asked"] for r in records], np.int64).reshape(-1, 2).sum(axis=0)
        self._seconds += sum(r["seconds"] for r in records)
        self._loading = np.max([self._loading, *(r["load_seconds"] for r in records if "load_seconds" in r)], axis=0)
        for fault in (r["fault"] for r in records if "fault" in r):
            key = f"{fault['who']} {fault['kind']}"
            self.faults[key] = self.faults.get(key, 0) + 1

    def _add_streets(self, records: Sequence[Record]) -> None:
        """Count decisions by street in hold'em, where each of them is made and timed."""
        if not isinstance(self.match.game, HoldemGame):
            return
        for record in records:
            streets = decision_streets(record["play"])
            for (who, seconds, iterations, *_), street in zip(record["decisions"], streets, strict=False):
                self._by_street[who, street] += (1, seconds, iterations)
            for (who, *_), street, plan in zip(record["decisions"], streets, record.get("plans", ()), strict=False):
                self._plans[who, street, plan] += plan != ""

    @property
    def played(self) -> int:
        """Hands so far."""
        return len(self._scores)

    @property
    def hands(self) -> int:
        """Hands that are counted: in duplicate those of deals of which both hands were played."""
        return int(self._counted().sum())

    @property
    def beyond(self) -> int:
        """Hands that were played beyond those that ``count_only`` named."""
        return 0 if self._only is None else int((~np.isin(self._scores["number"], self._only)).sum())

    def count_only(self, numbers: Int) -> None:
        """Count these hands from now on, no other ones: the match was decided by them. Both hands of each deal must be among them."""
        self._only = np.unique(numbers)

    def pair_scores(self, numbers: Int) -> Float | None:
        """Return [pairs], the mean score of each pair of hands by the best estimate; None where some were not played yet.

        Args:
            numbers: [pairs, 2] of hands.
        """
        played = self._scores["number"]
        places = np.searchsorted(played, numbers)
        if not len(played) or (played[np.minimum(places, len(played) - 1)] != numbers).any():
            return None
        scores: Float = self._scores["chips" if self.match.values == "none" else "aivat"][places].mean(axis=1)
        return scores

    def _counted(self) -> Bool:
        if self._only is not None:
            return np.isin(self._scores["number"], self._only)
        deals = self._scores["number"] // 2
        if not self.match.duplicate or not len(deals):
            return np.ones(len(deals), bool)
        same = deals[1:] == deals[:-1]
        counted: Bool = np.append(same, False) | np.append(False, same)
        return counted

    def scores(self) -> Float:
        """Return [hands, 4] in the order of deals: seat of the first competitor, round, chips, aivat."""
        rows = self._scores[self._counted()]
        return np.stack([rows[key].astype(float) for key in ("seat", "round", "chips", "aivat")], axis=1)

    def by_deal(self) -> Float:
        """Return [deals, 4]: number, and of its hands the mean seat, chips and aivat; of each hand by itself where none is a duplicate."""
        rows = self._scores[self._counted()]
        hands = np.stack([rows["number"] // 2, *(rows[key].astype(float) for key in ("seat", "chips", "aivat"))], axis=1)
        return hands.reshape(-1, 2, 4).mean(axis=1) if self.match.duplicate else hands

    def estimates(self) -> dict[str, Estimate]:
        """Return the estimates that there are, the best first; none of fewer than four hands."""
        scores = self.scores()
        if len(scores) < 4:
            return {}
        seats = [scores[scores[:, 0] == seat] for seat in (0, 1)]
        groups = [scores.reshape(-1, 2, 4).mean(axis=1)] if self.match.duplicate else seats
        estimates = {"aivat": estimate([group[:, 3] for group in groups])} if self.match.values != "none" else {}
        if self.match.duplicate:
            estimates["duplicate"] = estimate([group[:, 2] for group in groups])
        return estimates | {"raw": estimate([seat[:, 2] for seat in seats])}

    def seats(self) -> list[Row]:
        """Return a row for each seat of the first competitor."""
        scores, rows = self.scores(), []
        columns = {"chips": 2} | ({"aivat": 3} if self.match.values != "none" else {})
        for seat in (0, 1):
            played = scores[scores[:, 0] == seat]
            means = {name: asdict(estimate([played[:, column]])) for name, column in columns.items() if len(played) > 1}
            rows.append({"seat": seat, "hands": len(played)} | means)
        return rows

    def rounds(self) -> list[Row]:
        """Return a row for each round that hands ended in: how many, what they paid on average and what that makes of the mean."""
        scores, rows = self.scores(), []
        for number in range(len(self.match.game.rounds)):
            ended = scores[scores[:, 1] == number]
            count, paid, all_hands = len(ended), float(ended[:, 2].sum()), max(len(scores), 1)
            row = {"round": number, "hands": count, "share": count / all_hands, "chips": paid / count if count else 0.0}
            rows.append(row | {"chips_per_hand": paid / all_hands})
        return rows

    def streets(self) -> list[Row]:
        """Return a row for each competitor and street with decisions: how many, seconds in all and on average, mean iterations."""
        rows = []
        for who, competitor in enumerate(self.match.competitors):
            for street, (count, seconds, iterations) in zip(self.match.game.rounds, self._by_street[who].tolist(), strict=True):
                if count:
                    row = {"agent": competitor.name, "street": street, "decisions": int(count), "seconds": seconds}
                    rows.append(row | {"mean_seconds": seconds / count, "iterations": iterations / count})
        return rows

    def plans(self) -> list[Row]:
        """Return how many decisions of each competitor and street had which plan, the most first; see ``agents.agent.Decision``."""
        names, streets = [competitor.name for competitor in self.match.competitors], self.match.game.rounds
        most = sorted(self._plans.items(), key=lambda item: (item[0][:2], -item[1]))
        return [{"agent": names[who], "street": streets[street], "plan": plan, "decisions": n} for (who, street, plan), n in most if n]

    def stops(self) -> list[Row]:
        """Return how many searches of each competitor with a time bank ended why, see ``search.outcome.Stop``."""
        names, stops = [competitor.name for competitor in self.match.competitors], sorted(self._stops.items(), key=str)
        return [{"agent": names[who], "stopped": stopped, "decisions": n} for (who, stopped), n in stops if n]

    def decisions(self, who: int) -> Float:
        """Return [timed decisions, 3] of one competitor, the fastest first: seconds, iterations, and 1 + the number of the fallback.

        The same decision is made, and timed, once.
        """
        columns = ["seconds", "iterations", "fallback"]
        made = np.sort(self._decisions[self._decisions["who"] == who], order=columns)
        return np.stack([made[column].astype(float) for column in columns], axis=1)

    def asked(self, who: int) -> int:
        """Return how many decisions a competitor was asked for."""
        return int(self._asked[who])

    def loading(self, who: int) -> float:
        """Return the most seconds that any process took to get a competitor ready; 0 where that is not known."""
        return float(self._loading[who])

    def speed(self) -> Row:
        """Return seconds of playing, all workers' together, and the share of them that was not the agents' own thinking."""
        played, thinking = self._seconds, float(self._decisions["seconds"].sum(dtype=float))
        return {"seconds": played, "thinking_seconds": thinking, "overhead": 1 - thinking / played if played else 0.0}


def decision_streets(play: Sequence[str]) -> list[int]:
    """Return the street of each decision of a hand of hold'em, and that of one more, which a bot may have forfeited.

    Args:
        play: actions and public cards in order; cards begin with a rank, actions with a small letter.
    """
    streets, street = list[int](), 0
    for text in play:
        if text[0].islower():
            streets.append(street)
        else:
            street += 1
    return [*streets, street]


def _fallback(iterations: int, fell_back: int, *kind: Outcome) -> int:
    """Return 1 + the number of a decision's fallback, 0 for none; older versions told apart only those that were rejected."""
    older = (Outcome.REJECTED if iterations else Outcome.UNREACHED,) if fell_back else ()
    return sum(1 + FALLBACKS.index(name) for name in kind or older)


def decision_row(competitor: Competitor, asked: int, made: Float, loading: float = 0.0) -> Row:
    """Return what a competitor's decisions took.

    Args:
        competitor: whose.
        asked: how many there were.
        made: those that were timed, see ``Tally.decisions``.
        loading: seconds of getting ready, outside of all decisions.
    """
    seconds, count = made[:, 0], max(len(made), 1)
    row: Row = {"agent": competitor.name, "decisions": asked, "timed": len(made), "mean_seconds": float(seconds.sum()) / count}
    row |= {f"p{q}_seconds": float(np.percentile(seconds, q)) if len(made) else 0.0 for q in (50, 95, 99)}
    row |= {"max_seconds": float(seconds.max(initial=0.0)), **overruns_of(seconds, competitor.budget.seconds)[1]}
    fallbacks = {kind: int((made[:, 2] == number).sum()) for number, kind in enumerate(FALLBACKS, 1)}
    row |= {"iterations": float(made[:, 1].sum()) / count, "fallbacks": fallbacks, "load_seconds": loading}
    return row | {"kept": sum(fallbacks.values())}  # as older versions have it, for one release


def decision_rows(tallies: Sequence[Tally]) -> list[Row]:
    """Return ``decision_row`` for each competitor over all its matches."""
    by_name: dict[str, tuple[Competitor, list[tuple[Tally, int]]]] = {}
    for tally in tallies:
        for who, competitor in enumerate(tally.match.competitors):
            by_name.setdefault(competitor.name, (competitor, []))[1].append((tally, who))
    rows = []
    for competitor, parts in by_name.values():
        asked, made = sum(tally.asked(who) for tally, who in parts), np.concatenate([tally.decisions(who) for tally, who in parts])
        loading = max(tally.loading(who) for tally, who in parts) if competitor.bot is None and competitor.thinks else 0.0
        rows.append(decision_row(competitor, asked, made, loading))
    return rows


def hands_needed(hands: int, now: Estimate, precision: float) -> int:
    """Return how many more hands bring the interval's half-width to a precision, if their variance is that of those played."""
    return max(0, math.ceil(hands * (now.half_width / precision) ** 2) - hands)


def more_hands(tally: Tally, precision: float) -> int | None:
    """Return ``hands_needed`` of the best estimate; None where all hands came out alike: nobody knows how far apart others may be.

    Where the value is ``known_exactly``, no more hands are needed.
    """
    estimates = tally.estimates()
    best = next(iter(estimates.values()))
    if known_exactly(tally.match):
        return 0
    if best.standard_error <= ALIKE_SHARE * estimates["raw"].standard_error:
        return None
    return hands_needed(tally.hands, best, precision)


def known_exactly(match: Match) -> bool:
    """Return whether AIVAT's estimate of every hand is the match's value itself.

    That is so where neither thinks and AIVAT's values are those of their policies, as nowhere with any amount.
    """
    any_amount = isinstance(match.game, HoldemGame) and match.game.any_amount
    return match.values == "blueprint" and not any_amount and not any(competitor.thinks for competitor in match.competitors)


def match_row(tally: Tally, precision: float | None, exact: ExactValue | None, stop: Row | None = None) -> Row:
    """Return a match as result.json has it; ``stop`` is what decided it (``agents.match.stopping.Watch.row``)."""
    estimates = tally.estimates()
    best = next(iter(estimates), None)
    raw = estimates["raw"].standard_error if estimates else math.nan
    row: Row = {
        "agents": [competitor.name for competitor in tally.match.competitors],
        "digest": tally.match.fingerprint(),
        "hands": tally.hands,
        "waiting_hands": tally.played - tally.hands - tally.beyond,  # whose deals' other hands are still to be played
        "unit": "chips",
        "estimates": {kind: asdict(e) | {"of_raw_error": e.standard_error / raw if raw else None} for kind, e in estimates.items()},
        "best": best,
        "seats": tally.seats(),
        "rounds": tally.rounds(),
        "decisions": decision_rows([tally]),
        "streets": tally.streets(),
        "plans": tally.plans(),
        "stops": tally.stops(),
        "speed": tally.speed(),
        "faults": tally.faults,
        "exact": None if exact is None else asdict(exact),
    }
    if tally.match.game.big_blind is not None:
        row["big_blind"] = tally.match.game.big_blind
        row["mbb_per_game"] = in_blinds(row)
    if precision is not None and best is not None:
        row |= {"precision": precision, "hands_needed": more_hands(tally, precision)}
    return row if stop is None else row | {"stop": stop}


def in_blinds(row: Row) -> Row:
    """Return a row's estimates and exact value in thousandths of a big blind a hand."""

    def scaled(values: Row) -> Row:
        return {key: values[key] * 1000 / row["big_blind"] for key in ("mean", "value", "standard_error", "low", "high") if key in values}

    exact = row["exact"]
    estimates = {kind: e | scaled(e) for kind, e in row["estimates"].items()}
    return {"estimates": estimates, "exact": None if exact is None else {"draws": exact["draws"], **scaled(exact)}}


def describe(matches: Sequence[Match]) -> list[Row]:
    """Return who plays: each competitor's name, agent and budget of a decision."""
    competitors = {competitor.name: competitor for match in matches for competitor in match.competitors}
    rows = []
    for name, competitor in competitors.items():
        budget = competitor.budget
        limits = [duration(budget.seconds)] if budget.seconds else []
        limits += [f"{budget.iterations} iterations"] if budget.iterations is not None else []
        limits += [f"{budget.exploitability:g} chips"] if budget.exploitability is not None else []
        limits += [competitor.bank.text()] if competitor.bank is not None else []
        rows.append({"name": name, "agent": competitor.agent.name, "budget": " or ".join(limits) or "no thinking"})
    return rows


def live(tally: Tally, precision: float | None) -> str:
    """Return the best estimate so far in a few words, and the hands that are still to be played for a precision."""
    for kind, e in tally.estimates().items():
        more = None if precision is None else more_hands(tally, precision)
        needed = "" if more is None else f", {more:,} to go"
        return f"{e.mean:+.4g} ± {e.half_width:.2g} chips/hand ({kind}{needed})"
    return ""
