"""
Changes as text for a terminal, as JSON, and as Markdown for a pull request; returns strings and prints nothing.

1. The text says what changed, whom it breaks, and the proof, in that order; the gravest comes first.
2. A witness is printed as it would be sent. It is made from the contract alone, so it holds no real data.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from rtkcontract.diff.changes import ORDER, Change, Witness
from rtkcontract.diff.kinds import kinds
from rtkcontract.diff.parameter_texts import written
from rtkcontract.json_schema.json_text import dumps
from rtkcontract.model import Json

FORMAT: Final = 1


MOST_WITNESSES: Final = 8


LONGEST: Final = 300


MOST_NAMED: Final = 20
"""Operations that the summary counts by name."""


def counted(changes: Iterable[Change]) -> str:
    """
    `2 breaking, 1 strict`, or `nothing changed`.
    """
    counts = Counter(change.klass for change in changes)
    return ", ".join(f"{counts[klass]} {klass}" for klass in ORDER if counts[klass]) or "nothing changed"


def _call(request: Json) -> str:
    """
    A request as its first line, with what stands in the headers and the query.
    """
    words = [f"{request.get('method', '')} {request.get('server', '')}{request.get('path', '')}".strip()]
    words += [f"{name}={dumps(value)}" for name, value in request.get("parameters", {}).items()]
    words += [written(name.partition(" ")[2], value) for name, value in request.get("texts", {}).items()]
    words += [f"with {' + '.join(request['credentials'])}"] if request.get("credentials") else ["without credentials"]
    return ", ".join(words)


def _is_call(change: Change) -> bool:
    named = change.where.split(" ")[0] in ("query", "header", "cookie", "path") and " " in change.where
    return change.side == "call" or change.where in ("credentials", "body") or named


def _shown(change: Change, witness: Witness) -> str:
    whole = witness.request if witness.request is not None else witness.answer
    text = _call(whole) if _is_call(change) and witness.request is not None else dumps(witness.body)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _what(change: Change) -> str:
    if change.kind == "op.unread":
        return f"{change.old} {kinds()[change.kind]['what']}: {change.new}"
    return (
        f"{kinds()[change.kind]['what']} ({change.old} -> {change.new})"
        if change.old or change.new
        else kinds()[change.kind]["what"]
    )


def _proof(change: Change) -> str:
    if change.kind in ("op.unread", "part.unread"):
        return "not compared"
    if change.klass == "undecided":
        return f"undecided, no witness in {change.tried} cases"
    return {
        "algebra": "proven: set inclusion",
        "structure": "proven: this keyword can only act one way",
        "witness": "a witness is in the JSON report",
    }.get(change.proof, "")


def _lines(change: Change) -> Iterator[str]:
    label = change.klass.upper() if change.klass in ("breaking", "undecided") else change.klass
    yield f"{label:<13} {change.side:<8} {change.where}"
    yield f"{'':<13} {_what(change)}"
    if change.klass in ("breaking", "strict"):
        yield f"{'':<13} breaks: {change.whom}"
    if change.klass == "undecided":
        yield f"{'':<13} {_proof(change)}"
    if change.klass == "breaking":
        for witness in change.witnesses[:MOST_WITNESSES]:
            yield f"{'':<13} {_shown(change, witness)}"
            yield f"{'':<15} {witness.why}"
        if len(change.witnesses) > MOST_WITNESSES:
            yield f"{'':<13} and {len(change.witnesses) - MOST_WITNESSES} more in the JSON report"


def _short(change: Change) -> str:
    return f"{change.klass:<13} {change.side:<8} {change.where}: {_what(change)}"


def _summary(own_of: Mapping[str, Sequence[Change]]) -> Iterator[str]:
    """
    One line about each of the operations, where there are several.
    """
    if len(own_of) > 1:
        yield f"in {len(own_of)} places:"
        names = list(own_of)[:MOST_NAMED]
        yield from (f"  {operation}: {counted(own_of[operation])}" for operation in names)
        if len(own_of) > MOST_NAMED:
            yield f"  and {len(own_of) - MOST_NAMED} more, below"


def text(changes: Sequence[Change], old: str, new: str) -> str:
    """
    For a terminal. Texts that differ are only counted.
    """
    lines = [f"{old} -> {new}: {counted(changes)}"]
    own_of: dict[str, list[Change]] = {}
    for change in changes:
        own_of.setdefault(change.operation, []).append(change)
    lines += _summary(own_of)
    for operation, own in own_of.items():
        lines += ["", operation]
        for change in own:
            if change.klass == "compatible":
                lines.append(_short(change))
            elif change.klass != "documentation":
                lines += _lines(change)
        texts = [change.where for change in own if change.klass == "documentation"]
        if texts:
            lines.append(
                f"documentation {len(texts)} {'place differs' if len(texts) == 1 else 'places differ'}: "
                + ", ".join(texts[:4])
                + (", …" if len(texts) > 4 else "")
            )
    return "\n".join(lines) + "\n"


def data(changes: Sequence[Change], old: str, new: str) -> Json:
    """
    Everything, as plain data.
    """
    return {
        "format": FORMAT,
        "old": old,
        "new": new,
        "counts": {klass: sum(change.klass == klass for change in changes) for klass in ORDER},
        "changes": [
            {
                "operation": change.operation,
                "kind": change.kind,
                "side": change.side,
                "where": change.where,
                "class": change.klass,
                "what": kinds()[change.kind]["what"],
                "old": change.old,
                "new": change.new,
                "whom": change.whom,
                "proof": change.proof,
                "tried": change.tried,
                "witnesses": [
                    {
                        key: value
                        for key, value in (("request", item.request), ("answer", item.answer), ("why", item.why))
                        if value is not None
                    }
                    for item in change.witnesses
                ],
            }
            for change in changes
        ],
    }


def as_json(changes: Sequence[Change], old: str, new: str) -> str:
    """
    The data as indented JSON.
    """
    return json.dumps(data(changes, old, new), indent=2, ensure_ascii=False) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def markdown(changes: Sequence[Change], old: str, new: str) -> str:
    """
    For a pull request: one table, and the witnesses of breaking changes below it.
    """
    lines = [f"### Contract: {counted(changes)}", "", f"`{old}` → `{new}`"]
    shown = [change for change in changes if change.klass != "documentation"]
    if shown:
        lines += ["", "| class | side | where | what | whom it breaks |", "| --- | --- | --- | --- | --- |"]
    for change in shown:
        klass = f"**{change.klass}**" if change.klass in ("breaking", "undecided") else change.klass
        whom = change.whom if change.klass in ("breaking", "strict") else _proof(change)
        lines.append(
            "| "
            + " | ".join((klass, change.side, f"`{_cell(change.where)}`", _cell(_what(change)), _cell(whom)))
            + " |"
        )
    for change in shown:
        if change.klass == "breaking" and change.witnesses:
            head = "described before, not now" if change.side != "answer" else "can come now, and could not before"
            lines += ["", f"<details><summary><code>{_cell(change.where)}</code>: {head}</summary>", "", "```json"]
            lines += [_shown(change, witness) for witness in change.witnesses[:MOST_WITNESSES]]
            lines += [
                "```",
                "",
                "; ".join(dict.fromkeys(witness.why for witness in change.witnesses[:MOST_WITNESSES])),
                "",
                "</details>",
            ]
    texts = sum(change.klass == "documentation" for change in changes)
    if texts:
        lines += ["", f"Texts differ in {texts} places." if texts > 1 else "A text differs in one place."]
    return "\n".join(lines) + "\n"
