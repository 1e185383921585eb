"""Cards of networks that come with the package, and the page that lists them: text from what a release wrote down, nothing else.

A *record* is what a release knows (``benchmarks/release.py``): the run's ``result.json`` and overrides, what half precision changed, what
was measured anew, and what somebody measured of decisions. Nothing of a card is typed by hand.
"""

from __future__ import annotations

from collections.abc import Sequence

from agents.reporting.tables import Row, duration, memory_text

LICENCE = "MIT, as the package"
KINDS = {
    "policy": "a policy of the whole game",
    "start values": "values of a street's start",
    "street values": "values of a street's end and the next one's start",
}
TARGETS = {
    "policy": "self-play: regrets of sweeps against the networks' own play. Nothing was fitted to a solution of the game.",
    "start values": "solved turns or rivers, each by itself, at states of a blueprint's play, of changes to it, and of random ranges. Not "
    "self-play of the network.",
    "street values": "subgames solved to the end of the game, at states that the network's own searches asked about.",
}
ERRORS = (
    "Mean error of a hand's value on held-out flops, weighted by both ranges, as a share of the pot. *True values by bucket* is the floor "
    "of so many buckets:"
)
HEAD = """# Released networks

These networks come with the package, in half precision. `agent.checkpoint=NAME` takes a policy and `agent.values=NAME` takes values, by
the name alone; a path such as `./NAME` is a file of yours. A network is refused where it was not trained for the game, the sizes of bets or
the chips behind; the error says what it is for. Each card is made from its network's run ([how](../how-to/release.md)).
"""


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [columns, ["---"] * len(columns), *rows])


def card_text(record: Row, heading: str = "#") -> str:
    """Return a network's card in Markdown, below a heading of that level."""
    facts = [*_facts(record), ("licence", LICENCE)]
    parts = [f"{heading} {record['name']}", f"{KINDS[record['kind']].capitalize()}: {record['purpose']}.", markdown(["", ""], facts)]
    parts += {"policy": _policy, "start values": _starts, "street values": _streets}[record["kind"]](record)
    return "\n\n".join([*parts, *_decisions(record)]) + "\n"


def page_text(records: Sequence[Row]) -> str:
    """Return the page of all networks in Markdown: a table, then the cards."""
    rows = [_row(record) for record in records]
    table = markdown(["name", "what", "for", "parameters", "size", "measured"], rows) if rows else "None so far."
    total = sum(record["file"]["bytes"] for record in records)
    return (
        "\n\n".join(
            [
                HEAD.strip(),
                table,
                f"All together: {memory_text(total) if total else 'nothing'}.",
                *(card_text(record, "##") for record in records),
            ]
        ).rstrip()
        + "\n"
    )


def _row(record: Row) -> list[str]:
    file = record["file"]
    return [
        f"[`{record['name']}`](#{record['name']})",
        KINDS[record["kind"]],
        record["purpose"],
        f"{file['parameters']:,}",
        memory_text(file["bytes"]),
        strength(record),
    ]


def strength(record: Row) -> str:
    """Return the figure by which a network is judged, in a few words."""
    measured = record["measured"]
    if record["kind"] == "policy":
        return f"{_chips(record, measured['exploitability'])} exploitable alone, exact"
    if record["kind"] == "start values":
        return f"off by {_share(measured['errors']['network'][0])} on states of play ({_share(measured['errors']['zero'][0])} without it)"
    search = record["run"]["search_exploitability"]
    return f"searches with it {_chips(record, search['value'])} exploitable, exact"


def _facts(record: Row) -> list[tuple[str, str]]:
    """Return what stands first on every card."""
    run, file, trainer = record["run"], record["file"], record["run"]["trainer"]
    sizes = ", ".join(f"{key}={value}" for key, value in record["network"].items())
    last, every = dict[str, str](), dict[str, list[str]]()
    for override in record["overrides"]:
        key, _, value = override.partition("=")
        last[key], every[key] = override, [*every.get(key, []), value]
    changed = "; ".join(f"`{key}` {', '.join(values)}" for key, values in every.items() if len(set(values)) > 1)
    machine, version = run["machine"], run["version"]
    threads = f"and {trainer['generators']} processes that generate" if trainer.get("generators") else "on one thread"
    states = "action probabilities" if record["kind"] == "policy" else "states"
    single = f" but for {', '.join(file['single'])}" if file["single"] else ""
    change = f"{file['change']['value']:.2g} {file['change']['unit']}"
    return [
        ("file", f"`{record['name']}.safetensors`, {memory_text(file['bytes'])}, half precision{single}"),
        ("half precision changes", f"{file['change']['of']} by at most {change}, measured on {file['change']['states']:,} {states}"),
        ("network", f"{file['parameters']:,} parameters: {sizes}"),
        ("command", f"`timebank train {' '.join(last.values())}`"),
        *(
            [("resumed", f"with changed settings: {changed}. The last counts; rows of a history are of what was set then")]
            if changed
            else []
        ),
        ("seed, version", f"{run['seed']}, {version['package']} at commit {str(version['git'])[:7]}"),
        ("machine", f"{machine['cpu']}, {machine['cores']} cores"),
        ("training", f"{trainer['iterations']:,} iterations of `{trainer['name']}`, {_hours(run['history'][-1]['seconds'])} {threads}"),
        ("targets", TARGETS[record["kind"]]),
    ]


