"""The page's server: who is let in, what requests come to, and that none of them breaks it."""

from __future__ import annotations

import json
import re
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from agents.page.guard import MOST_BYTES, loopback
from agents.page.requests import GONE
from agents.page.server import MOST_SESSIONS, STATIC, Offer, Server
from search import Budget
from tests.agents.page.playing import opponent
from tests.agents.page.test_exploring import exploration

HOST = "http://127.0.0.1:8765"
OWN, SOCKETS = {"Origin": HOST}, HOST.replace("http", "ws")
DOINGS = ("act", "undo", "deal", "seconds", "longer", "stop", "other")


@pytest.fixture
def saved():
    return []


@pytest.fixture
def server(saved, tmp_path):
    tables = {name: Offer(name, "about it", lambda name=name: opponent(name), 0.001) for name in ("leduc_poker", "kuhn_poker")}
    made = Server(tables, lambda who, record: saved.append(record), lambda: 1, explored, tmp_path / "outputs")
    yield made
    made.close()


def explored(asked):
    if asked.get("board") != "Td9d6hQc4s":
        raise ValueError("board must be the test's, got another one")
    return exploration()


@pytest.fixture
def client(server):
    return TestClient(server.app, base_url=HOST, headers=OWN)


def idle(client, name):
    """Return what a session shows when the agent has moved."""
    for _ in range(60_000):
        view = client.get(f"/api/sessions/{name}").json()
        if not view["busy"]:
            return view
        time.sleep(0.001)
    raise AssertionError("the agent never moves")


def begun(client, table="kuhn_poker"):
    name = client.post("/api/sessions", json={"table": table}).json()["session"]
    return name, idle(client, name)


def test_the_page_and_its_files_are_served_with_a_policy_that_runs_nothing_else(client):
    page = client.get("/")
    assert page.status_code == 200
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    assert {"/static/page.js", "/static/page.css", "/static/icon.svg"} <= set(files)
    for file in [*files, *(f"/static/{path.name}" for path in STATIC.iterdir())]:
        assert client.get(file).status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script>|<style| style=| on[a-z]+=", page.text)
    scripts = "".join(path.read_text() for path in STATIC.glob("*.js"))
    assert set(re.findall(r"https?://[^\s\"'`$]*", scripts)) <= {"http://www.w3.org/2000/svg"}  # the name of SVG, which is not loaded


def test_a_hand_is_played_from_the_first_request_to_the_last(client, saved):
    assert [table["name"] for table in client.get("/api/tables").json()] == ["leduc_poker", "kuhn_poker"]
    name, view = begun(client)
    while view["status"] == "yours":
        answer = client.post(f"/api/sessions/{name}/act", json={"action": view["actions"][0]["text"]})
        assert answer.status_code == 200
        view = idle(client, name)
    assert view["status"] == "over"
    assert [record["chips"] for record in saved] == [view["result"]["chips"]]
    client.post(f"/api/sessions/{name}/deal")
    assert idle(client, name)["hand"] == 2


