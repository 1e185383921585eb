"""A person's game at the page: what it shows, what a person may do when, and what the drawer tells."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest

from agents.page.session import Opponent, Session
from games.game import find_decision
from search import Budget
from tests.agents.page.playing import Waiting, act_on, opponent, session


def played(seed=1, hands=1, who=None, **settings):
    """Return a session in which a person checked or called to the end, and the hands that were saved."""
    saved = []
    at = session(who, seed=seed, saved=saved, **settings)
    at.work()
    for hand in range(hands):
        while at.view()["status"] == "yours":
            act_on(at)
        if hand + 1 < hands:
            at.deal()
            at.work()
    return at, saved


def test_before_the_agent_is_loaded_there_is_no_table():
    at = session()
    assert at.view()["status"] == "loading"
    assert "yours" not in at.view()
    at.work()
    assert at.view()["status"] == "yours"


def test_hands_are_played_saved_and_counted_once():
    at, saved = played(hands=4)
    assert [record["hand"] for record in saved] == [0, 1, 2, 3]
    assert [record["you"] for record in saved] == [0, 1, 0, 1]
    assert at.view()["played"] == 4
    assert at.view()["total"] == sum(record["chips"] for record in saved)
    assert at.view()["result"]["chips"] == saved[-1]["chips"]


def test_equal_seeds_deal_equal_hands():
    hands = [[record["hands"] for record in played(seed, hands=3)[1]] for seed in (1, 1, 2)]
    assert hands[0] == hands[1] != hands[2]


def test_a_view_is_json_and_never_has_what_the_agent_holds_before_the_end():
    game = opponent().agent.game
    for seed in range(20):
        at = session(seed=seed)
        at.work()
        view = at.view()
        assert json.loads(json.dumps(view)) == view
        its = game.hand_name(1, at._hand.hands[1])
        assert "result" not in view
        assert its not in json.dumps({key: value for key, value in view.items() if key not in ("yours", "thoughts")})


def test_what_is_told_does_not_depend_on_what_the_agent_holds(monkeypatch):
    game, told = opponent().agent.game, []
    state = find_decision(game, "Call", "line")
    for its in range(1, game.num_hands[1]):
        monkeypatch.setattr(type(game), "deal", lambda self, u, its=its: (0, its))
        monkeypatch.setattr("agents.play.hand.drawn", lambda weights, u: 0)  # every hand acts alike
        at = session(seconds=0.0)
        at.work()
        at.act(game.actions(game.root)[0].text)
        at.work()
        assert at._hand.moves[1].above == state
        told.append({key: value for key, value in at.view()["thoughts"]["1"].items() if key != "seconds"})
    assert len(told) == 5
    assert all(one == told[0] for one in told)


def test_the_drawer_has_what_the_agent_did_with_and_without_thinking():
    at, _ = played(seconds=0.05)
    told = at.view()["thoughts"]["1"]
    agent = opponent().agent
    state = find_decision(agent.game, " / ".join(told["line"]), "line")
    before = agent.decide(1, state, None, Budget(seconds=0)).policy
    weights = agent.game.cf_reach(state, 1, agent.game.ranges[0] * agent.decide(0, agent.game.root, None, Budget(seconds=0)).policy[0])
    np.testing.assert_allclose(told["before"], before @ (weights / weights.sum()), atol=1e-3)
    assert told["iterations"] > 0
    assert sum(told["after"]) == pytest.approx(1.0, abs=1e-3)
    assert sum(row["share"] for row in told["hands"]) == pytest.approx(1.0, abs=1e-3)
    assert sum(row["share"] for row in told["opponent"]) == pytest.approx(1.0, abs=1e-3)
    assert len(told["actions"]) == len(told["before"]) == len(told["hands"][0]["after"])


def test_a_value_is_what_the_range_wins_by_the_blueprint():
    at, _ = played(who=opponent("kuhn_poker", thinks=False))
    told, game = at.view()["thoughts"]["1"], opponent("kuhn_poker", thinks=False).agent.game
    assert told["line"] == ["Pass"]
    policy = opponent("kuhn_poker", thinks=False).agent.blueprint
    total = won = 0.0
    for mine in range(3):
        for its in range(3):
            if mine != its:
                state = find_decision(game, "Pass", "line")
                reach = policy.at(game.root)[0][mine]
                total += reach
                won -= reach * _expected(game, policy, state, (mine, its))
    assert told["worth"] == f"{won / total:+.3f} chips, by its blueprint"


def _expected(game, policy, state, hands):
    """Return player 0's chips from a state on, by the blueprint."""
    if game.settled(state):
        return game.payoff(state, hands)
    shares = policy.at(state)[:, hands[game.player(state)]]
    return sum(
        share * _expected(game, policy, game.child(state, action), hands) for share, action in zip(shares, game.actions(state), strict=True)
    )