def _policy(record: Row) -> list[str]:
    run, measured = record["run"], record["measured"]
    rows = [
        ["as released", _chips(record, measured["exploitability"])],
        ["in single precision", _chips(record, measured["single_exploitability"])],
    ]
    if "floor" in run:
        rows.append(
            [f"floor of its size: fitted to {run['floor']['solve_iterations']:,} iterations of CFR", _chips(record, run["floor"]["value"])]
        )
    note = f"Half precision changes an action's probability by {measured['mean_probability_change']:.2g} on average, and by "
    note += f"{measured['largest_probability_change']:.2g} at most."
    curve = [[f"{row['iteration']:,}", duration(row["seconds"]), _chips(record, row["exploitability"])] for row in run["history"]]
    return [
        "Exploitability, exact:",
        markdown(["network alone", "exploitability"], rows),
        note,
        markdown(["iterations", "training", "exploitability"], curve),
    ]


def _starts(record: Row) -> list[str]:
    run, measured, trainer = record["run"], record["measured"], record["run"]["trainer"]
    gap, errors = run["label_gap"], measured["errors"]
    until = f" at most, or until {_share(trainer['label_gap'])} of the pot is exploitable"
    p90 = f", {_share(gap['p90'])} in nine of ten at most" if "p90" in gap else ""
    facts = [
        ["labels", f"{trainer['labels']:,} solved {trainer['street']}s, sources {', '.join(measured['sources'])} in turn"],
        [
            "solved",
            f"{trainer['label_iterations']} iterations" + (until if trainer["street"] == "river" else ", four rivers drawn for each"),
        ],
        [
            "solver error",
            f"{_share(gap['mean'])} on average{p90}, {_share(gap['most'])} at most; held-out states {_share(measured['label_gap'])}",
        ],
        ["CPU time of labels", _label_time(record)],
        ["held out", f"a sixteenth of all flops, by a hash of their cards: {sum(measured['states']):,} states"],
    ]
    heads = ["states", *(f"{source} ({count:,})" for source, count in zip(measured["sources"], measured["states"], strict=True))]
    names = {
        "network": "network",
        "zero": "half of the pot for every hand",
        "checked_down": "checking down",
        "floor": "true values by bucket",
    }
    rows = [[name, *map(_share, errors[key])] for key, name in names.items()]
    deep = [
        [f"up to {row['most_behind']:g}" if row["most_behind"] else "more", f"{row['states']:,}", *(_share(row[key]) for key in names)]
        for row in measured["by_behind"]
    ]
    worst = [[row["board"], row["source"], f"{row['behind']:.3g}", _share(row["error"])] for row in measured["worst"]]
    return [
        markdown(["", ""], facts),
        ERRORS,
        markdown(heads, rows),
        "By the chips behind, in pots:",
        markdown(["behind", "states", *names.values()], deep),
        "The worst held-out states:",
        markdown(["board", "source", "pots behind", "network's error"], worst),
    ]


def _streets(record: Row) -> list[str]:
    run = record["run"]
    curve = [
        [f"{row['iteration']:,}", f"{row['rows']:,}", duration(row["seconds"]), _chips(record, row["exploitability"])]
        for row in run["history"]
    ]
    text = f"Exact exploitability of searches of {run['trainer']['evaluate_iterations']} iterations a decision, in single precision:"
    return [text, markdown(["iterations", "states", "training", "exploitability"], curve)]


def _decisions(record: Row) -> list[str]:
    """Return the part on decisions, as it was measured; a line where it was not."""
    given = record["decisions"]
    if given is None:
        return ["Decisions of searches with it: not measured for this card."]
    return [f"{given['title']} (`{given['command']}`):", markdown(given["columns"], given["rows"]), given["note"]]


def _label_time(record: Row) -> str:
    """Return what labels took, as far as the run knows it."""
    cost = record["measured"]["labelling"]
    known, rest = cost["cpu_seconds"], cost["labels"] - cost["timed"]
    text = _hours(known + rest * cost["each_seconds"])
    return f"{text}; {rest:,} of {cost['labels']:,} labels at {duration(cost['each_seconds'])} each, timed at the release" if rest else text


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.2g} hours" if seconds >= 360 else duration(seconds)


def _share(value: float) -> str:
    return f"{100 * value:.2f} %"


def _chips(record: Row, chips: float) -> str:
    """Return an exploitability in mbb/g where the game has a big blind, else in chips."""
    blind = record["big_blind"]
    return f"{1000 * chips / blind:.4g} mbb/g" if blind else f"{chips:.4g} chips"