def test_a_spot_is_solved_and_looked_at(client):
    made = client.post("/api/explorations", json={"board": "Td9d6hQc4s"})
    name = made.json()["exploration"]
    first = client.post(f"/api/explorations/{name}/node", json={"line": ""}).json()  # before or after the end of the solve
    assert first["actions"][0] == "check"
    with client.websocket_connect(f"{SOCKETS}/api/explorations/{name}/frames") as socket:
        while (view := socket.receive_json()).get("status") != "done":
            pass
    assert view == client.get(f"/api/explorations/{name}").json()
    early = client.post(f"/api/explorations/{name}/node", json={"line": "check", "kept": 0}).json()
    assert early["kept"] == 0
    assert client.post(f"/api/explorations/{name}/cards", json={"line": "check / check"}).json() == {
        "error": "line must end where one card comes and somebody acts behind it, got 'check / check'"
    }
    assert client.post(f"/api/explorations/{name}/stop").json()["status"] == "done"
    for body, error in (
        ({"line": "jump"}, "line must begin with check, bet 100 or all-in 900, got 'jump'"),
        ({"line": ""} | {"kept": "a"}, "kept must be a whole number, got 'a'"),
        ({}, "line must be text, got None"),
    ):
        answer = client.post(f"/api/explorations/{name}/node", json=body)
        assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_what_a_spot_takes_is_told_and_bad_settings_are_no_errors_while_they_are_typed(client, server):
    assert client.post("/api/estimate", json={"board": "Td9d6hQc4s"}).json() == {"text": ""}

    def estimate(asked):
        if asked["board"] != "Td9d6hQc4s":
            raise ValueError("board must be the test's, got another one\nand more")
        return {"text": "1 MB"}

    server._explorations._estimate = estimate
    assert client.post("/api/estimate", json={"board": "Td9d6hQc4s"}).json() == {"text": "1 MB"}
    answer = client.post("/api/estimate", json={"board": "T"})
    assert (answer.status_code, answer.json()) == (200, {"refused": "board must be the test's, got another one"})
    answer = client.post("/api/estimate", json={"board": 1})
    assert (answer.status_code, answer.json()) == (400, {"error": "board must be text, got 1"})


def test_a_socket_tells_what_changes(client):
    name, view = begun(client)
    with client.websocket_connect(f"{SOCKETS}/api/sessions/{name}/frames") as socket:
        assert socket.receive_json()["version"] == view["version"]
        client.post(f"/api/sessions/{name}/act", json={"action": "Pass"})
        versions = [socket.receive_json()["version"]]
        while not (versions and idle(client, name)["version"] == versions[-1]):
            versions.append(socket.receive_json()["version"])
    assert versions == sorted(versions)
    with client.websocket_connect(f"{SOCKETS}/api/sessions/{name}/frames") as socket:  # who comes back sees all of it at once
        assert socket.receive_json() == client.get(f"/api/sessions/{name}").json()


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/api/sessions", b'{"table": "chess"}', 400, "table must be one of leduc_poker, kuhn_poker, got 'chess'"),
        ("/api/sessions", b'{"table": ["leduc_poker"]}', 400, "table must be one of leduc_poker, kuhn_poker, got ['leduc_poker']"),
        ("/api/sessions", b"{", 400, "a request must be JSON, got something else"),
        ("/api/sessions", b"\xff\xfe", 400, "a request must be JSON, got something else"),
        ("/api/sessions", b"[" * 60_000, 400, "a request must be JSON, got something else"),
        ("/api/sessions", b"[1]", 400, "a request must be a JSON object, got something else"),
        ("/api/sessions", b'{"table": "kuhn_poker", "seconds": 1e9}', 400, "seconds must be a number from 0 to 60, got 1000000000.0"),
        ("/api/sessions/none/act", b"{}", 404, "there must be something at this address, got nothing"),
        ("/api/sessions/NAME/act", b"{}", 400, "action must be text, got None"),
        ("/api/sessions/NAME/act", b'{"action": "Fold"}', 400, "action must be Pass or Bet, got 'Fold'"),
        ("/api/sessions/NAME/seconds", b"{}", 400, "seconds must be a number from 0 to 60, got None"),
        ("/api/sessions/NAME/longer", b'{"move": true}', 400, "move must be a whole number, got True"),
        ("/api/sessions/NAME/longer", b'{"move": 9}', 400, "move must be the number of one of the agent's moves, got 9"),
        ("/api/sessions/NAME/deal", b"", 400, "deal must follow the end of a hand, got it before"),
        ("/api/sessions/NAME/jump", b"", 404, "there must be something at this address, got nothing"),
        ("/api/explorations", b'{"board": 1}', 400, "board must be text, got 1"),
        ("/api/explorations", b"{}", 400, "board must be the test's, got another one"),
        ("/api/explorations/none/node", b"{}", 404, "there must be something at this address, got nothing"),
        ("/nothing", b"", 404, "there must be something at this address, got nothing"),
    ],
)
def test_what_cannot_be_done_is_one_line(client, path, body, status, error):
    name, _ = begun(client)
    answer = client.post(path.replace("NAME", name), content=body)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({"Host": "evil.example"}, "Host must be this machine's own, such as 127.0.0.1, got another one"),
        ({"Host": "127.0.0.1.evil.example:8765"}, "Host must be this machine's own, such as 127.0.0.1, got another one"),
        ({"Origin": "http://evil.example"}, "Origin must be the page's own, got another one"),
        ({"Origin": "http://127.0.0.1:1"}, "Origin must be the page's own, got another one"),
        ({"Origin": "null"}, "Origin must be the page's own, got another one"),
        ({"Sec-Fetch-Site": "same-site"}, "Sec-Fetch-Site must be the page's own, got another one"),
        ({"Content-Length": str(MOST_BYTES + 1)}, f"a request must have at most {MOST_BYTES} bytes of known length, got more"),
        ({"Transfer-Encoding": "chunked"}, f"a request must have at most {MOST_BYTES} bytes of known length, got more"),
    ],
)
def test_who_does_not_come_from_the_page_is_turned_away(client, headers, error):
    answer = client.post("/api/sessions", content=b'{"table": "kuhn_poker"}', headers=headers)
    assert (answer.status_code, answer.json()) == (403, {"error": error})
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_socket_of_another_page_is_turned_away(client):
    name, _ = begun(client)
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(f"{SOCKETS}/api/sessions/{name}/frames", headers={"Origin": "http://evil.example"}),
    ):
        pass
    assert refused.value.code == 4403


