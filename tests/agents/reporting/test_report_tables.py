"""Tables as their readers see them."""

import pytest

from agents.reporting.tables import won


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
