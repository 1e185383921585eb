"""The table of README: what thinking is worth, in figures that docs/results.md has; nothing is measured here.

python benchmarks/readme.py --write      # or --check: see benchmarks/tables.py
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runs import GRIDS
from tables import Table, options

Cell = tuple[str, str, str]  # table of Results, row, column
ONE_DRAW = " †"
DRAWN_SEED = 1  # of seeds 0, 1 and 2: the network of docs/leduc.png


@dataclass(frozen=True)
class Line:
    """A row of README.

    Attributes:
        name: game and agent.
        cells: the agent alone, with 10 ms and with 1 s a decision.
        command: behind ``timebank ablate``.
        iterations: the best figure where it is one of iterations.
        mark: behind figures of the clock: whether they are one draw.
        published: what Eric Jackson's Slumbot made of a blueprint as strong; see docs/results.md.
    """

    name: str
    cells: Sequence[Cell | None]
    command: str
    iterations: Cell | None = None
    mark: str = ""
    published: str = "-"

    def row(self) -> list[str]:
        """Return its cells."""
        texts = ["-" if cell is None else figure(cell) for cell in self.cells]
        best = figure(self.iterations) if self.iterations else [text for text in texts if text != "-"][-1]
        factor = f"{float(f'{number(texts[0]) / number(best):.2g}'):,g}"
        note = f": {best} in 200 iterations" if self.iterations else ""
        marked = [text + (self.mark if i and text != "-" else "") for i, text in enumerate(texts)]
        return [self.name, *marked, factor + note, self.published, self.command]


def figure(cell: Cell) -> str:
    """Return a figure of Results; where it has several, that of the seed that README's figure draws."""
    name, row, column = cell
    heads, *rows = next(grid.table for grid in GRIDS if grid.name == name).read()
    found = next(one for one in rows if one[0] == row)[heads.index(column)]
    return (found.split(" / ")[DRAWN_SEED] if " / " in found else found).partition(" (")[0]


def number(text: str) -> float:
    """Return a figure as a number."""
    return float(text.partition(" ")[0].replace(",", ""))


LINES = (
    Line(
        f"Leduc, network (seed {DRAWN_SEED})",
        [("leduc", "network alone", "alone"), ("leduc", "decision, resolve, cold", "10 ms"), None],
        "`-m experiment=leduc_seeds seed=0,1,2`",
    ),
    Line(
        "Leduc, 10 iterations of CFR",
        [("gadgets on leduc by the clock", "the blueprint", "alone"), ("gadgets on leduc by the clock", "resolve", "10 ms"), None],
        "`experiment=leduc_gadgets sweeps=1 executor=serial`",
        mark=ONE_DRAW,
    ),
    Line(
        "Liar's Dice, 10 iterations of CFR",
        [
            ("gadgets on Liar's Dice by the clock", "the blueprint", "alone"),
            ("gadgets on Liar's Dice by the clock", "resolve", "10 ms"),
            None,
        ],
        "`experiment=leduc_gadgets game=liars_dice` ‡",
        mark=ONE_DRAW,
    ),
    Line(
        "`ms3f1t1r1h5`, 5 buckets a street",
        [
            ("size against short searches", "5 buckets a street", "alone"),
            ("size against short searches", "from the turn", "10 ms"),
            ("size against search", "5 buckets, from the flop", "1 s"),
        ],
        "`experiment=size_vs_search` ‡",
    ),
    Line(
        "`ms3f1t1r1h5`, network",
        [("a learned blueprint", "network alone", "alone"), None, None],
        "`experiment=holdem_network` ‡",
        ("a learned blueprint", "flop, refined", "200 iterations"),
    ),
    Line(
        "`ms3f1t1r1h5`, 3,000 river buckets",
        [("gadgets", "the blueprint", "alone"), None, None],
        "`experiment=ms3_search`",
        ("gadgets", "turn, refined", "200 iterations"),
        published="189 to 35.1",
    ),
    Line(
        "`holdem5`, 200 river buckets",
        [
            ("the usual flop", "the blueprint", "alone"),
            ("the usual flop by the clock", "turn, combined", "10 ms"),
            ("the usual flop by the clock", "flop, refined", "1 s"),
        ],
        "`game=holdem5 agent=tabular agent.think=true` ‡",
        mark=ONE_DRAW,
        published="1,097 to 41.5",
    ),
)
HEADS = ["game and agent", "alone", "10 ms a decision", "1 s", "factor", "Slumbot", "command"]
TABLE = Table("what thinking is worth", "README.md", HEADS, [(line.name,) for line in LINES])
TABLES = (TABLE,)


def main() -> None:
    options(TABLES)
    TABLE.show([line.row() for line in LINES], note=None)


if __name__ == "__main__":
    main()
