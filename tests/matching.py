"""What tests play matches with: who plays, and the hands of a match."""

from __future__ import annotations

from typing import NamedTuple

from agents import BlueprintAgent, SearchAgent, UniformPolicy, solved_policy
from agents.match.deal import Competitor
from agents.match.match import play_matches
from agents.match.statistics import Tally
from games import public_tree
from search import Budget, variant
from tests.catalogue import UNEVEN, small

KUHN, LEDUC = public_tree("kuhn_poker"), public_tree("leduc_poker")
HOLDEM = small([0, 1, 1], ranges=UNEVEN)
STILL, DCFR = Budget(seconds=0), variant("dcfr")


def blueprint(name, tree=KUHN, iterations=10):
    return Competitor(name, BlueprintAgent(solved_policy(tree, variant("cfr"), iterations)), STILL)


def uniform(name, tree=KUHN):
    return Competitor(name, BlueprintAgent(UniformPolicy(tree)), STILL)


def searcher(name, tree=KUHN, iterations=5):
    return Competitor(name, SearchAgent(solved_policy(tree, variant("cfr"), 10), variant("default")), Budget(iterations=iterations))


def tallied(match, hands, **settings):
    tally = Tally(match)
    for _, records, _ in play_matches([match], hands, **settings):
        tally.add(records)
    return tally


def played(match, hands):
    return [record for _, records, _ in play_matches([match], hands) for record in records]


def without_times(chunks):
    """Hands by match and number, without what the clock says and which decisions were remembered."""
    timed = ("seconds", "load_seconds", "decisions")
    return {(i, r["deal"], *r["seats"]): {k: v for k, v in r.items() if k not in timed} for i, rs, _ in chunks for r in rs}


class Family(NamedTuple):
    """Who plays a game of one family, and what float32 leaves of a value there."""

    weak: Competitor
    strong: Competitor
    search: Competitor
    rounding: float
