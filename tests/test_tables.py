"""The docs say what their commands give today: the cheapest row of each table is run again.

Each test reads the figures out of the document, so a table that goes stale fails here. Two kinds of figures are left out: seconds, and what
the clock decides.
"""

import itertools
import math
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from agents import BlueprintAgent, exploitability, solved_policy, tabulate
from games import public_tree
from search import BoardSolver, Budget, Solver, variant
from tests.running import ROOT, result_of, timebank

pytestmark = pytest.mark.slow
sys.path.insert(0, str(ROOT / "benchmarks"))
RESULTS = "docs/results.md"
NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")


def row(document: str, after: str, label: str) -> list[str]:
    """Return the cells behind a label, in the first table row that has it behind some text."""
    text = (ROOT / document).read_text()
    for line in text[text.index(after) :].splitlines():
        cells = [cell.strip(" *`") for cell in line.strip().strip("|").split("|")]
        if len(cells) > 1 and cells[0] == label:
            return cells[1:]
        if line.startswith(label + "  "):  # a table that a command printed
            return re.split(r" {2,}", line.strip())[1:]
    raise AssertionError(f"no row {label!r} behind {after!r} in {document}")


def agree(printed: str, value: float, relative: float = 0.0) -> None:
    """Compare with a printed figure: one unit of its last digit apart at most, since processors round differently, or a relative share."""
    found = NUMBER.search(printed)
    assert found, printed
    text = found.group().replace(",", "")
    mantissa, _, exponent = text.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    assert math.isclose(value, float(text), rel_tol=relative, abs_tol=1.001 * unit), f"{printed} is printed, {value:.6g} comes out"


def measured(monkeypatch, directory: Path, *overrides: str) -> dict[str, list[dict]]:
    """Run ``timebank ablate``; return its rows by line."""
    assert timebank(monkeypatch, "ablate", *overrides, f"hydra.run.dir={directory}") == 0
    rows: dict[str, list[dict]] = {}
    for one in result_of(directory)["rows"]:
        rows.setdefault(one["line"], []).append(one)
    return rows


def mbb(one: dict) -> float:
    """Return a row's exploitability in mbb/g."""
    return one["exploitability"]["mbb_per_game"]


def shown_and_run(document: str, command: str, monkeypatch, directory: Path, capsys) -> tuple[list[str], list[str]]:
    """Return the rows of a printed table that a document shows behind its command, and those that the command prints."""
    text = (ROOT / document).read_text()
    text = text[text.index(command) :]
    arguments = shlex.split(text[: text.index("\n```")].replace("\\\n", " "))[2:]
    assert timebank(monkeypatch, "match", *arguments, f"hydra.run.dir={directory}") == 0
    told = capsys.readouterr().out
    return tuple([line for line in t.splitlines() if re.match(r"a - b +\d", line)] for t in (text, told))


@pytest.mark.parametrize(
    ("document", "command"),
    [
        (RESULTS, "timebank match agent@agents.a=tabular agents.a.iterations=30 agents.a.think=true"),
        (RESULTS, "timebank match game=ms3f1t1r1h5 agent@agents.a=street agents.a.budget.iterations=100"),
        (RESULTS, "timebank match game=ms2f1t1h5 agent@agents.a=tabular agents.a.iterations=40 agent@agents.b=bot agents.b.bot=check"),
    ],
)
def test_a_match_prints_what_the_document_shows(document, command, monkeypatch, tmp_path, capsys):
    shown, told = shown_and_run(document, command, monkeypatch, tmp_path, capsys)
    # On hold'em the command prints chips as well, in another table.
    assert any(same_figures(shown[0], line) for line in told), (shown[0], told)


def same_figures(shown: str, told: str) -> bool:
    """Compare two printed rows figure by figure."""
    pairs = list(zip(NUMBER.findall(shown), NUMBER.findall(told), strict=False))
    try:
        for printed, value in pairs:
            agree(printed, float(value.replace(",", "")))
    except AssertionError:
        return False
    return len(NUMBER.findall(shown)) == len(NUMBER.findall(told))


def test_gadgets_against_each_other(monkeypatch, tmp_path, capsys):
    shown = row(RESULTS, "experiment=gadget_match", "a - b")
    given = (
        "agent@agents.a=network",
        "agent@agents.b=search",
        "budget.iterations=300",
        "agents.b.solve_from=round",
        "agents.b.gadget=resolve",
        "hands=4",
        f"hydra.run.dir={tmp_path}",
    )
    assert timebank(monkeypatch, "match", *given) == 0
    # Networks are trained, and training adds up in an order that the processor decides.
    agree(shown[4], result_of(tmp_path)["rows"][0]["exact"]["value"], relative=0.5)


