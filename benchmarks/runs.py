"""What do the commands measure? Tables of run directories; nothing is measured here.

    timebank ablate experiment=ms3_search hydra.run.dir=RUN
    python benchmarks/runs.py gadgets RUN                # the table; --write, --check: see benchmarks/tables.py
    python benchmarks/runs.py leduc RUN/0 RUN/1 RUN/2    # a run for each seed: cells have one figure for each, with / between
    python benchmarks/runs.py solves RUN1 RUN2           # of timebank solve
    python benchmarks/runs.py "full no-limit" RUN ..     # of timebank match; rows without a run have dashes

A cell is exploitability in chips or mbb/g, exact or with the standard error over draws. By the clock, a decision's mean iterations stand
behind it in brackets. *Slumbot* is what Eric Jackson published of his open Slumbot, exact as well, for games by the same rules and with
blueprints of his own, of the strength that the head says.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from tables import RESULTS, SEARCHING, Table, options

from agents.evaluation.off_tree import HEADS, excess_cells, number
from agents.reporting.tables import duration, shown, shown_error, unit_of, won
from agents.yardstick.measure import TRUNK_LOSS
from agents.yardstick.report import with_error

Row = dict[str, Any]
ALONE, WINS = "alone", "wins"


@dataclass(frozen=True)
class Grid:
    """Agents by budgets, from runs of ``timebank ablate``.

    Attributes:
        name: of the table.
        lines: by what a row of the table is called, the run's line, with * for any text; the first one that fits counts.
        budgets: heads of the columns and the budgets themselves: 0, seconds, or whole numbers of iterations.
        wins: a last column has what the agent wins a hand from its own blueprint, at the last budget.
        published: by a column's head, its cells by row.
        document: that has the table.
    """

    name: str
    lines: dict[str, str]
    budgets: dict[str, float]
    wins: bool = False
    published: dict[str, dict[str, str]] = field(default_factory=dict)
    document: str = RESULTS

    @property
    def table(self) -> Table:
        """The table in the document."""
        heads = ["agent", *self.budgets, *([WINS] if self.wins else []), *self.published]
        return Table(self.name, self.document, heads, [(label,) for label in self.lines])

    def rows(self, runs: Sequence[list[Row]]) -> list[list[str]]:
        """Return the cells from the rows of one run for each seed."""
        found = []
        for label, pattern in self.lines.items():
            cells = [[cell(at(rows, pattern, budget)) for rows in runs] for budget in self.budgets.values()]
            if self.wins:
                last = [*self.budgets.values()][-1]
                cells.append([won(one) if (one := at(rows, pattern, last)) else "-" for rows in runs])
            published = [column.get(label, "-") for column in self.published.values()]
            found.append([label, *(texts[0] if len(set(texts)) == 1 else " / ".join(texts) for texts in cells), *published])
        return found


def at(rows: list[Row], pattern: str, budget: float) -> Row | None:
    """Return a run's row of a line at a budget; the only one of an agent that does not think, at 0."""
    for row in rows:
        asked = row["thinking_iterations"] if row["thinking_seconds"] is None else row["thinking_seconds"]
        if fnmatch(row["line"], pattern) and asked == budget:
            return row
    return None


def cell(row: Row | None) -> str:
    """Return a strength as the table has it."""
    if row is None:
        return "-"
    error, digits = shown_error(row), f"{shown(row):.3g}" if shown(row) < 1000 else f"{shown(row):,.0f}"
    clock = f" ({row['iterations']:,.0f})" if row["thinking_seconds"] else ""
    spread = f"{error:.0f}" if error >= 10 else f"{error:.1g}"
    return digits + (f" ± {spread}" if error > 0 else "") + clock


def iterations(*counts: int) -> dict[str, float]:
    """Return columns of iteration budgets."""
    return {f"{count:,} iterations": count for count in counts}


def seconds(*budgets: float) -> dict[str, float]:
    """Return columns of clock budgets, 0 for the agent alone."""
    return {duration(budget) if budget else ALONE: budget for budget in budgets}


def same(*lines: str) -> dict[str, str]:
    """Return lines that the table calls as the run does."""
    return {line: line for line in lines}


