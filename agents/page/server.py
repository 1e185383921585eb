"""The page's server: static files, sessions, and a socket for what changes while the agent thinks.

One thread does all that takes time, one session after another: thinking is measured in seconds, and two at once would halve each other's.
Requests and their answers are JSON. A request that cannot be done is answered by status 400 and one line, ``{"error": ...}``, as a command
answers.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from agents.page.exploring import Exploration
from agents.page.guard import Guard
from agents.page.report import report_of, runs_in
from agents.page.session import Opponent, Session
from agents.play.hand import Record
from games.settings import shown

STATIC = Path(__file__).parent / "static"
FRAME_SECONDS = 0.2  # between two frames
GONE = 4404  # code of a socket that is closed because there is no such session (any more)
MOST_SESSIONS = 16  # kept; the one that was touched longest ago goes first
MOST_EXPLORATIONS = 4
LEFT_SECONDS = 60.0  # after which a solve ends that no page listens to any more
Save = Callable[[Opponent, Record], None]
Solve = Callable[[Mapping[str, str]], Exploration]
Estimate = Callable[[Mapping[str, str]], Mapping[str, Any]]


@dataclass(frozen=True)
class Offer:
    """A game that the page offers.

    Attributes:
        title: what people call it.
        about: a line about it, and about the agent.
        make: returns whom is played against.
        seconds: of a decision at first.
    """

    title: str
    about: str
    make: Callable[[], Opponent]
    seconds: float


class Server:
    """See the module.

    Args:
        tables: games on offer, by name.
        save: takes each hand that is over.
        seed: returns what a new session's draws depend on.
        solve: returns the exploration of a spot's settings; raises ValueError where they are bad.
        runs: folder whose runs are shown.
        token: see ``agents.page.guard.Guard``.
        estimate: returns what solving a spot's settings takes, with a ``text``; raises ValueError where they are bad.
    """

    def __init__(
        self,
        tables: Mapping[str, Offer],
        save: Save,
        seed: Callable[[], int],
        solve: Solve,
        runs: Path,
        token: str | None = None,
        estimate: Estimate = lambda settings: {"text": ""},
    ) -> None:
        self._estimate = estimate
        self.tables, self._save, self._seed, self._solve, self.runs = tables, save, seed, solve, runs
        self.explorations: dict[str, Exploration] = {}
        self.sessions: dict[str, Session] = {}
        self._thinking = ThreadPoolExecutor(1, "thinking")
        self.app = Starlette(
            routes=[
                Route("/", _index),
                Route("/api/tables", self.list_tables),
                Route("/explore", _explore),
                Route("/results", _results),
                Route("/results/{name:path}", self.report),
                Route("/api/runs", self.list_runs),
                Route("/api/explorations", self.explore, methods=["POST"]),
                Route("/api/estimate", self.estimate, methods=["POST"]),
                Route("/api/explorations/{name}", self.show_exploration),
                Route("/api/explorations/{name}/node", self.node, methods=["POST"]),
                Route("/api/explorations/{name}/cards", self.next_cards, methods=["POST"]),
                Route("/api/explorations/{name}/stop", self.stop_exploration, methods=["POST"]),
                WebSocketRoute("/api/explorations/{name}/frames", self.exploration_frames),
                Route("/api/sessions", self.begin, methods=["POST"]),
                Route("/api/sessions/{name}", self.show),
                Route("/api/sessions/{name}/{do}", self.do, methods=["POST"]),
                WebSocketRoute("/api/sessions/{name}/frames", self.frames),
                Mount("/static", StaticFiles(directory=STATIC)),
            ],
            middleware=[Middleware(Guard, token=token)],
            exception_handlers={ValueError: _refused, HTTPException: _missing},
        )

    def stop(self) -> None:
        """End all thinking: requests that wait for it are answered."""
        for session in self.sessions.values():
            session.close()
        for exploration in self.explorations.values():
            exploration.stop()

    def close(self) -> None:
        """End all thinking, and wait for its end."""
        self.stop()
        self._thinking.shutdown(cancel_futures=True)

    async def list_tables(self, request: Request) -> Response:
        """Return the games on offer."""
        return JSONResponse(
            [{"name": name, "title": table.title, "about": table.about, "seconds": table.seconds} for name, table in self.tables.items()]
        )

    async def begin(self, request: Request) -> Response:
        """Begin a session at a table: ``{"table": name}``, and ``seconds`` of a decision."""
        asked = await _body(request)
        name = asked.get("table")
        table = self.tables.get(name) if isinstance(name, str) else None
        if table is None:
            raise ValueError(f"table must be one of {', '.join(self.tables)}, got {shown(name)}")
        session = Session(table.make, table.title, self._seed(), asked.get("seconds", table.seconds), self._save)
        while len(self.sessions) >= MOST_SESSIONS:
            oldest = min(self.sessions, key=lambda name: self.sessions[name].touched)
            self.sessions.pop(oldest).close()
        made = secrets.token_urlsafe(16)
        self.sessions[made] = session
        self._thinking.submit(session.work)
        return JSONResponse({"session": made} | session.view())

    async def explore(self, request: Request) -> Response:
        """Solve a spot that is to be looked at; its settings are text by key, as ``timebank solve`` has them."""
        asked = _settings(await _body(request))
        exploration = await asyncio.get_running_loop().run_in_executor(None, self._solve, asked)
        while len(self.explorations) >= MOST_EXPLORATIONS:
            oldest = min(self.explorations, key=lambda name: self.explorations[name].touched)
            self.explorations.pop(oldest).stop()
        made = secrets.token_urlsafe(16)
        self.explorations[made] = exploration
        self._thinking.submit(exploration.work, self._serve_ended)
        return JSONResponse({"exploration": made} | exploration.view())

    async def estimate(self, request: Request) -> Response:
        """Return what solving some settings takes; while they are typed, bad ones are no errors: ``{"refused": ...}`` says why."""
        asked = _settings(await _body(request))
        try:
            return JSONResponse(await asyncio.get_running_loop().run_in_executor(None, self._estimate, asked))
        except ValueError as error:
            return JSONResponse({"refused": str(error).splitlines()[0]})

    async def list_runs(self, request: Request) -> Response:
        """Return the runs below the folder of runs."""
        runs = await asyncio.get_running_loop().run_in_executor(None, runs_in, self.runs)
        return JSONResponse([{"name": name} | run for name, run in runs.items()])

    async def report(self, request: Request) -> Response:
        """Return the report of a run."""
        page = await asyncio.get_running_loop().run_in_executor(None, report_of, self.runs, request.path_params["name"])
        if page is None:
            raise HTTPException(404)
        return HTMLResponse(page)

    async def show_exploration(self, request: Request) -> Response:
        """Return how far an exploration is."""
        return JSONResponse(self._exploration(request.path_params["name"]).view())

    async def stop_exploration(self, request: Request) -> Response:
        """End an exploration's solve."""
        exploration = self._exploration(request.path_params["name"])
        exploration.stop()
        return JSONResponse(exploration.view())

    async def node(self, request: Request) -> Response:
        """Return a decision: its ``line``, the number of a ``kept`` answer, or none for the last, and whether ``equity`` is wanted."""
        exploration, asked = self._exploration(request.path_params["name"]), await _body(request)
        return await self._answer(exploration, exploration.ask(_text(asked, "line"), _number(asked), asked.get("equity") is True))

    async def next_cards(self, request: Request) -> Response:
        """Return what each card is worth that may come at the end of a ``line``; see ``node``."""
        exploration, asked = self._exploration(request.path_params["name"]), await _body(request)
        return await self._answer(exploration, exploration.ask_cards(_text(asked, "line"), _number(asked)))

    async def _answer(self, exploration: Exploration, future: Future[Any]) -> Response:
        self._thinking.submit(exploration.serve)  # where it is over; else it answers as it works
        return JSONResponse(await asyncio.wrap_future(future))

    async def exploration_frames(self, socket: WebSocket) -> None:
        """Send how far an exploration is, five times a second while it is at work; it ends when all pages that listen have gone."""
        exploration = self.explorations.get(socket.path_params["name"])
        if exploration is None:
            await self._send(socket, self.explorations)
            return
        exploration.listeners += 1
        try:
            await self._send(socket, self.explorations)
        finally:
            exploration.listeners -= 1
            asyncio.get_running_loop().call_later(LEFT_SECONDS, _end_if_left, exploration)

    async def show(self, request: Request) -> Response:
        """Return what a session's page shows."""
        return JSONResponse(self._session(request.path_params["name"]).view())

    async def do(self, request: Request) -> Response:
        """Do what a person asks for: ``act`` (an ``action``), ``undo``, ``deal``, ``seconds``, ``longer`` (a ``move``) or ``stop``."""
        session, asked = self._session(request.path_params["name"]), await _body(request)
        what = request.path_params["do"]
        session.touched = time.monotonic()
        if what == "act":
            session.act(_text(asked, "action"))
        elif what == "undo":
            session.undo()
        elif what == "deal":
            session.deal()
        elif what == "seconds":
            session.think_for(asked.get("seconds"))
        elif what == "longer":
            session.think_longer(_whole(asked, "move"))
        elif what == "stop":
            session.stop()
        else:
            raise HTTPException(404)
        if what in ("act", "deal", "longer") and session.busy:
            self._thinking.submit(session.work)
        return JSONResponse(session.view())

    async def frames(self, socket: WebSocket) -> None:
        """Send what a session's page shows whenever it changes, and how far the agent is while it thinks, five times a second."""
        await self._send(socket, self.sessions)

    async def _send(self, socket: WebSocket, shown_by_name: Mapping[str, Session | Exploration]) -> None:
        """Send what there is to be seen whenever it changes, and its progress, for as long as it is among what is shown."""
        await socket.accept()
        name, sent = socket.path_params["name"], -1
        listening = asyncio.ensure_future(socket.receive())
        with suppress(WebSocketDisconnect, RuntimeError):  # the browser has gone
            while not listening.done():
                if name not in shown_by_name:
                    await socket.close(GONE)
                    break
                view = shown_by_name[name].view()
                if view["version"] != sent:
                    sent = view["version"]
                    await socket.send_json(view)
                elif "progress" in view:
                    await socket.send_json({"progress": view["progress"], "version": sent})
                await asyncio.wait([listening], timeout=FRAME_SECONDS)
        listening.cancel()

    def _serve_ended(self) -> None:
        """Answer what is asked of spots that are solved, in the thread that thinks, while another one is solved."""
        for exploration in list(self.explorations.values()):
            if exploration.ended:
                exploration.serve()

    def _exploration(self, name: str) -> Exploration:
        if name not in self.explorations:
            raise HTTPException(404)
        self.explorations[name].touched = time.monotonic()
        return self.explorations[name]

    def _session(self, name: str) -> Session:
        if name not in self.sessions:
            raise HTTPException(404)
        return self.sessions[name]