def test_a_socket_of_no_session_is_closed_with_a_code_of_its_own(client):
    with client.websocket_connect(f"{SOCKETS}/api/sessions/none/frames") as socket, pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_json()
    assert closed.value.code == GONE


def test_another_sites_page_does_not_make_it_work(client):
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)):
        assert client.get("/api/runs", headers={"Sec-Fetch-Site": site}).status_code == status
        assert client.get("/explore", headers={"Sec-Fetch-Site": site}).status_code == 200  # a link


def test_a_socket_ends_when_its_session_goes(client, server):
    name, _ = begun(client)
    with client.websocket_connect(f"{SOCKETS}/api/sessions/{name}/frames") as socket:
        assert socket.receive_json()["version"] > 0
        for _ in range(MOST_SESSIONS):
            begun(client)
        assert socket.receive() == {"type": "websocket.close", "code": GONE, "reason": ""}


@pytest.fixture
def endless(server, monkeypatch):
    """Let the next exploration be one without an end; return a function that begins it."""

    def begin(client):
        monkeypatch.setattr(server._explorations, "_solve", lambda asked: exploration(budget=Budget(seconds=3600.0)))
        return client.post("/api/explorations", json={"board": "Td9d6hQc4s"}).json()["exploration"]

    return begin


def waited(condition):
    """Wait until a condition holds."""
    for _ in range(60_000):
        if condition():
            return
        time.sleep(0.001)
    raise AssertionError("it never holds")


def test_what_is_solved_is_looked_at_while_another_spot_is_solved(client, server, endless):
    first = client.post("/api/explorations", json={"board": "Td9d6hQc4s"}).json()["exploration"]
    waited(lambda: server.explorations[first].view()["status"] == "done")
    second = endless(client)
    waited(lambda: server.explorations[second].view()["status"] == "solving")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(client.post(f"/api/explorations/{first}/node", json={"line": ""})))
    thread.start()
    thread.join(60)
    assert [answer.status_code for answer in answers] == [200]
    assert server.explorations[second].view()["status"] == "solving"


def test_requests_that_wait_are_answered_when_the_server_stops(client, server, endless):
    first = endless(client)
    waited(lambda: server.explorations[first].view()["status"] == "solving")
    second, answers = endless(client), []
    thread = threading.Thread(target=lambda: answers.append(client.post(f"/api/explorations/{second}/node", json={"line": ""})))
    thread.start()
    thread.join(0.1)
    assert not answers  # one thing is thought about at a time
    server.stop()
    thread.join(60)
    assert [answer.json() for answer in answers] == [{"error": "line must wait until the spot is built, got ''"}]