BLUEPRINT = {"the blueprint": "*alone"}
GADGETS = same("resolve", "maxmargin", "reach_maxmargin", "reach_maxmargin, estimate", "refined", "refined, estimate", "combined", "unsafe")
DISTRIBUTIONAL = {f"{gadget}, distributional, 0.05 chips": f"{gadget}, distributional" for gadget in ("resolve", "refined")}
SAFE_LAST = ("unsafe", "resolve", "maxmargin", "reach-maxmargin", "refined", "combined")
MS3 = same(*(f"{street}, {gadget}" for street in ("river", "turn") for gadget in SAFE_LAST), "turn, resolve, estimate")
USUAL = same("river, combined", "turn, combined", "turn, refined", "turn, maxmargin", "flop, combined", "flop, refined")
WARM = same("decision, resolve, cold", "decision, resolve, warm where it pays", "decision, resolve, always warm")
FULL = same("full-game CFR")
SMALLEST, HOLDEM_BLUEPRINT = {"5 buckets a street": "blueprint *:5:5:5"}, {"the blueprint": "blueprint *"}
FLOP = "from the flop, refined, estimate"
LIMITED = same("flop with values, then turn", "flop to the end")
CHOSEN = same(*(f"{count} continuations" for count in (4, 10)), *(f"{count} continuations, both choose" for count in (4, 10)))
ENDS = same("4 continuations, always cold", "4 continuations, unsafe", "each round to the end")
FLOP_CHOICES = same("1 continuation", "4 continuations", "10 continuations")
VALUES = same("value network", "value network, maxmargin", "value network, unsafe")
REBEL = "ReBeL, 1,024 iterations"  # Brown, Bakhtin, Lerer & Gong 2020, arXiv 2007.13544, table 2
CONTINUATIONS = {"the policy alone": "*alone"} | same("1 continuation") | CHOSEN | ENDS | FULL
SLUMBOT = {
    "gadgets": {"river, unsafe": "136", "river, resolve": "107", "river, combined": "54.8", "turn, combined": "35.1"},
    "usual": {"river, combined": "397", "turn, combined": "124", "flop, combined": "41.5"},
}
GRIDS = (
    Grid(
        "leduc",
        same("network alone") | WARM | same("round, resolve", "decision, unsafe", "uniform") | FULL,
        seconds(0, 0.001, 0.01, 0.1),
    ),
    Grid("gadgets on leduc", BLUEPRINT | GADGETS | DISTRIBUTIONAL, seconds(0) | iterations(10, 100, 1000), wins=True),
    Grid("gadgets on leduc by the clock", BLUEPRINT | GADGETS | FULL, seconds(0, 0.001, 0.01, 0.1)),
    Grid("gadgets on Liar's Dice by the clock", BLUEPRINT | GADGETS | FULL, seconds(0, 0.001, 0.01)),
    Grid(
        "gadgets",
        HOLDEM_BLUEPRINT | MS3,
        seconds(0) | iterations(200),
        wins=True,
        published={"Slumbot, 189 mbb/g alone": SLUMBOT["gadgets"]},
    ),
    Grid(
        "size against search",
        SMALLEST | {"500 buckets a street": "blueprint *:500:500:500", "5 buckets, from the flop": FLOP},
        seconds(0, 0.03, 0.1, 0.3, 1),
    ),
    Grid("size against short searches", SMALLEST | {"from the turn": "turn", "from the flop": FLOP}, seconds(0, 0.001, 0.01, 0.1)),
    Grid(
        "the usual flop",
        HOLDEM_BLUEPRINT | USUAL,
        seconds(0) | iterations(200),
        published={"Slumbot, some 1,100 mbb/g alone": SLUMBOT["usual"]},
    ),
    Grid("the usual flop by the clock", same("turn, combined", "flop, refined"), seconds(0.01, 0.03, 0.1, 1)),
    Grid(
        "a learned blueprint",
        {"network alone": "blueprint *"}
        | same("turn, combined", "turn, refined", "flop, combined", "flop, refined", "flop, refined, estimate"),
        seconds(0) | iterations(200),
    ),
    Grid("depth limits", SMALLEST | LIMITED, seconds(0, 0.01, 0.03, 0.1, 0.3)),
    Grid("depth limits from a learned policy", {"network alone": "blueprint *"} | LIMITED, seconds(0, 0.01, 0.03, 0.1)),
    Grid("values on the usual flop", HOLDEM_BLUEPRINT | LIMITED, seconds(0, 0.1)),
    Grid("depth limits by iterations", SMALLEST | LIMITED, seconds(0) | iterations(10, 30, 100, 300)),
    Grid("continuations on the flop", SMALLEST | FLOP_CHOICES, seconds(0) | iterations(30, 100)),
    Grid("values on leduc", VALUES | same("each round to the end") | FULL, iterations(100, 1000, 10_000)),
    *(
        Grid(
            f"values on Liar's Dice, {dice}",
            VALUES | FULL,
            iterations(64, 256, 1024),
            published={REBEL: {"value network": published}},
        )
        for dice, published in (
            ("four faces", "0.017"),
            ("five faces", "0.015"),
            ("six faces", "0.024"),
            ("two dice of three faces", "0.017"),
        )
    ),
    Grid("continuations on leduc", CONTINUATIONS, seconds(0) | iterations(3, 10, 30, 100, 1000), document=SEARCHING),
)
# Slumbot's holdem5 is its lossless blueprint of 200 iterations of CFR+; Deep CFR and NFSP are networks (Brown et al. 2019,
# arXiv 1811.00164), not tables.
SOLVED = {"holdem5": "Slumbot 29.5", "flop_holdem": "Deep CFR 37, NFSP 47"}
SOLVES = Table(
    "solves", RESULTS, ["game", "mbb/g", "iterations", "seconds", "threads", "GB", "published mbb/g"], [(game,) for game in SOLVED]
)
# Deep CFR's heirs on Leduc as of 2026 ("unbiased control-variate ESCHER" and others, 8 CPUs); Slumbot's table of 13,217 river buckets.
TRAINED = {"leduc_sampled": ("leduc_poker", "0.06 to 0.13 in 6 to 11 h"), "ms3_policy": ("ms3f1t1r1h5", "189, a table")}
POLICY_HEADS = ["experiment", "unit", "iterations", "training", "exploitability", "floor of its size", "published"]
POLICIES = Table("trained policies", RESULTS, POLICY_HEADS, [(experiment,) for experiment in TRAINED])
TIMES = {ALONE: 0.0, "30 ms": 0.03, "0.3 s": 0.3, "1 s": 1.0}
PLAYED = ["hands", "mbb/g", "small blind", "big blind", "iterations on the turn", "too few", "late", "99 %, ms"]
STANDARD = "15,000"  # batches of the blueprint that everybody plays against
NO_LIMIT = Table("full no-limit", RESULTS, ["batches", "thinking", *PLAYED], [(STANDARD, time) for time in TIMES if time != ALONE])
LESS = [("1,500", ALONE), ("1,500", "30 ms"), ("1,500", "0.3 s"), ("150", ALONE)]
LONGER = ("0", "30 ms", "100 ms", "300 ms", "1 s", "3 s")
HUNL = Table(
    "full no-limit by time", RESULTS, ["thinking", *PLAYED[:2], "more than the row above", *PLAYED[4:]], [(time,) for time in LONGER]
)
LESS_TRAINED = Table("full no-limit, less training", RESULTS, ["batches", "thinking", *PLAYED], LESS)
BOTS = ("check_call", "fold_to_bets", "all_in", "random_amounts", "least_raise")
PANEL = Table("full no-limit against bots", RESULTS, ["bot", *PLAYED], [(bot,) for bot in BOTS])
ASKED = {"uniform": ("uniform", 0), "blueprint alone": ("mccfr", 0)} | {
    time: ("+", budget) for time, budget in {"1 ms": 0.001, "10 ms": 0.01, "100 ms": 0.1, "1 s": 1.0}.items()
}  # by row: how its line begins, + for one that thinks, and its budget
LOSS = ["EV loss, % of the pot", "iterations", "too few", "late"]
SPOTS = Table(
    "spots with known answers",
    RESULTS,
    ["who", *(f"{street}: {head}" for street in ("rivers", "turns") for head in LOSS)],
    [(who,) for who in ASKED],
)
DECIDED = [("river", "the plan"), ("turn", "the plan"), ("flop", "the plan")]
DECIDED_IN = seconds(0, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
DECISIONS = Table("trunk loss of decisions by time", RESULTS, ["street", "line", *DECIDED_IN], DECIDED)
INSERTED = [("translate", "-"), *(("insert with resolve", n) for n in ("50", "100", "150"))]
GADGETS_INSERTED = [(f"insert with {gadget}", n) for gadget in ("resolve", "maxmargin", "refined", "unsafe") for n in ("50", "150", "450")]
SHORTER = [("translate", "-"), *GADGETS_INSERTED]
OFF_TREE = (Table("bets outside the tree", RESULTS, HEADS, INSERTED), Table("bets outside the tree, two streets", RESULTS, HEADS, SHORTER))
TABLES = (*(grid.table for grid in GRIDS), SOLVES, POLICIES, *OFF_TREE, NO_LIMIT, HUNL, LESS_TRAINED, PANEL, SPOTS, DECISIONS)


def solved(runs: Sequence[Row]) -> list[list[str]]:
    """Return rows of whole games that ``timebank solve`` solved."""
    found = []
    for game, published in SOLVED.items():
        run = next((one for one in runs if one["game"].startswith(game)), None)
        if run is None:
            sys.exit(f"error: solves must have a run of {game}, got {', '.join(one['game'] for one in runs)}")
        strength, gigabytes = f"{run['exploitability']['mbb_per_game']:.2g}", f"{run['memory_bytes'] / 1e9:.2g}"
        found.append([game, strength, f"{run['iterations']:,}", f"{run['seconds']:.3g}", str(run["threads"]), gigabytes, published])
    return found


def trained(runs: Sequence[Row]) -> list[list[str]]:
    """Return rows of policies that ``timebank train`` trained, several of a game being seeds."""
    found = []
    for experiment, (game, published) in TRAINED.items():
        own = [run for run in runs if run["game"].startswith(game)]
        if not own:
            sys.exit(f"error: {POLICIES.name} must have a run of {game}, got {', '.join(run['game'] for run in runs)}")
        last = [run["history"][-1] for run in own]
        strengths, floors = ([f"{shown(of(run, key)):.3g}" for run in own] for key in ("network_exploitability", "floor"))
        cells = [" / ".join(cells) for cells in ([duration(row["seconds"]) for row in last], strengths, floors)]
        found.append([experiment, unit_of([of(own[0], "floor")]), f"{last[0]['iteration']:,}", *cells, published])
    return found


def of(run: Row, key: str) -> Row:
    """Return a strength of a run as rows have it."""
    return {"exploitability": run[key]}


def matches(labels: Sequence[Sequence[str]], runs: Sequence[Row]) -> list[list[str]]:
    """Return rows of the agent of full no-limit hold'em, of blueprints of so many batches, against the standard one alone."""
    played = {(run["agents"][0]["agent"].split(":")[1], run["agents"][0]["budget"]): run for run in runs}
    found = []
    for batches, time in labels:
        run = played.get((batches.replace(",", ""), duration(TIMES[time]) if TIMES[time] else "no thinking"))
        found.append([batches, time, *(["-"] * 8 if run is None else match_cells(run["rows"][0]))])
    return found


def longer(run: Row) -> list[list[str]]:
    """Return rows of one agent with more and more time against its blueprint on the same deals: experiment=hunl_time."""
    more = {row["agents"][0]: row["mbb_per_game"] for row in run["differences"]}
    found = []
    for time, row in zip(LONGER, run["rows"], strict=True):
        hands, won, _, _, *decisions = match_cells(row)
        than = more.get(row["agents"][0])
        cell = "-" if than is None else f"{than['mean']:+.0f} ± {(than['high'] - than['low']) / 2:.0f}"
        found.append([time, hands, won, cell, *(decisions if row["agents"][0] in more else ["-"] * 4)])
    return found


def panel(runs: Sequence[Row]) -> list[list[str]]:
    """Return rows of the agent of full no-limit hold'em against bots."""
    played = {run["agents"][1]["agent"]: run for run in runs}
    if missing := [bot for bot in BOTS if bot not in played]:
        sys.exit(f"error: {PANEL.name} must have a run against each bot, got none against {', '.join(missing)}")
    return [[bot, *match_cells(played[bot]["rows"][0])] for bot in BOTS]


def match_cells(row: Row) -> list[str]:
    """Return the cells of a row of a match: strength by AIVAT with 95 % intervals, then the first agent's decisions."""
    decisions = row["decisions"][0]
    estimates = [row["estimates"]["aivat"], *(seat["aivat"] for seat in row["seats"])]
    scale = 1000 / row["big_blind"]
    strength = [f"{scale * one['mean']:+.0f} ± {scale * (one['high'] - one['low']) / 2:.0f}" for one in estimates]
    turn = [
        f"{street['iterations']:.0f}" for street in row["streets"] if (street["agent"], street["street"]) == (row["agents"][0], "turn")
    ] or ["-"]
    without, late = sum(decisions["fallbacks"].values()), decisions["overruns"]
    shares = [f"{100 * count / decisions['timed']:.2g} %" for count in (without, late)]
    return [f"{row['hands']:,}", *strength, *turn, *shares, f"{1000 * decisions['p99_seconds']:.1f}"]


def spots(run: Row) -> list[list[str]]:
    """Return rows of ``timebank spots``: both streets' EV loss, iterations, decisions with too few of them, and late ones."""
    rows = []
    for who, (start, budget) in ASKED.items():
        cells = []
        for street in ("river", "turn"):
            for row in run["rows"]:
                same = "+" in row["line"] if start == "+" else row["line"].startswith(start) and "+" not in row["line"]
                if same and (row["street"], row["thinking_seconds"]) == (street, budget):
                    break
            else:
                sys.exit(f"error: {SPOTS.name} must have {who} on {street}s, got none")
            counts = sum(row["fallbacks"].values()), row.get("searched_late", 0)
            shares = [f"{100 * n / row['spots']:.3g} %" for n in counts] if budget else ["-", "-"]
            cells += [" ".join(with_error(row)), f"{row['iterations']:,.0f}" if budget else "-", *shares]
        rows.append([who, *cells])
    return rows


def decisions(runs: Sequence[Row]) -> list[list[str]]:
    """Return rows of ``timebank ablate`` with ``decisions.street``: trunk loss in % of the pot, and a decision's iterations in brackets."""
    measured = [row for run in runs for row in run["rows"]]
    found = []
    for street, line in DECIDED:
        cells = []
        for budget in DECIDED_IN.values():
            row = at([row for row in measured if row["street"] == street], line if budget else "blueprint *", budget)
            if row is None:
                cells.append("-")
                continue
            value, error = with_error(row, TRUNK_LOSS)
            spread = "" if row["trunk_loss"]["standard_error"] is None else f" {error}"
            cells.append(f"{value}{spread}" + (f" ({row['iterations']:,.0f})" if budget else ""))
        found.append([street, line, *cells])
    return found


def decisions_note(runs: Sequence[Row]) -> str:
    """Return how many spots of each street were measured, and how far their losses may be off."""
    parts = []
    for run in runs:
        bounds, of = max(row["trunk_loss"]["bounds"] for row in run["rows"]), run["decisions"]
        count = len(of["starts"])
        parts.append(f"{count} {of['street']}{'s' * (count > 1)} (values within {100 * bounds:.2g})")
    return f"% of the pot, standard errors over spots: {', '.join(parts)}"


def off_tree_note(run: Row) -> str:
    """Return what a run's blueprint loses without the extra bets: the error of its solve."""
    return f"mbb/g, exact; first bets of {run['off_tree']['bets']}; without them {number(run['off_tree']['solver_error'])}"


def main() -> None:
    name, *directories = options(TABLES) or [""]
    grids = {grid.name: grid for grid in GRIDS}
    outside, limitless = ({table.name: table for table in tables} for tables in (OFF_TREE, (NO_LIMIT, LESS_TRAINED)))
    known = (*grids, SOLVES.name, POLICIES.name, *outside, *limitless, HUNL.name, PANEL.name, SPOTS.name, DECISIONS.name)
    if name not in known or not directories:
        sys.exit(f"error: give one of {', '.join(known)}, and the directories of its runs, got {name!r} {directories}")
    runs = [json.loads((Path(directory) / "result.json").read_text()) for directory in directories]
    made = " and ".join(dict.fromkeys(f"commit {(run['version']['git'] or 'unknown')[:7]} on {run['machine']['cpu']}" for run in runs))
    if name == POLICIES.name:
        POLICIES.show(trained(runs), f"exact; measured at {made}")
    elif name == SOLVES.name:
        SOLVES.show(solved(runs), f"Measured at {made}")
    elif name in limitless:
        limitless[name].show(matches(limitless[name].labels, runs), f"Measured at {made}")
    elif name == HUNL.name:
        HUNL.show(longer(runs[0]), f"Measured at {made}")
    elif name == PANEL.name:
        PANEL.show(panel(runs), f"Measured at {made}")
    elif name == SPOTS.name:
        about = runs[0]["spots"]
        SPOTS.show(spots(runs[0]), f"{about['river']} rivers and {about['turn']} turns of the set {about['digest']}; measured at {made}")
    elif name == DECISIONS.name:
        DECISIONS.show(decisions(runs), f"{decisions_note(runs)}; measured at {made}")
    elif name in outside:
        outside[name].show(excess_cells(runs[0]["rows"]), f"{off_tree_note(runs[0])}; measured at {made}")
    else:
        grids[name].table.show(grids[name].rows([run["rows"] for run in runs]), f"{unit_of(runs[0]['rows'])}; measured at {made}")


if __name__ == "__main__":
    main()
