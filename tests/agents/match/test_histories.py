"""Every saved hand as PHH: pokerkit reads it back with equal final stacks, and so do we, with times and policies."""

from __future__ import annotations

import pytest

from agents.match.deal import Competitor, check_record
from agents.match.histories import HISTORIES, write_histories
from agents.match.match import Match, hands_folder, play_matches
from agents.no_limit.agent import NoLimitAgent
from games.holdem.config import Holdem
from games.holdem.phh import read_histories
from search import variant
from search.boards.menu_values import UniformMenu
from tests.matching import KUHN, uniform
from tests.sockets import STILL, Evenly, InProcess

pokerkit = pytest.importorskip("pokerkit")

SETTINGS = {"blinds": [50, 100], "stack": 2_000, "min_bet": 100}
NO_LIMIT = Holdem(name="no limit", amounts="any", **SETTINGS).build()
LIMIT = Holdem(name="limit", blinds=[5, 10], stack=1_000, limit=[10, 10, 20, 20], max_raises=[3, 4, 4, 4]).build()


class FullEvenly(Evenly):
    """On the whole deck."""

    def __init__(self):
        self.game = Holdem(bets="50%,100%", raises="100%,a", raise_cap=2, **SETTINGS).build()
        self.at = UniformMenu(self.game).at


class Wrong(InProcess):
    """Bets more than there is on every river."""

    def step(self, observation):
        return observation.checked("bet 1000000") if len(observation.board) == 10 else super().step(observation)


def agent():
    return NoLimitAgent(NO_LIMIT, FullEvenly(), variant("default_holdem"), None)


MATCHES = {
    "an agent and a bot": (lambda: agent(), lambda: InProcess("random_amounts", NO_LIMIT)),
    "two agents": (agent, agent),
    "bots of a limit game": (lambda: InProcess("uniform_random", LIMIT), lambda: InProcess("check_call", LIMIT)),
}


def played(first, second, directory, hands=40):
    match = Match((Competitor("a", first, STILL), Competitor("b", second, STILL)), 2, values="none")
    return match, [record for _, records, _ in play_matches([match], hands, directory=directory) for record in records]


@pytest.mark.parametrize("name", MATCHES)
def test_every_saved_hand_is_read_back_with_equal_final_stacks(name, tmp_path):
    match, records = played(*(make() for make in MATCHES[name]), tmp_path)
    path = write_histories(match, tmp_path)
    assert path == hands_folder(match, tmp_path) / HISTORIES
    stack, by_number = match.game.betting.stack, {2 * r["deal"] + (r["seats"][0] != "a"): r for r in records}
    histories = list(pokerkit.HandHistory.loads_all(path.read_text()))
    assert sorted(history.hand for history in histories) == sorted(by_number)
    for history, ours in zip(histories, read_histories(match.game, path.read_text()), strict=True):
        record = by_number[history.hand]
        won = record["chips"] if history.players[0] == "a" else -record["chips"]
        final = list(history)[-1]
        assert not final.status
        assert list(final.stacks) == [stack + won, stack - won] == history.finishing_stacks
        assert match.game.payoff(ours.state, ours.hands) == -won
        assert ours.fields["_seconds"] == pytest.approx([decision[1] for decision in record["decisions"]], abs=1e-6)
        assert len(ours.fields["_policies"]) == len(ours.fields["_seconds"]) == sum(record["asked"])
        for shares in ours.fields["_policies"]:
            assert not shares or sum(shares.values()) == pytest.approx(1, abs=1e-3)
    assert any(shares for record in records for shares in record["policies"]) == ("agent" in name)
    table = match.table(load=False)
    for record in records:
        check_record(table, record, record["deal"], record["seats"][0] != "a")


def test_a_hand_that_was_forfeited_stops_where_it_was(tmp_path):
    match, records = played(agent(), Wrong("check_call", NO_LIMIT), tmp_path)
    histories = list(pokerkit.HandHistory.loads_all(write_histories(match, tmp_path).read_text()))
    forfeited = [history for history in histories if "_forfeit" in history.user_defined_fields]
    assert 0 < len(forfeited) == sum("fault" in record for record in records) < 40
    for history in forfeited:
        assert history.user_defined_fields["_forfeit"] == "b illegal"
        assert history.user_defined_fields["_chips"] == 2_000
        assert history.finishing_stacks is None
        assert list(history)[-1].status


def test_games_that_phh_has_no_name_for_are_not_written(tmp_path):
    small = [Competitor(name, InProcess("check_call"), STILL) for name in "ab"]
    for pair in ((uniform("a", KUHN), uniform("b", KUHN)), small):
        match = Match(tuple(pair), values="none")
        records = [record for _, part, _ in play_matches([match], 4, directory=tmp_path) for record in part]
        assert len(records) == 4
        assert not any("policies" in record for record in records)
        assert write_histories(match, tmp_path) is None
    assert not list(tmp_path.rglob(HISTORIES))


@pytest.mark.parametrize(("wrong", "rule"), [([{"fold": 2.0}], "a policy must be of numbers from 0 to 1"), ([], "one for each action")])
def test_policies_that_cannot_be_are_no_record(wrong, rule, tmp_path):
    match, records = played(agent(), InProcess("check_call", NO_LIMIT), tmp_path, 4)
    record = records[0]
    table, swapped = match.table(load=False), record["seats"][0] != "a"
    check_record(table, record, record["deal"], swapped)
    with pytest.raises(ValueError, match=rule):
        check_record(table, record | {"policies": wrong * len(record["policies"])}, record["deal"], swapped)