def test_a_solve_that_no_page_listens_to_ends(server, endless, monkeypatch):
    monkeypatch.setattr("agents.page.explorations.LEFT_SECONDS", 0.05)
    with TestClient(server.app, base_url=HOST, headers=OWN) as client:
        name = endless(client)
        waited(lambda: server.explorations[name].view()["status"] == "solving")
        address = f"{SOCKETS}/api/explorations/{name}/frames"
        with client.websocket_connect(address), client.websocket_connect(address):
            pass
        waited(lambda: server.explorations[name].view()["status"] == "done")


def test_beyond_this_machine_a_token_is_wanted_once(tmp_path):
    tables = {"kuhn_poker": Offer("Kuhn", "", lambda: opponent("kuhn_poker"), 0.0)}
    server = Server(tables, lambda who, record: None, lambda: 1, explored, tmp_path, "secret")
    base = "http://192.0.2.7:8765"
    stranger, friend = (TestClient(server.app, base_url=base, headers={"Origin": base}) for _ in range(2))
    for path in ("/", "/?token=other", "/static/page.js", "/api/tables"):
        answer = stranger.get(path)
        assert answer.status_code == 403
        assert answer.json()["error"].startswith("a token must be in the address")
    assert friend.get("/?token=secret").status_code == 200
    cookie = friend.get("/?token=secret").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert cookie.startswith("timebank_8765=")  # ports share cookies, and another server has a token of its own
    assert friend.get("/api/tables").status_code == 200
    assert friend.post("/api/sessions", json={"table": "kuhn_poker"}).status_code == 200
    server.close()


def test_what_is_this_machine():
    assert all(loopback(host) for host in ("127.0.0.1", "127.3.2.1", "::1", "[::1]", "localhost"))
    assert not any(loopback(host) for host in ("0.0.0.0", "::", "192.168.1.2", "localhost.example", ""))


def test_the_oldest_session_goes_when_there_are_too_many(client, server):
    names = [begun(client)[0] for _ in range(MOST_SESSIONS + 2)]
    assert len(server.sessions) == MOST_SESSIONS
    assert client.get(f"/api/sessions/{names[0]}").status_code == 404
    assert client.get(f"/api/sessions/{names[-1]}").status_code == 200


def test_no_answer_has_a_path_of_the_machine(client):
    name, _ = begun(client)
    answers = [
        client.get(path).text for path in ("/api/tables", f"/api/sessions/{name}", "/static/../server.py", "/static/%2e%2e/server.py")
    ]
    assert not any(str(STATIC.parents[2]) in answer or "/home" in answer or "/tmp" in answer for answer in answers)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["Pass", "Bet", "kuhn_poker", "check", "Td9d6hQc4s"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["table", "seconds", "action", "move", "line", "kept", "board", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)


def some_requests(client, count):
    """Send requests of all kinds, of which none must break the server."""
    name, _ = begun(client)
    paths = ["/", "/api/tables", "/api/sessions", "/api/sessions/none", "/static/page.js", "/static/none", f"/api/sessions/{name}"]
    paths += [f"/api/sessions/{name}/{do}" for do in DOINGS]
    spot = client.post("/api/explorations", json={"board": "Td9d6hQc4s"}).json()["exploration"]
    paths += ["/explore", "/api/explorations", f"/api/explorations/{spot}", *(f"/api/explorations/{spot}/{do}" for do in ("node", "stop"))]

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD"]), st.sampled_from(paths), JSON | st.binary(max_size=40))
    def send(method, path, body):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = client.request(method, path, content=content)
        assert answer.status_code in (200, 400, 404, 405)
        if answer.status_code != 200 and method != "HEAD":
            assert list(answer.json()) == ["error"]
            assert "\n" not in answer.json()["error"]

    send()
    assert idle(client, name)["status"] in ("yours", "over")


def test_no_request_breaks_the_server(client):
    some_requests(client, 300)


@pytest.mark.long
def test_no_request_of_thousands_breaks_the_server(client):
    some_requests(client, 5000)
