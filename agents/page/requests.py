"""What requests to the page's server have in common: their JSON, and sockets that tell what changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

from starlette.requests import Request
from starlette.websockets import WebSocket, WebSocketDisconnect

from games.settings import shown

FRAME_SECONDS = 0.2  # between two frames
GONE = 4404  # code of a socket that is closed because there is no such session (any more)


class Seen(Protocol):
    """What a page shows."""

    def view(self) -> dict[str, Any]:
        """Return all of it."""


async def send_changes(socket: WebSocket, shown_by_name: Mapping[str, Seen]) -> None:
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


async def body_of(request: Request) -> dict[str, Any]:
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


def settings_of(asked: dict[str, Any]) -> dict[str, str]:
    """Return a spot's settings; all of them must be text."""
    wrong = next((key for key, value in asked.items() if not isinstance(value, str)), None)
    if wrong is not None:
        raise ValueError(f"{shown(wrong)[1:-1]} must be text, got {shown(asked[wrong])}")
    return asked


def text_of(asked: Mapping[str, Any], key: str) -> str:
    """Return what a request says under a key; raises ValueError unless it is text."""
    value = asked.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key} must be text, got {shown(value)}")
    return value


def number_of(asked: Mapping[str, Any]) -> int | None:
    """Return the number of the kept answer that a request asks about; None is the last."""
    return None if asked.get("kept") is None else whole_of(asked, "kept")


def whole_of(asked: Mapping[str, Any], key: str) -> int:
    """Return what a request says under a key; raises ValueError unless it is a whole number."""
    value = asked.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{key} must be a whole number, got {shown(value)}")
    return value