def _end_if_left(exploration: Exploration) -> None:
    if not exploration.listeners:
        exploration.stop()


async def _index(request: Request) -> Response:
    return FileResponse(STATIC / "index.html")


async def _explore(request: Request) -> Response:
    return FileResponse(STATIC / "explore.html")


async def _results(request: Request) -> Response:
    return FileResponse(STATIC / "results.html")


async def _body(request: Request) -> dict[str, Any]:
    """Return a request's JSON, an object; an empty body is an empty one."""
    if not await request.body():
        return {}
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        raise ValueError("a request must be JSON, got something else") from None
    if not isinstance(body, dict):
        raise ValueError("a request must be a JSON object, got something else")
    return body


def _settings(asked: dict[str, Any]) -> dict[str, str]:
    """Return a spot's settings; all of them must be text."""
    wrong = next((key for key, value in asked.items() if not isinstance(value, str)), None)
    if wrong is not None:
        raise ValueError(f"{shown(wrong)[1:-1]} must be text, got {shown(asked[wrong])}")
    return asked


def _text(asked: Mapping[str, Any], key: str) -> str:
    value = asked.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key} must be text, got {shown(value)}")
    return value


def _number(asked: Mapping[str, Any]) -> int | None:
    return None if asked.get("kept") is None else _whole(asked, "kept")


def _whole(asked: Mapping[str, Any], key: str) -> int:
    value = asked.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{key} must be a whole number, got {shown(value)}")
    return value


def _refused(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error).splitlines()[0] if str(error) else "the request must be a legal one"}, 400)


def _missing(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return JSONResponse({"error": "there must be something at this address, got nothing" if status == 404 else "not allowed"}, status)
