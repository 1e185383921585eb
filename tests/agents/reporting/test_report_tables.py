"""Tables as their readers see them."""

import pytest

from agents.reporting.tables import duration, won


@pytest.mark.parametrize(
    ("chips", "iterations", "text"),
    [
        (0.0, 0, "-"), (9.3e-7, 0, "-"),  # a blueprint alone, in derived games and in hold'em
        (0.0, 20, "+0"), (-0.0125, 20, "-0.0125"),  # a search
        (0.0125, 0, "+0.0125"),  # an agent of somebody's own, which plays otherwise than its blueprint without searching
    ],
)  # fmt: skip
def test_a_dash_stands_beside_a_blueprint_alone(chips, iterations, text):
    assert won({"against_blueprint": {"value": chips}, "iterations": iterations}) == text
    assert won({"against_blueprint": None, "iterations": iterations}) == "-"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0"),
        (2.9e-4, "290 us"),
        (9.996e-4, "1 ms"),
        (0.01, "10 ms"),
        (0.9991, "999 ms"),
        (0.9997, "1 s"),
        (2.54, "2.54 s"),
        (999.7, "1,000 s"),
    ],
)  # fmt: skip
def test_a_duration_is_rounded_to_the_unit_that_it_comes_to(seconds, text):
    assert duration(seconds) == text
