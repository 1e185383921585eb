"""What the page costs a solve, how large its frames are, and how long a user waits for a solved river.

python benchmarks/page_speed.py [rounds]

It starts ``timebank web`` and talks to it as a browser does: a turn is solved for some seconds, by turns with nobody listening, a socket
that gets frames five times a second, and with the decision of all hands asked for as often besides. Iterations within the same seconds are
compared. Chromium is driven by Playwright, as in the tests; without it that row is left out.
"""

from __future__ import annotations

import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from urllib.request import Request, urlopen

from tables import conditions, options
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from agents.evaluation.solving import BoardSolving
from agents.page.exploring import Exploration
from agents.reporting.tables import table
from games.holdem.config import Spot
from search import Budget, variant

SECONDS, FRAME = 6.0, 0.2  # of a solve, and between two questions
SIZES = {"pot": "200", "stack": "900", "bets": "33%,75%,a", "raises": "75%,a", "effort": "standard", "game": "spot", "target": "1e-6"}
RANGES = {
    "oop": "66+,A8s+,KQo,K9s+,QTs+,JTs,T9s,98s,87s,76s,AJo+", "ip": "QQ-22,AQs-A2s,ATo+,KTs+,KQo,QTs+,JTs,T9s,98s,87s,76s",
}  # fmt: skip
EVERYTHING = {"oop": "random", "ip": "random"}
LISTENING = ("nobody", "socket", "socket and decisions")
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")


