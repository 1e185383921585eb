"""Spots that are solved and looked at: the routes of the page's server that have to do with them."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from agents.page.exploring import Exploration
from agents.page.requests import body_of, number_of, send_changes, settings_of, text_of

MOST_EXPLORATIONS = 4
LEFT_SECONDS = 60.0  # after which a solve ends that no page listens to any more
Solve = Callable[[Mapping[str, str]], Exploration]
Estimate = Callable[[Mapping[str, str]], Mapping[str, Any]]


class Explorations:
    """See the module.

    Args:
        solve: returns the exploration of a spot's settings; raises ValueError where they are bad.
        estimate: returns what solving a spot's settings takes, with a ``text``; raises ValueError where they are bad.
        thinking: the one thread that does all that takes time.

    Attributes:
        by_name: those that can be looked at.
    """

    def __init__(self, solve: Solve, estimate: Estimate, thinking: Executor) -> None:
        self._solve, self._estimate, self._thinking = solve, estimate, thinking
        self.by_name: dict[str, Exploration] = {}

    def routes(self) -> list[BaseRoute]:
        """Return what is served."""
        return [
            Route("/api/explorations", self.explore, methods=["POST"]),
            Route("/api/estimate", self.estimate, methods=["POST"]),
            Route("/api/explorations/{name}", self.show_exploration),
            Route("/api/explorations/{name}/node", self.node, methods=["POST"]),
            Route("/api/explorations/{name}/cards", self.next_cards, methods=["POST"]),
            Route("/api/explorations/{name}/stop", self.stop_exploration, methods=["POST"]),
            WebSocketRoute("/api/explorations/{name}/frames", self.exploration_frames),
        ]

    def stop(self) -> None:
        """End all thinking."""
        for exploration in self.by_name.values():
            exploration.stop()

    async def explore(self, request: Request) -> Response:
        """Solve a spot that is to be looked at; its settings are text by key, as ``timebank solve`` has them."""
        asked = settings_of(await body_of(request))
        exploration = await asyncio.get_running_loop().run_in_executor(None, self._solve, asked)
        while len(self.by_name) >= MOST_EXPLORATIONS:
            oldest = min(self.by_name, key=lambda name: self.by_name[name].touched)
            self.by_name.pop(oldest).stop()
        made = secrets.token_urlsafe(16)
        self.by_name[made] = exploration
        self._thinking.submit(exploration.work, self._serve_ended)
        return JSONResponse({"exploration": made} | exploration.view())

    async def estimate(self, request: Request) -> Response:
        """Return what solving some settings takes; while they are typed, bad ones are no errors: ``{"refused": ...}`` says why."""
        asked = settings_of(await body_of(request))
        try:
            return JSONResponse(await asyncio.get_running_loop().run_in_executor(None, self._estimate, asked))
        except ValueError as error:
            return JSONResponse({"refused": str(error).splitlines()[0]})

    async def show_exploration(self, request: Request) -> Response:
        """Return how far an exploration is."""
        return JSONResponse(self._exploration(request.path_params["name"]).view())

    async def stop_exploration(self, request: Request) -> Response:
        """End an exploration's solve."""
        exploration = self._exploration(request.path_params["name"])
        exploration.stop()
        return JSONResponse(exploration.view())

    async def node(self, request: Request) -> Response:
        """Return a decision: its ``line``, the number of a ``kept`` answer, or none for the last, and whether ``equity`` is wanted.

        With ``lock`` return what a lock of it says.
        """
        exploration, asked = self._exploration(request.path_params["name"]), await body_of(request)
        wishes = asked.get("equity") is True, asked.get("lock") is True
        return await self._answer(exploration, exploration.ask(text_of(asked, "line"), number_of(asked), *wishes))

    async def next_cards(self, request: Request) -> Response:
        """Return what each card is worth that may come at the end of a ``line``; see ``node``."""
        exploration, asked = self._exploration(request.path_params["name"]), await body_of(request)
        return await self._answer(exploration, exploration.ask_cards(text_of(asked, "line"), number_of(asked)))

    async def _answer(self, exploration: Exploration, future: Future[Any]) -> Response:
        self._thinking.submit(exploration.serve)  # where it is over; else it answers as it works
        return JSONResponse(await asyncio.wrap_future(future))

    async def exploration_frames(self, socket: WebSocket) -> None:
        """Send how far an exploration is, five times a second while it is at work; it ends when all pages that listen have gone."""
        exploration = self.by_name.get(socket.path_params["name"])
        if exploration is None:
            await send_changes(socket, self.by_name)
            return
        exploration.listeners += 1
        try:
            await send_changes(socket, self.by_name)
        finally:
            exploration.listeners -= 1
            asyncio.get_running_loop().call_later(LEFT_SECONDS, _end_if_left, exploration)

    def _serve_ended(self) -> None:
        """Answer what is asked of spots that are solved, in the thread that thinks, while another one is solved."""
        for exploration in list(self.by_name.values()):
            if exploration.ended:
                exploration.serve()

    def _exploration(self, name: str) -> Exploration:
        if name not in self.by_name:
            raise HTTPException(404)
        self.by_name[name].touched = time.monotonic()
        return self.by_name[name]


def _end_if_left(exploration: Exploration) -> None:
    if not exploration.listeners:
        exploration.stop()
