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
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from agents.page.guard import Guard
from agents.page.session import Opponent, Session
from agents.play.hand import Record
from games.settings import shown

STATIC = Path(__file__).parent / "static"
FRAME_SECONDS = 0.2  # between two frames
GONE = 4404  # code of a socket that is closed because there is no such session (any more)
MOST_SESSIONS = 16  # kept; the one that was touched longest ago goes first
Save = Callable[[Opponent, Record], None]


@dataclass(frozen=True)
class Table:
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
        token: see ``agents.page.guard.Guard``.
    """

    def __init__(self, tables: Mapping[str, Table], save: Save, seed: Callable[[], int], token: str | None = None) -> None:
        self.tables, self._save, self._seed = tables, save, seed
        self.sessions: dict[str, Session] = {}
        self._thinking = ThreadPoolExecutor(1, "thinking")
        self.app = Starlette(
            routes=[
                Route("/", _index),
                Route("/api/tables", self.list_tables),
                Route("/api/sessions", self.begin, methods=["POST"]),
                Route("/api/sessions/{name}", self.show),
                Route("/api/sessions/{name}/{do}", self.do, methods=["POST"]),
                WebSocketRoute("/api/sessions/{name}/frames", self.frames),
                Mount("/static", StaticFiles(directory=STATIC)),
            ],
            middleware=[Middleware(Guard, token=token)],
            exception_handlers={ValueError: _refused, HTTPException: _missing},
        )

    def close(self) -> None:
        """End all thinking."""
        for session in self.sessions.values():
            session.stop()
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
            self.sessions.pop(oldest).stop()
        made = secrets.token_urlsafe(16)
        self.sessions[made] = session
        self._work(session)
        return JSONResponse({"session": made} | session.view())

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
            self._work(session)
        return JSONResponse(session.view())

    async def frames(self, socket: WebSocket) -> None:
        """Send what a session's page shows whenever it changes, and how far the agent is while it thinks, five times a second."""
        session = self.sessions.get(socket.path_params["name"])
        await socket.accept()
        if session is None:
            await socket.close(GONE)
            return
        sent = -1
        with suppress(WebSocketDisconnect, RuntimeError):  # the browser has gone
            listening = asyncio.ensure_future(socket.receive())
            while not listening.done():
                view = session.view()
                if view["version"] != sent:
                    sent = view["version"]
                    await socket.send_json(view)
                elif "progress" in view:
                    await socket.send_json({"progress": view["progress"], "version": sent})
                await asyncio.wait([listening], timeout=FRAME_SECONDS)

    def _session(self, name: str) -> Session:
        if name not in self.sessions:
            raise HTTPException(404)
        return self.sessions[name]

    def _work(self, session: Session) -> None:
        self._thinking.submit(session.work)


async def _index(request: Request) -> Response:
    return FileResponse(STATIC / "index.html")


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


def _text(asked: Mapping[str, Any], key: str) -> str:
    value = asked.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key} must be text, got {shown(value)}")
    return value


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
