"""How the first decision is shown: classes of hands, and a colour for every action."""

from __future__ import annotations

import re

import pytest

from agents.reporting.hand_grid import EMPTY, READING, action_colors, by_class, decision_table, plot_decision, write_decision
from games.holdem.cards import FULL_DECK


def decision(actions, hands):
    share = [1 / len(actions)] * len(actions)
    entries = {name: {"strategy": share, "ev": 0.0, "weight": weight} for name, weight in hands.items()}
    return {"player": 0, "actions": actions, "frequencies": share, "hands": entries}


def test_a_class_is_filled_by_the_weight_of_all_its_hands():
    hands = {"AsAh": 1.0, "KsKh": 0.5, "KsKd": 0.25, "AsKs": 1.0, "AsKh": 1.0, "AsQh": 0.3}
    classes = by_class(decision(["check", "bet 1"], hands))
    assert {name: weight for name, (weight, _) in classes.items()} == pytest.approx(
        {"AA": 1 / 6, "KK": 0.75 / 6, "AKs": 1 / 4, "AKo": 1 / 12, "AQo": 0.3 / 12}
    )
    assert by_class(decision(["check"], {"AsAh": 1.0}), suits=2)["AA"][0] == 1
    assert classes["AA"][1] == pytest.approx([0.5, 0.5])


def test_every_action_has_a_colour_and_is_drawn(tmp_path):
    for actions in (["check"], ["fold", "call", "all-in 9"], ["check", *(f"bet {i}" for i in range(40))]):
        assert len(set(action_colors(actions))) == len(actions)
    names = [f"raise {i}" for i in range(30)]
    plot_decision(decision(["fold", "call", *names], {"AsAh": 1.0, "AsKs": 1.0}), FULL_DECK, "many", [tmp_path / "root.svg"])
    drawn = (tmp_path / "root.svg").read_text()
    assert all(f"{name} " in drawn for name in names)
    assert f">{READING}</text>" in drawn.replace("&#39;", "'").replace("&apos;", "'")
    assert all(f">{name}</text>" in drawn for name in ("AA", "AKs", "32o", "22"))
    places = [float(y) for y in re.findall(r"<text [^>]*translate\([\d.]+ ([\d.]+)\)", drawn)]
    assert len(places) >= 169
    assert max(places) < 576  # eight inches: the legend of many actions takes its room from the squares


def test_colours_are_those_of_solvers():
    """Fold blue, check and call green, bets and raises red, the larger the deeper."""
    fold, call, *raises = action_colors(["fold", "call", "raise 4", "raise 9", "all-in 20"])
    assert action_colors(["check"]) == [call]
    red, green, blue = ([int(color[i : i + 2], 16) for color in (fold, call)] for i in (1, 3, 5))
    assert blue[0] > max(red[0], green[0])
    assert green[1] > max(red[1], blue[1])
    assert all(int(color[1:3], 16) > max(int(color[3:5], 16), int(color[5:7], 16)) for color in raises)
    assert [luminance(color) for color in raises] == sorted(map(luminance, raises), reverse=True)


def luminance(color):
    """Of WCAG 2.1: 0 for black, 1 for white."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_names_can_be_read_on_every_colour():
    """4.5 is the contrast that WCAG 2.1 (1.4.3) asks of small text."""
    for actions in (["check"], ["fold", "call", "all-in 9"], ["check", *(f"bet {i}" for i in range(40))]):
        for color in (*action_colors(actions), EMPTY):
            assert (luminance(color) + 0.05) / 0.05 >= 4.5, color


def test_a_decision_that_is_never_come_to_is_told_and_drawn(tmp_path):
    never = decision(["fold", "call"], {"AsAh": 0.0, "AsKs": 0.0}) | {"frequencies": [None, None]}
    assert decision_table(never).count("never here") == 2
    write_decision(never, FULL_DECK, "a long line / " * 20, tmp_path, "node_0")
    assert {path.name for path in tmp_path.iterdir()} == {"node_0.csv", "node_0.png", "node_0.svg"}


def test_classes_that_hardly_ever_come_are_not_named():
    table = decision_table(decision(["check"], {"AsAh": 1.0, "KsKh": 1e-3}))
    assert "AA" in table
    assert "KK" not in table
