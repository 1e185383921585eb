"""Matches that stop when they are decided: the same whatever plays them, in whatever order hands come, and when they go on."""

import numpy as np
import pytest

from agents.match.match import Match, play_matches
from agents.match.report import report_text
from agents.match.sequential import LEAST_DEALS, SECOND, SPRT, UNDECIDED
from agents.match.statistics import Tally, describe, match_row
from agents.match.stopping import Watch, pairs_of, stop_text
from tests.agents.match.test_match_bots import passing
from tests.matching import blueprint, tallied, uniform

HANDS, RULE = 8000, SPRT(0.005)  # decides after some 1,100 deals


class Backwards:
    """An executor whose tasks end in the other order."""

    workers = 1

    def map(self, function, tasks):
        for i in reversed(range(len(tasks))):
            yield i, function(tasks[i])


def match(**settings):
    return Match((blueprint("a"), uniform("b")), 3, **{"values": "none"} | settings)


def stopped(match, rule=RULE, hands=HANDS, **settings):
    tally = Tally(match)
    watch = Watch(rule, tally, hands)
    now = 0
    for _, records, new in play_matches([match], hands, over=watch.over, **settings):
        tally.add(records)
        now += new * len(records)
    return tally, watch, now


def without_beyond(watch):
    return {key: value for key, value in watch.row().items() if key != "beyond_hands"}


@pytest.mark.parametrize(("duplicate", "margin"), [(True, 0.005), (False, 0.02)])
def test_it_stops_at_the_same_deal_in_whatever_order_parts_end(duplicate, margin):
    forward, one, _ = stopped(match(duplicate=duplicate), SPRT(margin))
    backward, other, _ = stopped(match(duplicate=duplicate), SPRT(margin), executor=Backwards())
    assert one.decided == "a"
    assert 1000 <= one.row()["hands"] < forward.played < backward.played == HANDS
    assert other.row()["beyond_hands"] == HANDS - other.row()["hands"]
    assert without_beyond(one) == without_beyond(other)
    assert forward.estimates() == backward.estimates()
    assert forward.seats() == backward.seats()
    assert forward.hands == backward.hands == one.row()["hands"]
    assert match_row(forward, None, None, one.row())["waiting_hands"] == 0


def test_what_is_counted_is_a_match_of_as_many_hands():
    tally, watch, _ = stopped(match())
    assert tally.estimates() == tallied(match(), watch.row()["hands"]).estimates()


def test_it_goes_on_to_the_same_deal_and_plays_nothing_more(tmp_path):
    tally, watch, _ = stopped(match(), directory=tmp_path)
    _, again, now = stopped(match(), directory=tmp_path, hands=2 * HANDS)
    assert now == 0
    assert again.row() == watch.row()
    assert watch.row()["beyond_hands"] == tally.beyond > 0
    list(play_matches([match()], 700, directory=tmp_path / "cut"))  # as if it had been killed there
    _, resumed, now = stopped(match(), directory=tmp_path / "cut")
    assert now > 0
    assert without_beyond(resumed) == without_beyond(watch)


def test_the_loser_may_be_first_and_even_is_an_answer():
    _, watch, _ = stopped(Match((uniform("a"), blueprint("b")), 3, values="none"))
    assert (watch.decision, watch.decided) == (SECOND, "b")
    _, watch, _ = stopped(Match((blueprint("a", iterations=30), blueprint("b", iterations=60)), 3, values="none"), SPRT(0.4))
    assert watch.decided == "even"
    assert "neither wins 0.4 chips a hand" in stop_text(watch.row())


def test_a_value_that_is_known_exactly_decides_before_the_least_deals():
    _, watch, _ = stopped(match(values="blueprint"))
    assert watch.decided == "a"
    assert watch.row()["hands"] < 2 * LEAST_DEALS


def test_two_who_play_alike_are_not_decided():
    _, watch, now = stopped(Match((blueprint("a"), blueprint("b")), values="none"), hands=1200)
    assert now == 1200
    assert watch.decision == UNDECIDED
    assert "not decided after 1,200 hands (sprt: LLR a" in stop_text(watch.row())


def test_it_is_told(tmp_path):
    tally, watch, _ = stopped(match())
    row = match_row(tally, None, None, watch.row())
    text = report_text([row], describe([tally.match]), [tally], tmp_path)
    assert f"a - b: decided after {row['hands']:,} hands: a wins (sprt: LLR a +" in text
    assert "are kept, not counted; the mean of a match that stops when it is decided is biased" in text
    early = Watch(RULE, Tally(match()), HANDS)
    assert early.live() == "sprt a +0.00 b +0.00, 500 more deals (-2.97 to 3.64)"


@pytest.mark.parametrize("duplicate", [True, False])
def test_pairs_are_deals_or_have_one_hand_in_each_seat(duplicate):
    blocks = list(pairs_of(match(duplicate=duplicate), 1030))
    assert [len(block) for block in blocks] == [50] * 10  # and 15 that are not looked at
    pairs = np.concatenate(blocks)
    assert len(np.unique(pairs)) == 1000
    assert (pairs % 2 == [0, 1]).all()
    assert (np.diff(pairs[:, 0]) > 0).all()
    assert (pairs[:, 0] // 2 == pairs[:, 1] // 2).all() == duplicate


def test_with_a_bot_deals_are_done_in_the_order_of_their_second_halves():
    bots = Match((blueprint("a"), passing()), 3, values="none", salt="s1")
    pairs = np.concatenate(list(pairs_of(bots, 2000)))
    first, second = bots.rounds_of_play(2000)
    assert pairs[:, 0].tolist() == list(second)
    assert sorted(pairs[:, 1].tolist()) == sorted(first)
    assert (pairs[:, 0] // 2 == pairs[:, 1] // 2).all()
    tally, watch, _ = stopped(bots, SPRT(0.2), 2400)
    _, backward, _ = stopped(bots, SPRT(0.2), 2400, executor=Backwards())
    assert without_beyond(watch) == without_beyond(backward)
    assert watch.decided is not None
    assert tally.hands == watch.row()["hands"] < 2400
    counted = tally.estimates()["duplicate"].mean
    every = {2 * r["deal"] + (r["seats"][0] != "a"): r["chips"] for _, rs, _ in play_matches([bots], 2400) for r in rs}
    assert counted == pytest.approx(np.mean([every[n] for n in pairs_up_to(bots, 2400, watch.row()["hands"])]))


def pairs_up_to(match, hands, most):
    return np.concatenate(list(pairs_of(match, hands))).ravel()[:most].tolist()
