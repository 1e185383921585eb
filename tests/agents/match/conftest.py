"""The families of games that matches are played in."""

import pytest

from agents import BlueprintAgent, SearchAgent
from agents.board_blueprint import make_blueprint
from agents.match.deal import Competitor
from search import Budget
from search.resolving import ResolveConfig
from tests.matching import DCFR, HOLDEM, LEDUC, STILL, Family, blueprint, searcher


@pytest.fixture(scope="module", params=["derived", "hold'em"])
def family(request, tmp_path_factory):
    if request.param == "derived":
        return Family(blueprint("weak", LEDUC), blueprint("strong", LEDUC, 30), searcher("search", LEDUC), 1e-12)
    weak, strong = (make_blueprint(HOLDEM, (), DCFR, n, tmp_path_factory.mktemp("blueprint")) for n in (1, 30))
    thinking = SearchAgent(weak, DCFR, "flop", ResolveConfig("resolve"))
    still = [Competitor(name, BlueprintAgent(made), STILL) for name, made in (("weak", weak), ("strong", strong))]
    return Family(*still, Competitor("search", thinking, Budget(iterations=20)), 2e-5)