def test_leduc_networks(monkeypatch, tmp_path):
    shown = row(RESULTS, "table: leduc -->", "network alone")[0].split("/")
    rows = measured(monkeypatch, tmp_path, "experiment=leduc_seeds", "seed=0", "budgets=[0]")
    # Networks are trained, and training adds up in an order that the processor decides.
    agree(shown[0], rows["network alone"][0]["exploitability"]["value"], relative=0.25)
    agree(row(RESULTS, "table: leduc -->", "uniform")[0], rows["uniform"][0]["exploitability"]["value"])


@pytest.mark.parametrize("name", ["RB", "RA"])
def test_spots(name):
    import holdem

    shown = row(RESULTS, "table: spots -->", name)
    game = holdem.SPOTS[name].build()
    solver, reached = BoardSolver(game, variant("default_holdem"), 1), []
    while len(reached) < len(holdem.GOALS):
        solver.run(holdem.CHECK_EVERY)
        while len(reached) < len(holdem.GOALS) and solver.exploitability() / game.pot <= holdem.GOALS[len(reached)]:
            reached.append(solver.iterations)
    for printed, its in zip(shown[0].split("/"), reached, strict=True):
        assert abs(int(printed) - its) <= 2 * holdem.CHECK_EVERY, (shown[0], reached)
    for printed, value in zip(shown[-1].split("/"), solver.values(), strict=True):
        agree(printed, value + game.pot / 2)


def test_flop_holdem_is_solved_as_far(monkeypatch, tmp_path):
    shown = row(RESULTS, "table: solves -->", "flop_holdem")
    given = ("game=flop_holdem", "search=dcfr_plus", "budget.iterations=200", "threads=2", f"hydra.run.dir={tmp_path}")
    assert timebank(monkeypatch, "solve", *given) == 0
    agree(shown[0], result_of(tmp_path)["exploitability"]["mbb_per_game"])


def searched(monkeypatch, directory: Path, experiment: str, iterations: int, *overrides: str) -> tuple[dict, dict]:
    """Run one line of a hold'em experiment by itself, with one budget; return the blueprint's row and the search's."""
    given = {
        "ms3_search": ("game=ms3f1t1r1h5", "agent.iterations=100", "agent.buckets=[0,0,0,3000]"),
        "never_hurts": ("game=ms2f1t1h5", "agent.iterations=200", "search=cfr_plus"),
        "never_hurts_flop": ("game=ms1f1", "agent.iterations=200", "search=cfr_plus"),
    }[experiment]
    budget = ("unit=iterations", f"budgets=[0,{iterations}]")
    rows = measured(monkeypatch, directory, *given, "agent=tabular", "agent.think=true", *budget, *overrides)
    found = sorted((one for rows_of_line in rows.values() for one in rows_of_line), key=lambda one: one["thinking_iterations"] or 0)
    assert len(found) == 2
    return found[0], found[1]


def test_ms3_search(monkeypatch, tmp_path):
    blueprint, found = searched(monkeypatch, tmp_path, "ms3_search", 200, "agent.solve_from=river", "agent.gadget=unsafe")
    _, strength, wins, _ = row(RESULTS, "table: gadgets -->", "river, unsafe")
    agree(strength, mbb(found))
    agree(wins, 1000 * found["against_blueprint"]["value"] / 2)
    agree(row(RESULTS, "table: gadgets -->", "the blueprint")[0], mbb(blueprint))


def test_leduc_gadgets_from_the_second_round(monkeypatch, tmp_path):
    rows = measured(monkeypatch, tmp_path, "experiment=leduc_gadgets_round")
    for label in ("resolve", "refined", "unsafe"):
        shown = row(RESULTS, "table: gadgets on leduc -->", label)
        for printed, found in zip(shown[1:4], rows[label], strict=True):
            agree(printed, found["exploitability"]["value"])


def test_leduc_answers_are_judged():
    import never_hurts

    shown = row(RESULTS, "table: search never hurts, leduc -->", "from the second round, resolve")
    _, cells = never_hurts.leduc()
    for printed, cell in zip(shown, itertools.islice(cells, len(shown)), strict=True):
        agree(printed, cell.value)


def test_five_ways_on_leduc():
    import hurts

    for cause, found in hurts.Leduc().rows():
        shown = row(hurts.PAGE, "table: five ways -->", cause)  # the first rows are of Leduc
        for printed, value in zip((shown[2], shown[3], shown[5]), found, strict=True):
            agree(printed, value)


@pytest.mark.parametrize(("name", "game"), [("leduc", "leduc_poker"), ("Liar's Dice", "liars_dice(numdice=1,dice_sides=6)")])
def test_gadgets_by_the_clock_begin_from_this_blueprint(name, game):
    """Their other rows are what the clock allowed."""
    tree = public_tree(game)
    agent = BlueprintAgent(solved_policy(tree, variant("default"), 10))
    strength = exploitability(tuple(tabulate(agent, seat, Budget(seconds=0)) for seat in (0, 1)))
    agree(row(RESULTS, f"table: gadgets on {name} by the clock -->", "the blueprint")[0], strength)