class Page:
    """``timebank web`` as a process."""

    def __init__(self, directory: str) -> None:
        command = [sys.executable, "-m", "agents.apps.web", "port=0", "seed=1", f"hydra.run.dir={directory}/run"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().split()[1].rstrip("/")

    def ask(self, path: str, body: dict | None = None) -> tuple[dict, int, float]:
        """Return an answer, its bytes, and the seconds that it took."""
        headers = {"Content-Type": "application/json", "Origin": self.address}
        start = time.perf_counter()
        content = urlopen(Request(self.address + path, None if body is None else json.dumps(body).encode(), headers)).read()
        return json.loads(content), len(content), time.perf_counter() - start

    def begin(self, **settings: str) -> str:
        """Return the path of a spot that is solved, once it is begun to be."""
        name = self.ask("/api/explorations", SIZES | RANGES | settings)[0]["exploration"]
        path = f"/api/explorations/{name}"
        while self.ask(path)[0]["status"] in ("waiting", "building"):
            time.sleep(0.02)
        return path

    def end(self, path: str) -> dict:
        """Wait for the end of a solve; return how far it came."""
        while (view := self.ask(path)[0])["status"] == "solving":
            time.sleep(0.2)
        assert view["status"] == "done", view["error"]
        return view

    def close(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait()


def listened(page: Page, who: str) -> tuple[float, int]:
    """Solve a turn while somebody listens; return its iterations in a second, and how many frames and decisions came."""
    path, over, frames = page.begin(board="Td9d6hQc", seconds=str(SECONDS)), threading.Event(), [0]

    def listen() -> None:
        address = page.address.replace("http", "ws") + path + "/frames"
        with suppress(ConnectionClosed), connect(address, origin=page.address) as socket:  # closed: the page has ended
            while not over.is_set():
                with suppress(TimeoutError):
                    socket.recv(FRAME)
                    frames[0] += 1

    def ask() -> None:
        while not over.is_set():
            page.ask(path + "/node", {"line": ""})
            frames[0] += 1
            time.sleep(FRAME)

    threads = [threading.Thread(target=work, daemon=True) for work in (listen, ask)[: LISTENING.index(who)]]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS)
    view = page.end(path)
    over.set()
    return view["iterations"] / view["seconds"], frames[0]


def slow_down(page: Page, rounds: int) -> None:
    """Print by what share listeners slow a solve."""
    listened(page, LISTENING[-1])  # whatever is compiled or loaded once
    paces: dict[str, list[tuple[float, int]]] = {who: [] for who in LISTENING}
    for _ in range(rounds):
        for who in LISTENING:
            paces[who].append(listened(page, who))
    base = [pace for pace, _ in paces["nobody"]]
    rows = []
    for who, runs in paces.items():
        slower = [1 - pace / alone for (pace, _), alone in zip(runs, base, strict=True)]
        pace, count = statistics.median(pace for pace, _ in runs), statistics.median(count for _, count in runs)
        rows.append([who, f"{pace:.1f}", f"{count / SECONDS:.1f}", f"{100 * statistics.median(slower):+.1f} %",
                     " ".join(f"{100 * share:+.1f}" for share in slower)])  # fmt: skip
    print(table(["listening", "iterations/s", "frames/s", "slower by", "in each round, %"], rows))


def answering() -> None:
    """Print the share of a solve that goes into answers when a decision is asked for five times a second: steady on a busy machine, too."""
    spot = Spot(board="Td9d6hQc", ranges=list(RANGES.values()), pot=200, stack=900, bets="33%,75%,a", raises="75%,a").build()
    solving = BoardSolving(spot, variant("default_holdem"), 2)
    at, spent, over = Exploration(lambda: (solving, Budget(seconds=SECONDS)), "a turn"), [0.0, 0], threading.Event()
    serve = at.serve

    def timed() -> None:
        start, waiting = time.perf_counter(), not at._asked.empty()
        serve()
        if waiting:
            spent[0] += time.perf_counter() - start
            spent[1] += 1

    at.serve = timed  # type: ignore[method-assign]

    def ask() -> None:
        while not over.is_set():
            at.ask("", None).result()
            time.sleep(FRAME)

    threading.Thread(target=ask, daemon=True).start()
    at.work()
    over.set()
    at.ask("", None)
    serve()
    seconds, answers = at.view()["seconds"], int(spent[1])
    each, share = 1000 * spent[0] / max(answers, 1), 100 * spent[0] / (seconds + spent[0])
    print(f"answers take {share:.1f} % of a solve of {seconds:.1f} s: {answers} decisions, {each:.1f} ms each")


def frames(page: Page) -> None:
    """Print how large decisions and tables of cards are, and how long they take once nothing is solved."""
    rows = []
    for name, board, ranges in (("river, all hands", "Td9d6hQc4s", EVERYTHING), ("turn, all hands", "Td9d6hQc", EVERYTHING),
                                ("flop, all hands", "Td9d6h", EVERYTHING)):  # fmt: skip
        path = page.begin(board=board, seconds="1", bets="75%", raises="a", **ranges)
        page.end(path)
        plain, size, seconds = page.ask(path + "/node", {"line": ""})
        _, _, again = page.ask(path + "/node", {"line": "check", "equity": True})
        rows.append([name, "decision", f"{len(plain['hands']):,}", f"{size / 1000:.1f}", f"{size / len(plain['hands']):.0f}",
                     f"{1000 * seconds:.0f}", f"{1000 * again:.0f}"])  # fmt: skip
        if board != "Td9d6hQc4s":
            cards, size, seconds = page.ask(path + "/cards", {"line": "check / check"})
            rows.append([name, "cards", f"{len(cards['cards'])} rows", f"{size / 1000:.1f}", "-", f"{1000 * seconds:.0f}", "-"])
    print(table(["spot", "what", "hands", "kB", "bytes a hand", "ms", "ms with equity"], rows))


def click(page: Page) -> None:
    """Print the seconds from a click on Solve to a solved river."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("no Chromium: the wait in a browser is not measured")
        return
    from playwright.sync_api import sync_playwright

    spent = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        for _ in range(3):
            tab = browser.new_page()
            tab.goto(page.address + "/explore")
            tab.wait_for_function("() => document.querySelector('#estimate').innerText !== ''")
            start = time.perf_counter()
            tab.click("#solve")
            tab.wait_for_function("() => document.querySelector('#status').innerText.startsWith('Solved')")
            tab.wait_for_selector("#grid .cell")
            spent.append(time.perf_counter() - start)
            tab.close()
        browser.close()
    print(
        f"from the click on Solve to the solved river of the form, 0.3 % of the pot, in Chromium: {', '.join(f'{s:.2f}' for s in spent)} s"
    )


def main() -> None:
    rounds = int((options() or ["3"])[0])
    with tempfile.TemporaryDirectory() as directory:
        page = Page(directory)
        try:
            click(page)
            frames(page)
            answering()
            slow_down(page, rounds)
        finally:
            page.close()
    print(f"\n{conditions(f'Turn Td9d6hQc, {SECONDS:g} s a solve, medians of {rounds} rounds by turns')}")


if __name__ == "__main__":
    main()