def test_a_move_is_taken_back_and_draws_nothing_anew():
    at = session(seed=5)
    at.work()
    before = at.view()
    act_on(at)
    first = at.view()
    if first["status"] == "yours":
        at.undo()
        assert {key: at.view()[key] for key in ("log", "actions", "yours", "thoughts")} == {
            key: before[key] for key in ("log", "actions", "yours", "thoughts")
        }
        act_on(at)
        assert at.view()["log"] == first["log"]
    assert first["status"] == "yours"


def test_another_time_holds_from_the_next_decision_on_also_for_one_that_was_taken_back():
    at = session(seed=5, seconds=0.0)
    at.work()
    act_on(at)
    assert at.view()["thoughts"]["1"]["iterations"] == 0
    at.undo()
    at.think_for(0.05)
    act_on(at)
    told = at.view()["thoughts"]["1"]
    assert told["iterations"] > 0
    assert told["asked"] == 0.05


def test_longer_thinking_is_told_beside_and_changes_nothing_of_the_hand():
    at = session(seed=5, seconds=0.005)
    at.work()
    act_on(at)
    before = at.view()
    at.think_longer(1)
    assert at.view()["status"] == "thinking"
    at.work()
    after = at.view()
    assert after["thoughts"]["1"]["longer"]["iterations"] > after["thoughts"]["1"]["iterations"]
    assert after["thoughts"]["1"]["after"] == before["thoughts"]["1"]["after"]
    assert after["log"] == before["log"]


def test_an_agent_that_is_stopped_answers_at_once():
    agent = Waiting()
    at = session(Opponent(agent, None, "Kuhn"), seconds=60.0)
    at.work()
    at.act("Pass")
    thread = threading.Thread(target=at.work)
    thread.start()
    assert agent.begun.wait(60)
    view = at.view()
    assert view["status"] == "thinking"
    assert view["progress"]["seconds"] >= 0
    for what, do in {"act": lambda: at.act("Pass"), "undo": at.undo, "deal": at.deal, "longer": lambda: at.think_longer(1)}.items():
        with pytest.raises(ValueError, match=f"^{what} must wait for the agent, got it while the agent thinks$"):
            do()
    at.stop()
    thread.join(60)
    assert at.view()["status"] in ("yours", "over")


def test_a_stop_while_it_waits_holds_for_its_first_decision():
    agent = Waiting()
    at = session(Opponent(agent, None, "Kuhn"), seconds=60.0)
    at.work()
    at.act("Pass")
    at.stop()
    thread = threading.Thread(target=at.work)
    thread.start()
    thread.join(60)
    ended = not thread.is_alive()
    agent.go.set()
    assert ended


def test_progress_is_of_the_work_at_hand():
    at = session(seed=5)
    at.work()
    act_on(at)
    at._begun -= 1000.0  # the last decision was long ago
    at.act(next(action["text"] for action in at.view()["actions"] if action["kind"] == "pass"))
    progress = at.view()["progress"]
    assert progress["waits"]
    assert 0 <= progress["seconds"] < 1000
    assert progress["iterations"] == 0


