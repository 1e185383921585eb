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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from agents.page.explorations import Estimate, Explorations, Solve
from agents.page.exploring import Exploration
from agents.page.guard import Guard
from agents.page.report import report_of, runs_in
from agents.page.requests import body_of, send_changes, text_of, whole_of
from agents.page.session import Opponent, Session
from agents.play.hand import Record
from games.settings import shown

STATIC = Path(__file__).parent / "static"
MOST_SESSIONS = 16  # kept; the one that was touched longest ago goes first
Save = Callable[[Opponent, Record], None]


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
        self.tables, self._save, self._seed, self.runs = tables, save, seed, runs
        self.sessions: dict[str, Session] = {}
        self._thinking = ThreadPoolExecutor(1, "thinking")
        self._explorations = Explorations(solve, estimate, self._thinking)
        self.app = Starlette(
            routes=[
                Route("/", _index),
                Route("/api/tables", self.list_tables),
                Route("/explore", _explore),
                Route("/results", _results),
                Route("/results/{name:path}", self.report),
                Route("/api/runs", self.list_runs),
                *self._explorations.routes(),
                Route("/api/sessions", self.begin, methods=["POST"]),
                Route("/api/sessions/{name}", self.show),
                Route("/api/sessions/{name}/{do}", self.do, methods=["POST"]),
                WebSocketRoute("/api/sessions/{name}/frames", self.frames),
                Mount("/static", StaticFiles(directory=STATIC)),
            ],
            middleware=[Middleware(Guard, token=token)],
            exception_handlers={ValueError: _refused, HTTPException: _missing},
        )

    @property
    def explorations(self) -> dict[str, Exploration]:
        """Spots that can be looked at, by name."""
        return self._explorations.by_name

    def stop(self) -> None:
        """End all thinking: requests that wait for it are answered."""
        for session in self.sessions.values():
            session.close()
        self._explorations.stop()

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
        asked = await body_of(request)
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

    async def show(self, request: Request) -> Response:
        """Return what a session's page shows."""
        return JSONResponse(self._session(request.path_params["name"]).view())

    async def do(self, request: Request) -> Response:
        """Do what a person asks for: ``act`` (an ``action``), ``undo``, ``deal``, ``seconds``, ``longer`` (a ``move``) or ``stop``."""
        session, asked = self._session(request.path_params["name"]), await body_of(request)
        what = request.path_params["do"]
        session.touched = time.monotonic()
        if what == "act":
            session.act(text_of(asked, "action"))
        elif what == "undo":
            session.undo()
        elif what == "deal":
            session.deal()
        elif what == "seconds":
            session.think_for(asked.get("seconds"))
        elif what == "longer":
            session.think_longer(whole_of(asked, "move"))
        elif what == "stop":
            session.stop()
        else:
            raise HTTPException(404)
        if what in ("act", "deal", "longer") and session.busy:
            self._thinking.submit(session.work)
        return JSONResponse(session.view())

    async def frames(self, socket: WebSocket) -> None:
        """Send what a session's page shows whenever it changes, and how far the agent is while it thinks, five times a second."""
        await send_changes(socket, self.sessions)

    def _session(self, name: str) -> Session:
        if name not in self.sessions:
            raise HTTPException(404)
        return self.sessions[name]


async def _index(request: Request) -> Response:
    return FileResponse(STATIC / "index.html")


async def _explore(request: Request) -> Response:
    return FileResponse(STATIC / "explore.html")


async def _results(request: Request) -> Response:
    return FileResponse(STATIC / "results.html")


def _refused(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error).splitlines()[0] if str(error) else "the request must be a legal one"}, 400)


def _missing(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return JSONResponse({"error": "there must be something at this address, got nothing" if status == 404 else "not allowed"}, status)
