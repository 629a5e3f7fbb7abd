"""
Two revisions of a contract -> what changed, whom it breaks, and the proof.

1. Bodies, parameters and headers are walked level by level. Two levels that are proven equal yield nothing, however
   they are written; otherwise each edit is judged by itself (`compatibility`) and named (`schema_edits`, `kinds.json`).
2. What no set of values can show, such as defaults, credentials and statuses, has named rules (`operation_changes`).
3. Classes: "breaking"; "strict", which breaks only those who keep to the letter (readers that refuse what they did
   not know, callers that leave a member to its default); "compatible"; "documentation"; "undecided".
4. In an answer, a value that the request newly allows at the same place comes back only to those who use it, so it is
   "strict" and not "breaking".
5. Nothing is called compatible without a proof, and nothing breaking without a witness; only for the media type of what
   a text holds there is none, since no validator looks into it.
6. Two schemas that were compared once are not compared again: operations share components.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from rtkcontract.contract.credentials import is_credential
from rtkcontract.diff.compatibility import Level, Proof, Side, Verdict, equal
from rtkcontract.diff.kinds import kinds
from rtkcontract.diff.operation_changes import Term, answers, shape, smallest_request, terms
from rtkcontract.diff.parameter_texts import as_told, compared, form, sent_alike
from rtkcontract.diff.schema_edits import Edit, edits, put, shared, told
from rtkcontract.diff.shared_schemas import Pruned
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.inclusion import REMARKS
from rtkcontract.json_schema.json_text import dumps
from rtkcontract.json_schema.structure import Place, bare, flat, marked, places, plain_places, seen_from, unknown_to
from rtkcontract.model import Declared, Json, Operation, Parameter
from rtkcontract.openapi.media_types import chosen

Class: TypeAlias = Literal["breaking", "strict", "compatible", "documentation", "undecided"]


ORDER: Final[tuple[Class, ...]] = ("breaking", "undecided", "strict", "compatible", "documentation")


FAIL_ON: Final = ("breaking", "strict", "any", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """
    A request that was described and is not now, or an answer that is described now and was not.

    Both are plain data as `described` reads them; the other one is None. `body` is the short form for people.
    """

    request: Json | None
    answer: Json | None
    why: str

    @property
    def body(self) -> Json:
        """
        The body where the witness is about one, else the whole request or answer.
        """
        whole = self.request if self.request is not None else self.answer
        return whole.get("body", whole) if isinstance(whole, dict) else whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    One change in one direction. `side` is "request", "answer" or "call" (both ends: path, server, names).

    `where` is a dotted place in the body, `201 data.title` in an answer, `path app_id` for a parameter.
    `proof` is "witness", "algebra", "structure", "rule" or "" where it is undecided after `tried` values.
    """

    operation: str
    kind: str
    side: Literal["request", "answer", "call"]
    where: str
    klass: Class
    old: str
    new: str
    whom: str
    proof: str
    tried: int = 0
    witnesses: tuple[Witness, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """
    One body (or parameter, or header) in both revisions, and what a witness of it is a part of.
    """

    operation: str
    side: Side
    lead: tuple[str, ...]
    """What stands before the place in `where`: a status, `path`, `query`, ..."""
    old: Json
    new: Json
    fixed_kind: str = ""
    """One kind for whatever happens here, such as `param.schema`."""
    flag: str = ""
    """The mark of members that this side does not have; by default readOnly in a request, writeOnly in an answer."""
    status: str = ""
    media_type: str = ""
    name: str = ""
    """Of a header of an answer, or `query limit` of a parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    A change of two schemas, wherever they stand. `witnesses` are whole values and why they do not fit.
    """

    place: Place
    kind: str
    klass: Class
    old: str
    new: str
    proof: str
    tried: int = 0
    witnesses: tuple[tuple[Json, str], ...] = ()
    remark: str = ""
    """The keyword of a text that differs."""


def _dotted(place: Iterable[str]) -> str:
    text = ""
    for step in place:
        text += "[]" if step == "*" else step if step.startswith("[") else f".{step}" if text else step
    return text


def _where(body: Body, place: Place) -> str:
    return " ".join(part for part in (*body.lead, _dotted(place)) if part)


# --- bodies --------------------------------------------------------------------------------------------------------


def _flag(body: Body) -> str:
    return body.flag or ("readOnly" if body.side == "request" else "writeOnly")


def body_changes(body: Body) -> Iterator[tuple[Place, Change]]:
    """
    (place, change) for everything that one body changed in.
    """
    for found in _compared(body):
        where = _where(body, found.place) + (f" ({found.remark})" if found.remark else "")
        yield (
            found.place,
            Change(
                operation=body.operation,
                kind=found.kind,
                side=body.side,
                where=where,
                klass=found.klass,
                old=found.old,
                new=found.new,
                whom=kinds()[found.kind]["whom"][body.side],
                proof=found.proof,
                tried=found.tried,
                witnesses=tuple(_witness(body, value, why) for value, why in found.witnesses),
            ),
        )


_KNOWN: dict[tuple[object, ...], tuple[Json, Json, tuple[Found, ...]]] = {}
"""What was found between two schemas, by their identity; they are kept so that an identity stays theirs."""


MOST_KNOWN: Final = 4096


def _compared(body: Body) -> tuple[Found, ...]:
    key = (id(body.old), id(body.new), body.side, _flag(body), body.fixed_kind, _is_error(body))
    if key not in _KNOWN:
        if len(_KNOWN) > MOST_KNOWN:
            _KNOWN.clear()
        same = body.old is body.new or body.old == body.new
        _KNOWN[key] = (body.old, body.new, () if same else tuple(_differences(body)))
    return _KNOWN[key][2]


def _differences(whole: Body) -> Iterator[Found]:
    pair = Pruned().pair(whole.old, whole.new)
    body = dataclasses.replace(whole, old=pair[0], new=pair[1])
    old, new = (seen_from(schema, _flag(body)) for schema in (body.old, body.new))
    if old != new and not equal(old, new):
        walker = _Walk(body, Proof(old, new, body.side))
        yield from walker.level(old, new, (), (), safe=walker.proof.safe(old, new))
    yield from _remarks(body)


def _is_error(body: Body) -> bool:
    return body.status[:1] in ("4", "5")


class _Walk:
    """
    Goes down two bodies side by side.
    """

    def __init__(self, body: Body, proof: Proof) -> None:
        self.body, self.proof = body, proof
        self.marks = tuple(marked(schema, _flag(body)) for schema in (body.old, body.new))
        self.defaults = {place for place, part in places(body.new) if "default" in part}

    def level(self, old: Json, new: Json, place: Place, above: tuple[Level, ...], *, safe: bool) -> Iterator[Found]:
        """
        The changes at and below one place.
        """
        old, new = flat(old), flat(new)
        if bare(old) == bare(new) or ("$ref" in old and old["$ref"] == new.get("$ref")):
            return
        if not safe and self.proof.safe(old, new):
            safe = True
        if safe and equal(old, new):
            return
        found = False
        last = old
        for before, edit in edits(old, new):
            last = edit.after
            for change in self.judged((old, new), before, edit, place, above, safe=safe):
                found = True
                yield change
        for step, one, two in shared(old, new):
            last = put(last, step, two) if isinstance(last, dict) else last
            for change in self.level(one, two, (*place, step), (*above, Level(old=old, new=new, step=step)), safe=safe):
                found = True
                yield change
        if not _alike(last, new):
            yield from self.rest(old, last if found else old, new, place, above, safe=safe)

    def rest(
        self, old: Json, before: Json, new: Json, place: Place, above: tuple[Level, ...], *, safe: bool
    ) -> Iterator[Found]:
        """
        What no single edit told: keywords that work together.
        """
        edit = Edit(kind="combined", after=new, effect="unknown", old="", new="", union=True)
        yield from self.judged((old, new), before, edit, place, above, safe=safe)

    def judged(
        self, level: tuple[Json, Json], before: Json, edit: Edit, place: Place, above: tuple[Level, ...], *, safe: bool
    ) -> Iterator[Found]:
        """
        The change that an edit is, if it is one.
        """
        if equal(before, edit.after):
            return
        verdict = Verdict(breaks=False, proof="algebra") if safe else self.proof.verdict(level, before, edit, above)
        spot = place
        if edit.kind.startswith(("prop.", "required.")):
            spot = (*place, edit.about[0])
        kind = self.body.fixed_kind or self.kind(edit, spot, before)
        yield Found(
            place=spot,
            kind=kind,
            klass=classed(kind, self.body.side, verdict),
            old=edit.old,
            new=f"{edit.new} ({edit.kind})" if self.body.fixed_kind else edit.new,
            proof=verdict.proof,
            tried=verdict.tried,
            witnesses=verdict.witnesses,
        )

    def kind(self, edit: Edit, spot: Place, before: Json) -> str:
        """
        The name of an edit, once remarks are taken into account.
        """
        flag = _flag(self.body)
        cases = (
            (f"{flag}.set", edit.kind.startswith("prop.removed") and spot in self.marks[1]),
            (f"{flag}.unset", edit.kind.startswith("prop.added") and spot in self.marks[0]),
            ("prop.typed", edit.kind == "prop.added.optional" and not unknown_to(before, edit.after).get(())),
            ("prop.added.required.default", edit.kind == "prop.added.required" and spot in self.defaults),
            ("nested.required.added", edit.kind == "required.added" and len(spot) > 1),
            ("secret.field.new", edit.kind.startswith("prop.added") and self.answer and is_credential(spot[-1])),
            (
                "error.code.changed",
                edit.kind in ("const.changed", "enum.value.added") and _is_error(self.body) and spot[-1:] == ("code",),
            ),
        )
        return next((kind for kind, fits in cases if fits), edit.kind)

    @property
    def answer(self) -> bool:
        return self.body.side == "answer"


def _alike(one: Json, two: Json) -> bool:
    one, two = bare(one), bare(two)
    return one == two or (equal(one, two))


def classed(kind: str, side: Side, verdict: Verdict) -> Class:
    """
    The class of a change of values: the verdict decides, the row of its kind says who takes a breaking one hard.
    """
    row = kinds()[kind]
    if not verdict.proof:
        return "undecided"
    if verdict.breaks:
        return "strict" if row[side] == "strict" else "breaking"
    return "strict" if row[side] == "strict" and row.get("even_if_safe") else "compatible"


def _witness(body: Body, value: Json, why: str) -> Witness:
    if body.side == "answer":
        told = {"headers": {body.name: value}} if body.name else {"media_type": body.media_type, "body": value}
        kept = {key: part for key, part in told.items() if part != ""}
        return Witness(request=None, answer={"status": body.status, **kept}, why=why)
    if body.name:
        return Witness(request={"parameters": {body.name: value}}, answer=None, why=why)
    media = {"media_type": body.media_type} if body.media_type else {}
    return Witness(request={**media, "body": value}, answer=None, why=why)


# --- remarks -------------------------------------------------------------------------------------------------------

_RULED: Final = ("default", "deprecated", "discriminator", "contentMediaType")


_TEXTS: Final = (
    "title",
    "description",
    "summary",
    "examples",
    "example",
    "externalDocs",
    "format",
)


_IDLE_FORMATS: Final = {dumps(name) for name in REMARKS}
"""Formats that say nothing of values; what others say is compared as values are."""


def _noted(schema: Json, flag: str) -> tuple[dict[tuple[Place, str], set[str]], set[Place]]:
    """
    (place, remark) to its values as texts, and the places there are; texts of union members belong to the union.
    """
    found: dict[tuple[Place, str], set[str]] = {}
    hidden = marked(schema, flag)
    known = {place for place, _ in places(schema) if not any(place[: len(gone)] == gone for gone in hidden)}
    for keys, parts in ((_RULED, places(schema)), (_TEXTS, plain_places(schema))):
        for place, part in parts:
            for key in keys:
                if key in part and place in known:
                    found.setdefault((place, key), set()).add(dumps(part[key], sort=True))
    return found, known


def _remarks(body: Body) -> Iterator[Found]:
    """
    Changes of defaults, of discriminators and of texts, where the place is in both revisions.
    """
    (old, old_places), (new, new_places) = _noted(body.old, _flag(body)), _noted(body.new, _flag(body))
    for place, key in sorted({*old, *new}):
        was, is_ = old.get((place, key), set()), new.get((place, key), set())
        if key == "format" and not (was | is_) <= _IDLE_FORMATS:
            continue
        if place in old_places & new_places and was != is_:
            yield _remark(body.side, place, key, " / ".join(sorted(was)), " / ".join(sorted(is_)))


def _remark(side: Side, place: Place, key: str, was: str, is_: str) -> Found:
    verb = "changed" if was and is_ else "added" if is_ else "removed"
    kind = {
        "default": f"default.{verb}",
        "deprecated": "deprecated.set",
        "discriminator": "discriminator.changed",
        "contentMediaType": f"content.{verb}",
    }.get(key, "text.only")
    return Found(
        place=place,
        kind=kind,
        klass=kinds()[kind][side],
        old=told(was) if was else "none",
        new=told(is_) if is_ else "none",
        proof="rule",
        remark=key if kind == "text.only" else "",
    )


# --- one operation -------------------------------------------------------------------------------------------------


def _media_pairs(old: Mapping[str, Json], new: Mapping[str, Json], side: Side) -> Iterator[tuple[str, Json, Json]]:
    """
    (media type, old schema, new schema) of what is sent: a type of OLD in a request, of NEW in an answer.
    """
    for kind in old if side == "request" else new:
        names = chosen(old, kind), chosen(new, kind)
        if names[0] is not None and names[1] is not None:
            yield kind, old[names[0]], new[names[1]]


def _media_bodies(
    old: Mapping[str, Json], new: Mapping[str, Json], side: Side, operation: str, status: str = ""
) -> Iterator[Body]:
    lead = (status,) if status else ()
    for kind, before, after in _media_pairs(old, new, side):
        shown = (*lead, kind) if len(old) > 1 else lead
        yield Body(operation=operation, side=side, lead=shown, old=before, new=after, status=status, media_type=kind)


def _headers(old: Declared, new: Declared, operation: str, status: str) -> Iterator[Body]:
    for name, header in old.headers.items():
        if name in new.headers:
            yield Body(
                operation=operation,
                side="answer",
                lead=(status, name),
                old=header.schema,
                new=new.headers[name].schema,
                fixed_kind="header.response.type",
                status=status,
                name=name,
            )


def _parameters(old: Operation, new: Operation) -> Iterator[tuple[Parameter, Parameter]]:
    after = {(item.where, item.name): item for item in new.parameters}
    return ((item, after[item.where, item.name]) for item in old.parameters if (item.where, item.name) in after)


def _bodies(old: Operation, new: Operation) -> Iterator[Body]:
    if old.body is not None and new.body is not None:
        yield from _media_bodies(old.body, new.body, "request", old.name)
    for one, two in _parameters(old, new):
        if sent_alike(one, two):
            yield Body(
                operation=old.name,
                side="request",
                lead=(one.where, one.name),
                old=one.schema,
                new=two.schema,
                fixed_kind="param.schema",
                name=f"{one.where} {one.name}",
            )
    for status, before, after in answers(old, new):
        yield from _media_bodies(before.media, after.media, "answer", old.name, status)
        yield from _headers(before, after, old.name, status)


def _sent_changes(old: Operation, new: Operation) -> Iterator[Change]:
    """
    Changes of parameters that are not sent alike, judged by the texts that are sent.
    """
    for one, two in _parameters(old, new):
        if not sent_alike(one, two):
            name = f"{one.where} {one.name}"
            breaks, value, why, tried = compared(one, two)
            kind = "param.schema" if form(one) == form(two) else "param.style"
            witness = Witness(request={"texts": {name: value}}, answer=None, why=why)
            yield Change(
                operation=old.name,
                kind=kind,
                side="request",
                where=name,
                klass="undecided" if breaks is None else "breaking" if breaks else "compatible",
                old=as_told(one),
                new=as_told(two),
                whom=kinds()[kind]["whom"]["request"],
                proof="" if breaks is None else "witness" if breaks else "algebra",
                tried=tried,
                witnesses=(witness,) if breaks else (),
            )


def of_term(operation: str, term: Term) -> Change:
    """
    The change that a term is.
    """
    row = kinds()[term.kind]
    klass: Class = row["request" if term.side == "call" else term.side]
    return Change(
        operation=operation,
        kind=term.kind,
        side=term.side,
        where=term.where,
        klass=klass,
        old=term.old,
        new=term.new,
        whom=row["whom"][term.side],
        proof="" if klass == "undecided" else "rule",
        witnesses=(Witness(request=term.request, answer=term.answer, why=term.why),)
        if klass == "breaking" and (term.request, term.answer) != (None, None)
        else (),
    )


ECHOED: Final = "readers of what was made by a sender that uses what the request newly allows; nobody else is given it"


def _echoed(found: Sequence[tuple[Place, Change]], old: Operation) -> Iterator[Change]:
    """
    The changes, in which an answer that only mirrors what the request newly allows is "strict" (rule 4).
    """
    asked = {
        (place, change.kind) for place, change in found if change.side == "request" and change.klass == "compatible"
    }
    for place, change in found:
        mirrored = any((place[cut:], change.kind) in asked for cut in (0, 1))
        if change.side == "answer" and change.klass == "breaking" and mirrored and old.method:
            yield dataclasses.replace(change, klass="strict", whom=ECHOED)
        else:
            yield change


def _path_names_of(old: Operation, new: Operation) -> Operation:
    """
    NEW with its path parameters named as in OLD, where only their names changed: callers send values, not names.
    """
    names = [re.findall(r"\{([^}]*)\}", surface.path) for surface in (old, new)]
    if shape(old.path) != shape(new.path):
        return new
    renamed = dict(zip(names[1], names[0], strict=True))
    parameters = tuple(
        dataclasses.replace(item, name=renamed.get(item.name, item.name)) if item.where == "path" else item
        for item in new.parameters
    )
    return dataclasses.replace(new, parameters=parameters)


def of_operation(old: Operation, new: Operation) -> tuple[Change, ...]:
    """
    What changed between two revisions of one operation, the gravest first.
    """
    new = _path_names_of(old, new)
    found = [item for body in _bodies(old, new) for item in body_changes(body)]
    changes = [
        *(of_term(old.name, term) for term in terms(old, new)),
        *_sent_changes(old, new),
        *_echoed(found, old),
    ]
    full = [
        dataclasses.replace(change, witnesses=tuple(_completed(old, item) for item in change.witnesses))
        for change in changes
    ]
    return tuple(
        sorted(full, key=lambda change: (ORDER.index(change.klass), ("call", "request", "answer").index(change.side)))
    )


def _completed(old: Operation, witness: Witness) -> Witness:
    """
    The witness as a whole request: what it leaves open is filled in as OLD wants it.
    """
    if witness.request is None or "method" in witness.request:
        return witness
    whole = smallest_request(old)
    apart = witness.request.get("texts", {})
    known = {name: value for name, value in whole.get("parameters", {}).items() if name not in apart}
    named = {**known, **witness.request.get("parameters", {})}
    whole = {key: value for key, value in whole.items() if key != "parameters"}
    return dataclasses.replace(
        witness, request={**whole, **witness.request, **({"parameters": named} if named else {})}
    )


def exit_code(changes: Iterable[Change], fail_on: str = "breaking") -> int:
    """
    0 when nothing of the asked class is there, 1 when something is, 2 when something could not be decided.

    `fail_on`: "breaking", "strict" (and breaking), "any" change at all, or "none".
    """
    if fail_on not in FAIL_ON:
        raise CannotTell(f"--fail-on {fail_on} is not known; say one of {', '.join(FAIL_ON)}")
    classes = {change.klass for change in changes}
    failing: dict[str, set[str]] = {
        "breaking": {"breaking"},
        "strict": {"breaking", "strict"},
        "any": {klass for klass in ORDER if klass != "undecided"},
        "none": set(),
    }
    if classes & failing[fail_on]:
        return 1
    return 2 if "undecided" in classes and fail_on != "none" else 0
