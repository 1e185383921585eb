"""How often is ``stop=sprt`` wrong? Simulated matches of scores whose mean is known, with the stopping rule of ``timebank match``.

Scores of a deal have the standard deviation 1; margins are in it. Every case is drawn with mean 0, where any winner is wrong, and with the
margin as mean, where *even* is wrong and so is the second as winner. ``alpha`` and ``beta`` are 5 %; a match has 25 / margin² deals at
most, but at least 1,000.

* ``normal``, and Student's ``t`` with 3 degrees of freedom, whose fourth moment is infinite.
* ``few pots``: 5 deals of 150 make 84 % of the variance, as docs/concepts/no-limit.md reports of AIVAT's estimates. Either wins them.
* ``few pots, one wins``: the same, and the second wins all of these pots: while they have not come, the first seems to win.
* ``rarer pots, one wins``: 1 deal of 100 instead, the second wins them all.
* ``few differ``: 49 deals of 50 come out even, the others as Student's t.

    python benchmarks/sequential_errors.py [matches]    # --write, --check: see benchmarks/tables.py
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from tables import MATCHES, Table, options

from agents.match.sequential import EVEN, FIRST, SECOND, SPRT, UNDECIDED, decide
from games.arrays import Float

POTS, SHARE = 5 / 150, 0.84  # of deals, and of the variance that they make
MARGINS = (0.05, 0.1, 0.2)
MOST_DEALS = 25  # over margin², at most in a match
BATCH = 250  # matches in memory

Draw = Callable[[np.random.Generator, tuple[int, int]], Float]


def normal(random: np.random.Generator, shape: tuple[int, int]) -> Float:
    return random.standard_normal(shape)


def student(random: np.random.Generator, shape: tuple[int, int]) -> Float:
    return random.standard_t(3, shape) / 3**0.5


def few_pots(random: np.random.Generator, shape: tuple[int, int]) -> Float:
    spread = np.where(random.random(shape) < POTS, (SHARE / POTS) ** 0.5, ((1 - SHARE) / (1 - POTS)) ** 0.5)
    scores: Float = spread * random.standard_normal(shape)
    return scores


def one_wins(pots: float) -> Draw:
    """Return scores of which a share are pots that the second wins, exponentially distributed."""
    size = (SHARE / (2 * pots - pots**2)) ** 0.5  # their variance is size² (2 pots - pots²)

    def draw(random: np.random.Generator, shape: tuple[int, int]) -> Float:
        large = random.random(shape) < pots
        others = random.standard_normal(shape) * ((1 - SHARE) / (1 - pots)) ** 0.5
        scores: Float = np.where(large, -size * random.exponential(size=shape), others) + pots * size
        return scores

    return draw


def few_differ(random: np.random.Generator, shape: tuple[int, int]) -> Float:
    scores: Float = np.where(random.random(shape) < 0.02, student(random, shape) / 0.02**0.5, 0.0)
    return scores


CASES: dict[str, Draw] = {
    "normal": normal,
    "Student's t, 3 degrees": student,
    "few pots": few_pots,
    "few pots, one wins": one_wins(POTS),
    "rarer pots, one wins": one_wins(0.01),
    "few differ": few_differ,
}
HEADS = [
    "scores", "margin", "a winner, of mean 0", "deals", "even, of the margin", "the second, of the margin", "deals at the margin",
    "mean where the first won, in margins", "95 % intervals that hold the margin",
]  # fmt: skip
TABLE = Table("errors of sprt", MATCHES, HEADS, [(name, f"{margin:g}") for name in CASES for margin in MARGINS])
TABLES = (TABLE,)


def main() -> None:
    """Measure the table and show it."""
    count = int((options(TABLES) or ["1000"])[0])
    rows = [[name, f"{margin:g}", *cells(CASES[name], margin, count)] for name in CASES for margin in MARGINS]
    TABLE.show(rows, f"{count} matches of each kind, seed 0, simulated")


def simulate(draw: Draw, mean: float, margin: float, count: int, seed: int = 0) -> Float:
    """Return [count, 4] of matches: the decision, deals, their mean score and its standard error."""
    random, rule, done = np.random.default_rng(seed), SPRT(margin), []
    for first in range(0, count, BATCH):
        scores = draw(random, (min(BATCH, count - first), max(1000, round(MOST_DEALS / margin**2)))) + mean
        decisions, deals = decide(rule, scores)
        samples = [row[:n] for row, n in zip(scores, deals, strict=True)]
        errors = [float(x.std(ddof=1)) / len(x) ** 0.5 for x in samples]
        done.append(np.stack([decisions, deals, [float(x.mean()) for x in samples], errors], axis=1))
    return np.concatenate(done)


def cells(draw: Draw, margin: float, count: int) -> list[str]:
    """Return a row's cells."""
    null, real = simulate(draw, 0.0, margin, count), simulate(draw, margin, margin, count, 1)
    wrong = np.isin(null[:, 0], (FIRST, SECOND)).mean()
    won = real[real[:, 0] == FIRST]
    over = f"{won[:, 2].mean() / margin:.2f}" if len(won) else "-"
    stopped = real[real[:, 0] != UNDECIDED]
    inside = f"{(np.abs(stopped[:, 2] - margin) <= 1.96 * stopped[:, 3]).mean():.1%}" if len(stopped) else "-"
    even, second = ((real[:, 0] == answer).mean() for answer in (EVEN, SECOND))
    return [f"{wrong:.1%}", f"{null[:, 1].mean():,.0f}", f"{even:.1%}", f"{second:.1%}", f"{real[:, 1].mean():,.0f}", over, inside]


if __name__ == "__main__":
    main()