def test_a_session_that_is_closed_loads_and_thinks_no_more():
    at = Session(lambda: pytest.fail("it is loaded"), "Kuhn", 1, 0.0, lambda opponent, record: None)
    at.close()
    at.work()
    agent = Waiting()
    at = session(Opponent(agent, None, "Kuhn"), seconds=60.0)
    at.work()
    at.act("Pass")
    at.close()
    at.work()
    assert not agent.begun.is_set()


def test_a_hand_that_cannot_be_saved_is_told_and_saved_with_the_next():
    full, saved = [True], []

    def save(_, record):
        if full[0]:
            raise OSError("hands.jsonl must be a file that can be written, got No space left on device")
        saved.append(record)

    at = Session(lambda: opponent("kuhn_poker"), "Kuhn", 1, 0.0, save)
    at.work()
    for hand in (0, 1):
        while at.view()["status"] == "yours":
            act_on(at)
        assert at.view()["status"] == "over"
        assert at.view()["played"] == hand + 1
        if hand == 0:
            assert at.view()["error"] == "hands.jsonl must be a file that can be written, got No space left on device"
            full[0] = False
            at.deal()
            at.work()
            assert at.view()["error"] == ""
    assert [record["hand"] for record in saved] == [0, 1]


def test_an_error_of_the_agent_goes_when_the_move_is_taken_back():
    agent = Waiting(ZeroDivisionError("by zero"))
    at = session(Opponent(agent, None, "Kuhn"), seconds=1.0)
    at.work()
    agent.go.set()
    at.act("Pass")
    at.work()
    assert (at.view()["status"], at.view()["error"]) == ("failed", "by zero")
    with pytest.raises(ValueError, match=r"^act must come at your turn, got it at the agent's$"):
        at.act("Pass")
    agent.error = None
    at.undo()
    assert (at.view()["status"], at.view()["error"]) == ("yours", "")
    at.act("Pass")
    at.work()
    assert at.view()["status"] in ("yours", "over")


def test_an_agent_that_breaks_is_told_in_one_line():
    agent = Waiting(ZeroDivisionError("by\nzero"))
    at = session(Opponent(agent, None, "Kuhn"), seconds=1.0)
    at.work()
    agent.go.set()
    at.act("Pass")
    at.work()
    assert at.view()["status"] == "failed"
    assert at.view()["error"] == "by"

    def broken():
        raise ValueError("game must be one, got none")

    at = Session(broken, "none", 1, 0.0, lambda opponent, record: None)
    at.work()
    assert (at.view()["status"], at.view()["error"]) == ("failed", "game must be one, got none")


@pytest.mark.parametrize(
    ("do", "error"),
    [
        (lambda at: at.act("fold"), "^action must be Pass or Bet, got 'fold'$"),
        (lambda at: at.undo(), "^undo must follow a move of yours, got none$"),
        (lambda at: at.deal(), "^deal must follow the end of a hand, got it before$"),
        (lambda at: at.think_longer(7), "^move must be the number of one of the agent's moves, got 7$"),
        (lambda at: at.think_for(-1), "^seconds must be a number from 0 to 60, got -1$"),
        (lambda at: at.think_for(float("nan")), "^seconds must be a number from 0 to 60, got nan$"),
        (lambda at: at.think_for("1"), "^seconds must be a number from 0 to 60, got '1'$"),
        (lambda at: at.think_for(True), "^seconds must be a number from 0 to 60, got True$"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(do, error):
    at = session(opponent("kuhn_poker"))
    at.work()
    before = at.view()
    with pytest.raises(ValueError, match=error):
        do(at)
    assert at.view() == before


def test_a_hand_that_is_over_stays_so():
    at, saved = played(who=opponent("kuhn_poker"))
    for do in (at.undo, lambda: at.act("Pass")):
        with pytest.raises(ValueError, match=r"over"):
            do()
    assert len(saved) == 1
