"""The goldens: commands whose results must stay as they are. Budgets are iterations, never the clock.

A golden is a list of commands, run one after another in an empty folder. Command number n writes into the folder ``n`` unless it resumes
another one's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

LEDUC, KUHN, ONE_CARD, TWO_CARDS, THREE_CARDS = 13, 2, 162, 162, 162  # chips that a hand can cost at most
RIVER_STAKES, TURN_STAKES = 1000, 400
SERIAL = "executor=serial executor.workers=1"
RIVER = """game=spot game.board=Td9d6hQc4s 'game.ranges=["QQ,AKs,76s","KK-JJ,ATs"]' game.pot=200 game.stack=900"""
TURN = """game=spot game.board=Td9d6hQc 'game.ranges=["QQ,AKs","KK-JJ,ATs:0.5"]' game.pot=100 game.stack=350 'game.bets="60%"'
    'game.raises="75%,a"' 'game.donks="40%"' 'game.menu.oop.turn.bets="50%,a"' 'game.menu.ip.river.bets="33%"'
    game.raise_cap=2 game.add_allin=1.5 game.merging=0.1"""
PROBABILITIES = ("strategy", "frequencies", "weight", "policy:", "share")
GADGETS = ("unsafe", "resolve", "maxmargin", "reach_maxmargin", "refined", "combined")


@dataclass(frozen=True)
class Golden:
    """Commands and what their results are compared by.

    Attributes:
        name: of the golden, and of the file with its values.
        stakes: chips that a hand can cost at most: differences are small or large beside them.
        commands: as a user types them after ``timebank``.
        typed: what each command reads from standard input.
        equal: two folders whose results must be the same: of a resumed run and of an uninterrupted one.
        slow: left out of the default test suite.
        relative: tolerance of stored values.
    """

    name: str
    stakes: float
    commands: tuple[str, ...]
    typed: str = ""
    equal: tuple[str, str] | None = None
    slow: bool = False
    relative: float = 1e-5

    def floor(self, path: str) -> float:
        """Return what a value may be off by however small it is.

        Hold'em is solved in float32, whose sums of chips are off by 2**-23 of what a hand can cost, and probabilities by as much of 1; the
        other games in float64.
        """
        unit = 1e-12 if any(f"game={name}" in self.commands[0] for name in ("kuhn", "leduc", "liars")) else 2**-23
        return unit * (1 if any(name in path for name in PROBABILITIES) else self.stakes)


def lines(*axes: Iterable[str]) -> str:
    """Return a line of ``ablate`` for each combination of settings, named after them."""
    found = []
    for settings in product(*axes):
        text = ", ".join(s for s in settings if s)
        name = "_".join(part.split(":")[1].strip().replace("+", "_").replace(".", "_") for part in text.split(", "))
        found.append(f"'+lines.{name}={{{text}}}'")
    return " ".join(found)


def solve_from(*roots: str) -> list[str]:
    """Return settings of where searches begin."""
    return [f"solve_from: {root}" for root in roots]


EACH_GADGET = [f"gadget: {gadget}" for gadget in GADGETS]
EACH_FORM = [  # every gadget with the bounds and shares of gifts that change it; keys as versions before 0.2 call them, too
    f"gadget: {gadget}, bounds: {bounds}, gift_scale: {gifts}, spread: 0.5"
    for gadget, bounds, gifts in product(GADGETS, ("safe", "estimate", "distributional"), (1, 0.5))
    if not (bounds == "distributional" and gadget.endswith("maxmargin"))
    and not (bounds != "safe" and gadget == "unsafe")
    and not (gifts < 1 and gadget in ("unsafe", "resolve", "maxmargin"))
]
EACH_WARM_START = [f"warm_start: {rule}" for rule in ("never", "short", "always")]

ABLATE = f"ablate unit=iterations agent=tabular {SERIAL}"
MATCH = f"match draws=1 {SERIAL}"
ON_LEDUC = "game=leduc_poker agent.iterations=10"
THINKS = "agent@agents.a=tabular agents.a.think=true"
SHORT_TRAINING = "trainer.advantage.steps=5 trainer.policy.steps=20"

GOLDENS = [
    Golden("solve_kuhn", KUHN, ("solve game=kuhn_poker budget.iterations=100 save=true",)),
    Golden("solve_leduc", LEDUC, ("solve game=leduc_poker budget.iterations=100",)),
    Golden("solve_liars_dice", 1, ("solve game=liars_dice game.numdice=1 game.dice_sides=3 budget.iterations=50 save=true",)),
    Golden(
        "solve_leduc_variants",
        LEDUC,
        tuple(f"solve game=leduc_poker budget.iterations=50 search={name}" for name in ("cfr", "cfr_plus", "pcfr_plus")),
        slow=True,
    ),
    Golden(
        "solve_river_loaded",
        RIVER_STAKES,
        (
            f"solve {RIVER} budget.iterations=50 save=true",
            f'solve {RIVER} budget.iterations=100 load=1/solution.npz save=true \'show=["check","check / bet 100"]\'',
            f'solve {RIVER} budget.iterations=100 save=true \'show=["check","check / bet 100"]\'',
        ),
        equal=("2", "3"),
    ),
    Golden("solve_river_full", 600, ("solve game=spot game.board=Td9d6hQc4s budget.iterations=30",), slow=True),
    Golden("solve_turn_menus", TURN_STAKES, (f"solve {TURN} budget.iterations=40 'show=check / check / 2c'",)),
    Golden("solve_ms1f1", ONE_CARD, ("solve game=ms1f1 budget.iterations=20",)),
    Golden(
        "solve_limit",
        1000,
        ("solve game=flop_holdem game.ranks=QKA game.suits=cdh budget.iterations=30 search=dcfr_plus 'show=call / check / QcKdAh'",),
    ),
    Golden(
        "solve_storage_16",
        RIVER_STAKES,
        (f"solve {RIVER} budget.iterations=50 storage=16 save=true", "solve game=ms1f1 budget.iterations=20 storage=16"),
        slow=True,
        relative=1e-3,  # 16 bits have 11 of mantissa: one that rounds the other way is 5e-4 off
    ),
    Golden(
        "ablate_leduc_gadgets",
        LEDUC,
        (f"{ABLATE} {ON_LEDUC} 'budgets=[0,10]' {lines(solve_from('decision', 'round', 'root'), EACH_GADGET)}",),
    ),
    Golden(
        "ablate_leduc_forms",
        LEDUC,
        (f"{ABLATE} {ON_LEDUC} 'budgets=[5,60]' references=false {lines(solve_from('decision', 'round'), EACH_FORM, EACH_WARM_START)}",),
        slow=True,
    ),
    Golden(
        "ablate_leduc_resumed",
        LEDUC,
        (
            f"{ABLATE} {ON_LEDUC} 'budgets=[0,5]' agent.solve_from=round",
            "ablate resume=1 'budgets=[0,5,20]'",
            f"{ABLATE} {ON_LEDUC} 'budgets=[0,5,20]' agent.solve_from=round",
        ),
        equal=("1", "3"),
    ),
    Golden(
        "ablate_ms1f1_gadgets",
        ONE_CARD,
        (
            f"{ABLATE} game=ms1f1 agent.iterations=20 'budgets=[0,20]' {lines(solve_from('flop'), EACH_GADGET)} "
            f"{lines(solve_from('preflop+flop'), EACH_GADGET[1:2])}",
        ),
    ),
    Golden(
        "ablate_ms1f1_forms",
        ONE_CARD,
        (
            f"{ABLATE} game=ms1f1 agent.iterations=20 'budgets=[10]' {lines(solve_from('flop'), EACH_FORM, EACH_WARM_START)} "
            f"{lines(solve_from('preflop', 'preflop+flop'), EACH_GADGET)}",
        ),
        slow=True,
    ),
    Golden(
        "ablate_ms2f1t1h5",
        TWO_CARDS,
        (
            f"{ABLATE} game=ms2f1t1h5 agent.iterations=20 'agent.buckets=[0,0,50]' 'budgets=[0,10]' "
            f"{lines(solve_from('flop', 'turn', 'flop+turn'), EACH_GADGET)} "
            "'+lines.lossless={buckets: [0,0,0], solve_from: turn, gadget: refined}'",
        ),
        slow=True,
    ),
    Golden(
        "ablate_ms3f1t1r1h5",
        THREE_CARDS,
        (
            f"{ABLATE} game=ms3f1t1r1h5 agent.iterations=5 'agent.buckets=[0,0,0,50]' 'budgets=[0,5]' "
            f"{lines(solve_from('turn'), EACH_GADGET[4:5])} {lines(solve_from('turn+river'), EACH_GADGET[5:])}",
        ),
        slow=True,
    ),
    Golden(
        "match_leduc",
        LEDUC,
        (
            f"{MATCH} game=leduc_poker {THINKS} agents.a.iterations=10 agents.a.budget.iterations=10 "
            "agent@agents.b=tabular agents.b.iterations=10 hands=40",
        ),
    ),
    Golden(
        "match_leduc_resumed",
        LEDUC,
        (
            f"{MATCH} game=leduc_poker {THINKS} agents.a.iterations=10 agents.a.gadget=combined agents.a.solve_from=round "
            "agents.a.budget.iterations=5 agent@agents.b=uniform hands=20",
            "match resume=1 hands=40",
            f"{MATCH} game=leduc_poker {THINKS} agents.a.iterations=10 agents.a.gadget=combined agents.a.solve_from=round "
            "agents.a.budget.iterations=5 agent@agents.b=uniform hands=40",
        ),
        equal=("1", "3"),
    ),
    Golden(
        "match_leduc_bot",
        LEDUC,
        (
            f"{MATCH} game=leduc_poker {THINKS} agents.a.iterations=10 agents.a.budget.iterations=10 "
            "agent@agents.b=bot agents.b.bot=uniform_random salt=s1 hands=40",
        ),
    ),
    Golden(
        "match_ms1f1",
        ONE_CARD,
        (
            f"{MATCH} game=ms1f1 {THINKS} agents.a.iterations=20 agents.a.solve_from=flop agents.a.gadget=refined "
            "agents.a.budget.iterations=20 agent@agents.b=tabular agents.b.iterations=20 hands=40",
        ),
    ),
    Golden(
        "match_ms2f1t1h5_bot",
        TWO_CARDS,
        (
            f"{MATCH} game=ms2f1t1h5 {THINKS} agents.a.iterations=20 agents.a.solve_from=flop+turn agents.a.gadget=combined "
            "agents.a.budget.iterations=10 agent@agents.b=uniform +agent@agents.c=bot agents.c.bot=uniform_random salt=s1 hands=40",
        ),
        slow=True,
    ),
    Golden("play_leduc", LEDUC, ("play game=leduc_poker agent.iterations=20 hands=4 seed=1",), typed="?\nc\n" * 20),
    Golden(
        "play_ms1f1",
        ONE_CARD,
        (
            "play game=ms1f1 agent.iterations=20 agent.think=true agent.solve_from=flop agent.gadget=refined budget.iterations=20 "
            "hands=4 seed=1",
        ),
        typed="?\nc\n" * 20,
        slow=True,
    ),
    Golden(
        "train_leduc_resumed",
        LEDUC,
        (
            f"train game=leduc_poker trainer.iterations=2 {SHORT_TRAINING}",
            "train resume=1 trainer.iterations=4",
            f"train game=leduc_poker trainer.iterations=4 {SHORT_TRAINING}",
            f"ablate game=leduc_poker unit=iterations {SERIAL} agent=search agent.checkpoint=1/policy.safetensors 'budgets=[0,10]'",
        ),
        equal=("1", "3"),
    ),
    Golden(
        "train_ms1f1",
        ONE_CARD,
        (
            "train game=ms1f1 trainer.iterations=2 trainer.advantage.steps=3 trainer.policy.steps=10 trainer.evaluate_from=1",
            f"ablate game=ms1f1 unit=iterations {SERIAL} agent=network agent.checkpoint=1/policy.safetensors 'budgets=[0,10]' "
            f"{lines(solve_from('flop'), EACH_GADGET[4:])}",
        ),
        slow=True,
        relative=2e-3,  # torch's own kernels: narrower vectors move these values by up to 4e-4
    ),
]
BY_NAME = {golden.name: golden for golden in GOLDENS}
