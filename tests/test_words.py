"""Retired words stay retired: one word names one thing, in code and in docs. A failure says where the word is and which one is today's."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
RETIRED = {  # anywhere in a line: pattern -> today's word
    r"StreetAgent|StreetPlay|HoldemAgent|WholeAgent": "SearchAgent",
    r"Arrival": "Beliefs",
    r"[Ss]trangers?|HoldemStranger": "Bot",
    r"Guarded": "SandboxedBot",
    r"[Ee]ntrants?": "competitors",
    r"play_hand": "play_deal",
    r"DecisionCourse|Course": "DecisionCache",
    r"headway|Teller": "progress",
    r"Thought": "memory",
    r"Refusal|refusals?": "errors, UsageError",
    r"harm|harms": "bound violation",
    r"form_of": "ResolveConfig.name",
    r"left_to_gain": "gadget_exploitability",
    r"mass_at|unseen": "cf_reach",
    r"SoFar|RowsSoFar|Overlay|overlay": "StoredStrategy, Replaced",
    r"must\(": "require(",
    r"BoardRoot": "BoardEntrance",
    r"street_sweep": "resolve_round",
    r"FEW|SHORT|INERTIA": "MIN_TRUSTED_ITERATIONS, WARM_FACTOR, WARM_REGRET_SCALE",
}
IN_AGENTS = {  # of the rooms above the kernels alone
    r"BoardEntrance|forest": "Beliefs, StreetLayout",
}
VAGUE = {  # names of variables that do not say what they hold
    "found", "own", "here", "there", "told", "before", "worth", "enough", "harm", "met", "kept", "thought", "headway"
}  # fmt: skip
PROSE = [*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("conf/**/*.yaml")]
CODE = [path for room in ("games", "search", "agents") for path in (ROOT / room).rglob("*.py")]
AGENTS = [path for path in CODE if path.is_relative_to(ROOT / "agents")]


def uses(text, words):
    """Return a line for each retired word in a text."""
    patterns = {re.compile(rf"(?<!\w)(?:{pattern})(?!\w)"): word for pattern, word in words.items()}
    lines = enumerate(text.splitlines(), 1)
    return [f"{n}: {match[0]}, today {word}" for n, line in lines for p, word in patterns.items() if (match := p.search(line))]


def variables(text):
    """Return the names that a module's code gives to variables, arguments and attributes."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


def test_retired_words_are_in_neither_code_nor_docs():
    wrong = [f"{path.relative_to(ROOT)}:{use}" for path in CODE + PROSE for use in uses(path.read_text(), RETIRED)]
    wrong += [f"{path.relative_to(ROOT)}:{use}" for path in AGENTS for use in uses(path.read_text(), IN_AGENTS)]
    assert not wrong, "\n".join(wrong)


def test_variables_of_agents_say_what_they_hold():
    rooms = [path for path in AGENTS if "apps" not in path.parts]
    wrong = [f"{path.relative_to(ROOT)}:{line}: {name}" for path in rooms for line, name in variables(path.read_text()) if name in VAGUE]
    assert not wrong, "\n".join(wrong)


def test_a_retired_word_is_seen_wherever_it_stands():
    assert uses("agents play\nthe Entrant's harm", RETIRED) == ["2: Entrant, today competitors", "2: harm, today bound violation"]
    assert not uses("harmless, entrance_fee, must be", RETIRED)
    assert list(variables("def f(own):\n    self.found = own\n    for here in ():\n        pass")) == [
        (1, "own"),
        (2, "found"),
        (3, "here"),
    ]