@pytest.mark.parametrize(("experiment", "game", "street"), [("never_hurts", "ms2f1t1h5", "turn"), ("never_hurts_flop", "ms1f1", "flop")])
def test_search_never_hurts(experiment, game, street, monkeypatch, tmp_path):
    _, found = searched(monkeypatch, tmp_path, experiment, 50, f"agent.solve_from={street}", "agent.gadget=resolve")
    agree(row(RESULTS, f"table: search never hurts, {game} -->", f"{street}, resolve")[0], mbb(found))


def test_few_iterations_start_warm(monkeypatch, tmp_path):
    _, found = searched(monkeypatch, tmp_path, "ms3_search", 3, "agent.solve_from=turn", "agent.gadget=refined")
    agree(row("docs/notebook/search.md", "## Few iterations start warm", "warm")[0], mbb(found))


def test_local_best_response_on_leduc(tmp_path):
    import lbr

    name, found, exact = next(lbr.measured(lbr.LEDUC, tmp_path))
    shown = row(RESULTS, "table: lower bounds, leduc_poker -->", name)
    for printed, value in zip([*shown[:4], shown[6]], [*found, exact], strict=True):
        agree(printed, value)


def test_local_best_response_on_holdem(monkeypatch, tmp_path):
    import lbr

    monkeypatch.setattr(lbr, "learned_exploitability", lambda *_: 0.0)  # many minutes, and not in the table
    name, found, exact = next(lbr.measured("ms1f1", tmp_path))
    shown = row(RESULTS, "table: lower bounds, ms1f1 -->", name)
    for printed, value in zip([*shown[:3], shown[6]], [*found[:3], exact], strict=True):
        agree(printed, value)


def test_coverage_on_leduc(tmp_path):
    """The first ten of its 400 matches: their mean is within what ten can differ by."""
    import interval_coverage

    cells = row("docs/notebook/matches.md", "table: coverage -->", "raw")
    rows, _ = interval_coverage.measure(interval_coverage.competitors_of("leduc", tmp_path), interval_coverage.LEDUC_CASES[:1], 10, 400)
    spread, mean = float(cells[2]), float(cells[3])
    assert abs(float(rows[0][4]) - mean) < 4 * spread / 10**0.5


def test_errors_of_sprt():
    """A tenth of its matches: as often wrong, and as long, as so few can tell."""
    import sequential_errors

    _, wrong, deals = row("docs/notebook/matches.md", "table: errors of sprt -->", "normal")[:3]
    found = sequential_errors.simulate(sequential_errors.CASES["normal"], 0.0, 0.05, 200)
    assert abs(np.isin(found[:, 0], (sequential_errors.FIRST, sequential_errors.SECOND)).mean() - float(wrong.rstrip("%")) / 100) < 0.06
    assert found[:, 1].mean() == pytest.approx(float(deals.replace(",", "")), rel=0.15)


@pytest.mark.parametrize("name", ["default", "dcfr"])
def test_variants(name):
    import variants

    solver = Solver(public_tree("kuhn_poker"), variant(name))
    _, _, *shown = next(cells for cells in variants.TABLE.read() if cells[:2] == ["Kuhn", name])
    found = variants.measure(solver)
    for printed, its in zip(shown[:4], found[0], strict=True):
        assert printed == str(its or "-")


def test_holdem_variants_and_storage():
    """On RB: iterations to 0.1 % of the pot, and exploitability in 16 bits and after long solves."""
    import holdem

    game = holdem.SPOTS["RB"].build()

    def share(search: str, iterations: int, storage: type | None = None) -> float:
        solver = BoardSolver(game, variant(search), 1, storage=storage)
        solver.run(iterations)
        return solver.exploitability() / game.pot

    for search in ("dcfr", "dcfr_plus"):
        label = next(
            line.split("|")[1].strip()
            for line in (ROOT / "docs" / "notebook" / "holdem.md").read_text().splitlines()
            if line.startswith(f"| `{search}`")
        )
        its = int(row("docs/notebook/holdem.md", "## The variant", label.strip("`"))[1])
        assert share(search, its - 10) > 0.001 > share(search, its + 10)
    text = (ROOT / "docs" / "notebook" / "holdem.md").read_text()
    for storage, bits in ((None, "32"), (np.float16, "16")):
        line = next(line for line in text.splitlines() if line.startswith(f"| RB | {bits} |"))
        agree(line.split("|")[4], 100 * share("default_holdem", 200, storage), relative=0.05)
    agree(row("docs/notebook/holdem.md", "## Long solves in float32", "now")[0], game.pot * share("default_holdem", 8192), relative=0.3)
