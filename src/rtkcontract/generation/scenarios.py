"""
Contract -> scenarios: what operations do together, derived from links and roles; pure and deterministic.

1. A scenario is a function of a collection that tells a `Story`: steps and what must hold between their responses. The
   functions stand in `SCENARIOS`; one that does not apply to a collection yields nothing.
2. Each scenario makes the objects that it needs, and each object below another gets a parent of its own where a list is
   looked at, so that nothing else of the run is in sight.
3. A relation cites what decides it: the schema of the document, or HTTP (RFC 9110: 9.2.1 safe, 9.2.2 idempotent,
   9.3.4 PUT, 9.3.5 DELETE, 15.3 a request that succeeded, 15.5 one that was refused) and RFC 5789 for PATCH.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from rtkcontract.contract.parameters import nodes_of
from rtkcontract.generation.collections import CREATED, UPDATED, Collection, cited, collections
from rtkcontract.generation.parameters import path_ids, undecided
from rtkcontract.generation.step_bodies import StepBodies, label
from rtkcontract.json_schema.json_text import encode, loads
from rtkcontract.json_schema.values import ABSENT, types_of
from rtkcontract.model import Case, Contract, Expectation, Json, Made, Operation, Relation, Scenario, Step

HTTP: Final = ("http",)


SUCCEEDED: Final = "a 2xx says that the request took effect, so a later GET shows it (RFC 9110, 15.3)"
SAFE: Final = "GET is safe: reading changes nothing (RFC 9110, 9.2.1)"
IDEMPOTENT: Final = "PUT is idempotent: twice is the same as once (RFC 9110, 9.2.2)"
REPLACED: Final = "PUT sets the whole state (RFC 9110, 9.3.4)"
PATCHED: Final = "PATCH changes what it holds, and nothing else (RFC 5789, 2)"
DELETED: Final = "DELETE removes the object from its address (RFC 9110, 9.3.5)"
REFUSED: Final = "a 4xx says that the request did not take effect (RFC 9110, 15.5)"
OTHERS: Final = "a request is about the object in its path, and no other (RFC 9110, 9.3)"
BOTH: Final = "both requests succeeded, so both took effect, in some order (RFC 9110, 15.3)"
NOBODY: Final = "the object is not below this one, so nothing is at the address (RFC 9110, 15.5.5)"


PAGE: Final = 2
MANY: Final = 100
"""Objects on a page where all are wanted: no source that is known here promises more."""
PAUSE_S: Final = 0.02
"""Before a change whose time is compared, so that the clock of the server has moved."""


class Story:
    """
    A scenario while it is told.
    """

    def __init__(self, collection: Collection, kind: str, note: str) -> None:
        self.of, self.kind, self.note = collection, kind, note
        self.id = f"{collection.create.name}/scenarios/{kind}"
        self.steps: list[Step] = []
        self.handed: dict[str, Made] = {}
        """Members of the create's body -> the ids that were made for them."""
        self.parent: dict[str, Made] = {}
        """Path parameters of the parent, where the scenario makes one of its own."""

    def scenario(self) -> Scenario:
        return Scenario(
            id=self.id, operation=self.of.create.name, kind=self.kind, note=self.note, steps=tuple(self.steps)
        )

    # --- steps ------------------------------------------------------------------------------------------------------

    def step(
        self,
        name: str,
        operation: Operation,
        *,
        body: Json = ABSENT,
        ids: Mapping[str, Made] | None = None,
        query: tuple[tuple[str, str | Made], ...] = (),
        expect: Expectation | None = None,
        together: bool = False,
        pause_s: float = 0.0,
        handed: Mapping[str, Made] | None = None,
    ) -> str:
        """
        Add a request; the id of its case.
        """
        case_id = f"{self.id}/{name}"
        bodies = self.of.bodies(operation)
        sent = body is not ABSENT and not bodies.empty
        base = bodies.base
        if expect is None:
            expect = bodies.expectation(body) if sent else accepted("the object is there")
        case = Case(
            id=case_id,
            operation=operation.name,
            side="scenario",
            partition=self.kind,
            content=encode(body) if sent else b"",
            expect=expect,
            note=self.note,
            overrides=replace(
                base,
                path_parameters={**base.path_parameters, **self._parents(operation), **(ids or {})},
                query=(*base.query, *query),
                body=handed or {},
                headers=base.headers if sent or bodies.empty else {**base.headers, "content-type": None},
            ),
            echo_unspecified=bodies.unechoed(body) if sent else (),
        )
        self.steps.append(Step(case=case, together=together, pause_s=pause_s))
        return case_id

    def _parents(self, operation: Operation) -> dict[str, Made]:
        return {name: made for name, made in self.parent.items() if name in path_ids(operation)}

    def relate(self, name: str, reason: str, *of: str, sources: tuple[str, ...] = HTTP, **arguments: Any) -> None:
        """
        Add what must hold between the last step and earlier ones.
        """
        relation = Relation(name=name, reason=reason, of=of, sources=sources, arguments=arguments)
        self.steps[-1] = replace(self.steps[-1], relations=(*self.steps[-1].relations, relation))

    # --- the steps that most stories have ---------------------------------------------------------------------------

    @property
    def bodies(self) -> StepBodies:
        return self.of.bodies(self.of.create)

    def own_parent(self, name: str = "parent") -> None:
        """
        Make a parent for the objects of this scenario alone, where they have one.
        """
        above = self.of.above
        if above is None:
            return
        maker = self.of.contract.operations[above.operation]
        case_id = self.step(name, maker, body=self.of.bodies(maker).small(f"{self.id} {name}"))
        parameter = next(key for key, made in path_ids(self.of.create).items() if made == above)
        self.parent = {parameter: Made(operation=maker.name, pointer=above.pointer, case=case_id)}

    def create(self, name: str = "create", turn: int | None = 0, **more: Any) -> str:
        """
        Make an object: a full one of a turn, or a small one.
        """
        told = f"{self.id} {name}"
        body = self.bodies.small(told) if turn is None else self.bodies.full(turn, told)
        if self.of.needs and not self.handed:
            self._hand()
        why = undecided(self.of.contract, self.of.create)
        return self.step(
            name, self.of.create, body=ABSENT if self.bodies.empty else body, expect=why, handed=self.handed, **more
        )

    def _hand(self) -> None:
        """
        Make the objects whose ids the create takes in its body.
        """
        for member, made in self.of.needs.items():
            maker = self.of.contract.operations[made.operation]
            case_id = self.step(f"needed-{member}", maker, body=self.of.bodies(maker).small(f"{self.id} {member}"))
            self.handed[member] = replace(made, case=case_id)

    def made(self, created: str) -> Made:
        return replace(self.of.made, case=created)

    def on(self, role: str, created: str, name: str, **more: Any) -> str:
        """
        A request to the object that a step made.
        """
        return self.step(name, self.of.others[role], ids={self.of.ident: self.made(created)}, **more)

    def read(self, created: str, name: str = "read", **more: Any) -> str:
        return self.on("read", created, name, **more)

    def same(self, other: str, reason: str, members: set[str] | None = None, **more: Any) -> None:
        """
        The object in the last response is that of an earlier one, but for times of change.
        """
        mine, theirs = self._operation(self.steps[-1].case.id), self._operation(other)
        common = self._common(mine, theirs)
        kept = [name for name in common if members is None or name in members]
        kept = [
            name for name in kept if name not in self.of.times(UPDATED, self.of.members(theirs)) or more.get("times")
        ]
        if kept:
            self.relate(
                "same",
                reason,
                other,
                at=self.of.at(mine),
                of_at=self.of.at(theirs),
                members=kept,
                sources=more.get("sources", HTTP),
            )

    def _common(self, mine: Operation, theirs: Operation) -> list[str]:
        """
        The members that the responses of two operations declare alike.
        """
        one, other = self.of.members(mine), self.of.members(theirs)
        return [name for name in other if name in one and set(types_of(one[name])) == set(types_of(other[name]))]

    def holds(self, sender: str, reason: str) -> None:
        """
        The object in the last response holds what an earlier step sent.
        """
        mine = self._operation(self.steps[-1].case.id)
        at = self.of.at(mine)
        if at is not None:
            self.relate("holds", reason, sender, at=at, members=list(self.of.members(mine)))

    def identity(self, created: str, reason: str) -> None:
        """
        Id and time of creation are those that the create gave.
        """
        members = self.of.members(self._operation(created))
        fixed = {self.of.key, *self.of.times(CREATED, members)}
        self.same(created, reason, fixed)

    def moved(self, before: str) -> None:
        """
        The time of the last change is later than it was.
        """
        mine = self._operation(self.steps[-1].case.id)
        common = self.of.members(self._operation(before))
        for name in self.of.times(UPDATED, self.of.members(mine)):
            if name in common:
                where: dict[str, Any] = {"at": self.of.at(mine), "of_at": self.of.at(self._operation(before))}
                reason = f"{name} is the time of the last change"
                self.relate("moves", reason, before, member=name, sources=cited(common[name]) or HTTP, **where)

    def _operation(self, case_id: str) -> Operation:
        case = next(step.case for step in self.steps if step.case.id == case_id)
        return self.of.contract.operations[case.operation]

    # --- lists ------------------------------------------------------------------------------------------------------

    def list(self, name: str, *query: tuple[str, str | Made], page: bool = True, **more: Any) -> str:
        """
        Ask for the whole list, as far as a page of it goes.
        """
        size = self.of.parameter(SIZE) if page else None
        whole = ((size.name, str(MANY)),) if size is not None else ()
        return self.step(name, self.of.others["list"], query=(*query, *whole), **more)

    def found(self, created: str) -> tuple[tuple[str, str], ...]:
        """
        The query that finds the object of a step alone, where the list can be searched.
        """
        search, sent = self.of.parameter(SEARCH), self.sent(created)
        text = next((sent[name] for name in self.bodies.texts if name in sent and name in self.of.item_members()), None)
        return ((search.name, text),) if search is not None and isinstance(text, str) else ()

    def sent(self, case_id: str) -> Json:
        """
        The body that a step sends.
        """
        content = next(step.case.content for step in self.steps if step.case.id == case_id)
        return loads(content) if content else {}

    def shows(
        self, created: str, reason: str, *, missing: bool = False, sources: tuple[str, ...] = HTTP, like: str = ""
    ) -> None:
        """
        The list in the last response has the object of a step, once and as it was, or does not have it.
        """
        where: dict[str, Any] = {
            "items_at": self.of.items_at,
            "total_at": self.of.total_at,
            "key": self.of.key,
            "id_at": self.of.made.pointer,
        }
        if missing:
            self.relate("hides", reason, created, sources=sources, **where)
            return
        paged = self.of.parameter(SIZE) is not None or self.of.parameter(NUMBER) is not None
        self.relate("shows", reason, created, sources=sources, paged=paged, **where)
        other = like or created
        items, theirs = self.of.item_members(), self.of.members(self._operation(other))
        updated = self.of.times(UPDATED, items)
        alike = [name for name in theirs if name in items and set(types_of(items[name])) == set(types_of(theirs[name]))]
        members = [name for name in alike if name not in updated]
        self.relate(
            "item", reason, other, sources=sources, of_at=self.of.at(self._operation(other)), members=members, **where
        )


SEARCH: Final = r"search|q|query"
SIZE: Final = r"per_?page|limit|page_?size|size"
NUMBER: Final = r"page_?(no|num|number)?|page"
SINCE: Final = r"(start|from|since|after|created_after)(_?(time|date|at))?"
UNTIL: Final = r"(end|to|until|before|created_before)(_?(time|date|at))?"
"""Names that parameters of lists have by convention."""


def accepted(reason: str) -> Expectation:
    """
    A request to an object that is there, with nothing that could be wrong.
    """
    return Expectation(outcome="accepted", reason=reason, sources=HTTP)


def gone(reason: str) -> Expectation:
    """
    A request to an address that has nothing; no source says by which status it is refused.
    """
    return Expectation(outcome="rejected", reason=reason, rejection="not_found", sources=HTTP)


def opened(reason: str) -> Expectation:
    """
    A request of which no source says whether it is accepted.
    """
    return Expectation(outcome="unspecified", reason=reason)


# --- the scenarios --------------------------------------------------------------------------------------------------

Told = Iterator[Story]


def _has(of: Collection, *roles: str) -> bool:
    return all(role in of.others for role in roles) and ("list" not in roles or of.items_at is not None)


def read_after_create(of: Collection) -> Told:
    """
    What was created can be read, each time alike.
    """
    if _has(of, "read"):
        story = Story(of, "read-after-create", "what was created can be read, each time alike")
        created = story.create()
        read = story.read(created)
        story.same(created, SUCCEEDED)
        story.holds(created, SUCCEEDED)
        story.read(created, "read-again")
        story.same(read, SAFE, times=True)
        story.read(created, "read-once-more")
        story.same(read, SAFE, times=True)
        yield story


def read_minimal(of: Collection) -> Told:
    """
    What was created from as little as possible can be read, with the defaults that were told.
    """
    if _has(of, "read"):
        story = Story(of, "read-after-small-create", "defaults are stored as they were told")
        created = story.create(turn=None)
        story.read(created)
        story.same(created, SUCCEEDED)
        yield story


def list_contains(of: Collection) -> Told:
    """
    The list holds what was created.
    """
    if _has(of, "list"):
        story = Story(of, "list-contains", "the list holds what was created, once")
        story.own_parent()
        created = story.create()
        other = story.create("create-other", turn=1)
        story.list("list", *story.found(created))
        story.shows(created, SUCCEEDED)
        story.list("list-other", *story.found(other))
        story.shows(other, SUCCEEDED)
        yield story


def update(of: Collection) -> Told:
    """
    An update changes what it holds, of its own object and no other.
    """
    if not _has(of, "update", "read"):
        return
    bodies = of.bodies(of.others["update"])
    story = Story(of, "update-then-read", "an update changes what it holds, of its own object")
    other = story.create("create-other", turn=1)
    created = story.create(pause_s=PAUSE_S)
    before = story.sent(created)
    every = list(bodies.changes(before, story.id, set(of.bodies(of.create).tops)))
    changed = dict(every[::2] or every)
    if not changed:
        return
    listed = _has(of, "list")
    read = story.read(created, "read-before")
    if listed:
        story.list("list-before", *story.found(created))
    sent = story.on("update", created, "update", body=changed, pause_s=PAUSE_S)
    story.identity(created, "id and time of creation never change")
    unchanged = set(of.members(of.others["read"])) - changed.keys() - {name for name, _ in bodies.states(set())}
    story.same(read, PATCHED, unchanged)
    story.moved(read)
    story.read(created, "read-after")
    story.holds(sent, SUCCEEDED)
    story.same(sent, SUCCEEDED)
    story.same(read, PATCHED, unchanged)
    story.identity(created, "id and time of creation never change")
    story.moved(read)
    if listed:
        story.list("list-after", *(story.found(sent) or story.found(created)))
        story.shows(created, SUCCEEDED, like=sent)
    story.read(other, "read-other")
    story.same(other, OTHERS)
    yield story


def refused_update(of: Collection) -> Told:
    """
    A refused update changes nothing.
    """
    if not _has(of, "update", "read"):
        return
    bodies = of.bodies(of.others["update"])
    story = Story(of, "refused-update", "a refused update changes nothing")
    created = story.create()
    good = dict(list(bodies.changes(story.sent(created), story.id, set(story.bodies.tops)))[:1])
    bad = bodies.refused(good)
    if bad is not None:
        read = story.read(created, "read-before")
        story.on("update", created, "update", body=bad)
        story.read(created, "read-after")
        story.same(read, REFUSED, times=True)
        yield story


def replaced(of: Collection) -> Told:
    """
    A replacement sets the whole state, once or twice.
    """
    if not _has(of, "replace", "read"):
        return
    operation = of.others["replace"]
    bodies = of.bodies(operation)
    story = Story(of, "replace-then-read", "a replacement sets the whole state, once or twice")
    other = story.create("create-other", turn=0)
    created = story.create(turn=1)
    read = story.read(created, "read-before")
    sent = story.on("replace", created, "replace", body=bodies.full(0, f"{story.id} replaced"), pause_s=PAUSE_S)
    story.identity(created, "id and time of creation never change")
    story.moved(read)
    after = story.read(created, "read-after")
    story.holds(sent, SUCCEEDED)
    story.same(sent, SUCCEEDED)
    again = story.on("replace", created, "replace-again", body=story.sent(sent))
    story.same(sent, IDEMPOTENT, set(of.members(of.others["read"])))
    story.read(created, "read-again")
    story.same(after, IDEMPOTENT)
    small = story.on("replace", created, "replace-by-less", body=bodies.small(f"{story.id} less"))
    story.identity(created, "id and time of creation never change")
    story.read(created, "read-less")
    story.same(small, SUCCEEDED)
    story.holds(small, SUCCEEDED)
    told, kept, known = story.sent(again), story.sent(small), of.members(of.others["read"])
    names = [name for name in told if name not in kept and name in known and not bodies.is_default(name, told[name])]
    story.relate("forgets", REPLACED, again, at=of.at(of.others["read"]), members=names)
    story.read(other, "read-other")
    story.same(other, OTHERS)
    yield story


def deleted(of: Collection) -> Told:
    """
    What was deleted is gone, and nothing else is.
    """
    if not _has(of, "delete"):
        return
    story = Story(of, "delete-then-read", "what was deleted is gone, and nothing else")
    story.own_parent()
    other = story.create("create-other", turn=1)
    created = story.create()
    third = story.create("create-third", turn=None)
    story.on("delete", created, "delete")
    if _has(of, "read"):
        story.read(created, "read-deleted", expect=gone(DELETED))
    if _has(of, "list"):
        story.list("list", *story.found(created))
        story.shows(created, DELETED, missing=True)
    story.on("delete", created, "delete-again", expect=opened("no source says how what is gone is deleted"))
    if _has(of, "read"):
        story.read(other, "read-other")
        story.same(other, OTHERS)
        story.read(third, "read-third")
        story.same(third, OTHERS)
    if _has(of, "update"):
        changes = dict(list(of.bodies(of.others["update"]).changes({}, story.id, set(story.bodies.tops)))[:1])
        if changes:
            story.on("update", created, "update-deleted", body=changes, expect=gone(DELETED))
    story.create("create-anew")
    story.relate("distinct", "an id names one object", created, other, third, at=of.made.pointer)
    if _has(of, "list"):
        story.list("list-others", *story.found(other))
        story.shows(other, OTHERS)
    yield story


def pages(of: Collection) -> Told:
    """
    Pages divide the list.
    """
    size, number = of.parameter(SIZE), of.parameter(NUMBER)
    if not _has(of, "list") or size is None or number is None:
        return
    story = Story(of, "pages", "pages divide the list: none overlap, none is left out, totals agree")
    story.own_parent()
    made = [story.create(f"create-{count}", turn=None) for count in range(1, 7)]
    where: dict[str, Any] = {"items_at": of.items_at, "total_at": of.total_at, "key": of.key}
    reason, sources = "pages divide one list", cited(nodes_of(of.contract.document, number.schema)) or HTTP
    whole = story.list("list-all")
    story.relate("total", "the total is that of the list", sources=sources, **where)
    for each in made:
        story.shows(each, SUCCEEDED)
    asked: list[str] = []
    why = undecided(of.contract, of.create)  # without objects, page 2 is past the end
    listing = of.others["list"]
    for page in (1, 2):
        query = ((size.name, str(PAGE)), (number.name, str(page)))
        asked.append(story.step(f"page-{page}", listing, query=query, expect=why))
        story.relate("total", "each page tells the same total", whole, sources=sources, size=PAGE, **where)
    story.relate("divides", reason, whole, *asked, sources=sources, size=PAGE, **where)
    past = opened("it may be past the end: no source says how that is told")
    for page in (3, 4):
        query = ((size.name, str(PAGE)), (number.name, str(page)))
        asked.append(story.step(f"page-{page}", listing, query=query, expect=past))
        story.relate("divides", reason, whole, *asked, sources=sources, size=PAGE, **where)
    story.list("list-again")
    story.relate("same-list", SAFE, whole, **where)
    if _has(of, "read"):
        story.read(made[0], "read-first")
        story.same(made[0], OTHERS)
    yield story


def filters(of: Collection) -> Told:
    """
    A filter shows all that fits, and only that.
    """
    if not _has(of, "list"):
        return
    search = of.parameter(SEARCH)
    created_at = next(iter(of.times(CREATED, of.item_members())), "")
    bounds = [(of.parameter(SINCE), True), (of.parameter(UNTIL), False)]
    story = Story(of, "filters", "a filter shows all that fits, and only that")
    story.own_parent()
    one, other = story.create("create-one"), story.create("create-other", turn=1)
    if search is not None and story.found(one):
        sources = cited(nodes_of(of.contract.document, search.schema)) or HTTP
        for mine, theirs, name in ((one, other, "search-one"), (other, one, "search-other")):
            story.list(name, *story.found(mine))
            story.shows(mine, f"{search.name} chooses what is listed", sources=sources)
            story.shows(theirs, f"{search.name} chooses what is listed", missing=True, sources=sources)
        story.list("search-nothing", (search.name, label(f"{story.id} nothing")))
        story.shows(one, f"{search.name} chooses what is listed", missing=True, sources=sources)
    for parameter, since in bounds if created_at else ():
        if parameter is None:
            continue
        sources = cited(nodes_of(of.contract.document, parameter.schema)) or HTTP
        reason = f"{parameter.name} chooses what is listed by its time"
        for moment, early in (("2000-01-01T00:00:00Z", True), ("2100-01-01T00:00:00Z", False)):
            story.list(f"{parameter.name}-{moment[:4]}", (parameter.name, moment), *story.found(one))
            story.shows(one, reason, missing=early is not since, sources=sources)
    for name, value, parameter in _own_values(of, story, one):
        sources = cited(nodes_of(of.contract.document, parameter.schema)) or HTTP
        story.list(f"{name}-fits", (name, value), *story.found(one))
        story.relate(
            "fits", f"{name} chooses what is listed", sources=sources, items_at=of.items_at, member=name, value=value
        )
        story.shows(one, f"{name} chooses what is listed", sources=sources)
    if len(story.steps) > 3:
        yield story


def _own_values(of: Collection, story: Story, created: str) -> Iterator[tuple[str, Any, Any]]:
    """
    Filters that have the name of a member that the object was made with.
    """
    sent, listing = story.sent(created), of.others["list"]
    for one in listing.parameters:
        value = sent.get(one.name)
        if one.where == "query" and one.name in of.item_members() and isinstance(value, str | bool | int):
            yield one.name, value if isinstance(value, str) else encode(value).decode(), one


def states(of: Collection) -> Told:
    """
    A member that only an update sets changes there and back, and chooses what is listed.
    """
    if not _has(of, "update", "read"):
        return
    bodies = of.bodies(of.others["update"])
    known = set(of.bodies(of.create).tops)
    for member, values in bodies.states(known):
        if member not in of.members(of.others["read"]):
            continue
        story = Story(
            of, f"{member}-changes", f"{member} is set by an update, there and back, and chooses what is listed"
        )
        created = story.create()
        filtered = _has(of, "list") and any(one.name == member for one in of.others["list"].parameters)
        shown = _has(of, "list") and member in of.item_members()
        unchanged = set(of.members(of.others["read"])) - {member}
        for turn, value in enumerate((*reversed(values), values[-1])):
            sent = story.on("update", created, f"update-{turn}-{value.lower()}", body={member: value})
            story.read(created, f"read-{turn}")
            story.holds(sent, SUCCEEDED)
            story.same(created, PATCHED, unchanged)
            if shown:
                story.list(f"list-{turn}", *story.found(created))
                story.shows(created, SUCCEEDED, like=sent)
            for asked in values if filtered and turn < len(values) else ():
                story.list(f"list-{turn}-{asked.lower()}", (member, asked), *story.found(created))
                reason = f"{member} chooses what is listed"
                story.relate("fits", reason, items_at=of.items_at, member=member, value=asked)
                story.shows(created, reason, missing=asked != value, like=sent)
        yield story


def parents(of: Collection) -> Told:
    """
    An object of one parent is not visible below another.
    """
    if of.above is None or not _has(of, "read"):
        return
    story = Story(of, "below-another", "an object of one parent is not visible below another")
    story.own_parent()
    mine = dict(story.parent)
    created = story.create()
    story.own_parent("other-parent")
    story.read(created, "read-below-the-other", expect=gone(NOBODY))
    if _has(of, "list"):
        story.list("list-of-the-other")
        story.shows(created, NOBODY, missing=True)
    update_body: Json = None
    if _has(of, "update"):
        made = of.bodies(of.others["update"]).changes({}, story.id, set(story.bodies.tops))
        update_body = dict(list(made)[:1]) or None
    if update_body:
        story.on("update", created, "update-below-the-other", body=update_body, expect=gone(NOBODY))
    if _has(of, "replace"):
        body = of.bodies(of.others["replace"]).full(1, f"{story.id} other")
        story.on("replace", created, "replace-below-the-other", body=body, expect=gone(NOBODY))
    for action in _actions(of):
        story.step(f"{action.name}-below-the-other", action, ids={of.ident: story.made(created)}, expect=gone(NOBODY))
    if _has(of, "delete"):
        story.on("delete", created, "delete-below-the-other", expect=gone(NOBODY))
    story.parent = mine
    story.read(created, "read-below-its-own")
    story.same(created, OTHERS)
    yield story


def _actions(of: Collection) -> Iterator[Operation]:
    """
    Actions on one object of the collection that need no body.
    """
    for operation in of.contract.operations.values():
        ids = list(path_ids(operation).items())
        own = ids and ids[-1][0] == of.ident and ids[-1][1].operation == of.create.name
        plain = operation.role == "action" and operation.request_schema in ({}, None)
        if own and plain and undecided(of.contract, operation) is None:
            yield operation


def duplicates(of: Collection) -> Told:
    """
    A second object of the same body is refused, or is another one.
    """
    if not _has(of, "read"):
        return
    story = Story(of, "duplicate", "a second object of the same body is refused, or is another one")
    created = story.create(turn=None)
    body = story.sent(created)
    story.step("create-again", of.create, body=body, expect=opened("no source says whether it may be there twice"))
    story.relate("distinct", "an id names one object", created, at=of.made.pointer, sources=())
    story.read(created, "read-first")
    story.same(created, OTHERS)
    yield story


def at_once(of: Collection) -> Told:
    """
    Objects that are made at once are as many, each with its own body.
    """
    if not _has(of, "read"):
        return
    story = Story(of, "creates-at-once", "objects made at once are as many, and all are kept")
    story.own_parent()
    one = story.create("create-one", turn=0)
    other = story.create("create-other", turn=1, together=True)
    story.relate("distinct", "an id names one object", one, at=of.made.pointer)
    third = story.create("create-third", turn=2, together=True)
    story.relate("distinct", "an id names one object", one, other, at=of.made.pointer)
    for created, name in ((one, "read-one"), (other, "read-other"), (third, "read-third")):
        story.read(created, name)
        story.holds(created, BOTH)
        story.same(created, BOTH)
    if _has(of, "list"):
        story.list("list", *story.found(one))
        story.shows(one, BOTH)
    yield story


def updates_at_once(of: Collection) -> Told:
    """
    Of two updates at once none is lost.
    """
    if not _has(of, "update", "read"):
        return
    bodies = of.bodies(of.others["update"])
    story = Story(of, "updates-at-once", "of two updates at once none is lost")
    created = story.create()
    changed = list(bodies.changes(story.sent(created), story.id, set(story.bodies.tops)))[:2]
    if len(changed) == 2:
        one = story.on("update", created, "update-one", body=dict(changed[:1]))
        other = story.on("update", created, "update-other", body=dict(changed[1:]), together=True)
        story.read(created)
        story.holds(one, BOTH)
        story.holds(other, BOTH)
        yield story


def replacements_at_once(of: Collection) -> Told:
    """
    Of two replacements at once one is the last, whole.
    """
    if not _has(of, "replace", "read"):
        return
    bodies = of.bodies(of.others["replace"])
    story = Story(of, "replacements-at-once", "of two replacements at once one is the last, whole")
    created = story.create()
    one = story.on("replace", created, "replace-one", body=bodies.full(0, f"{story.id} one"))
    other = story.on("replace", created, "replace-other", body=bodies.full(1, f"{story.id} other"), together=True)
    story.read(created)
    at = of.at(of.others["read"])
    story.relate("one-of", REPLACED, one, other, at=at, members=list(of.members(of.others["read"])))
    yield story


def orders(of: Collection) -> Told:
    """
    The order that is asked for is the order of the list.
    """
    listing = of.others.get("list")
    order = None if listing is None else next((one for one in listing.parameters if _is_order(of, one.schema)), None)
    created_at = next(iter(of.times(CREATED, of.item_members())), "") if listing else ""
    if order is None or not created_at or not _has(of, "list"):
        return
    story = Story(of, "order", "the order that is asked for is the order of the list")
    story.own_parent()
    made = [story.create(f"create-{count}", turn=None, pause_s=PAUSE_S) for count in (1, 2, 3)]
    sources = cited(nodes_of(of.contract.document, order.schema)) or HTTP
    for value in ("ASC", "DESC"):
        story.list(f"list-{value.lower()}", (order.name, value))
        story.relate(
            "ordered",
            f"{order.name} says which comes first",
            *made,
            sources=sources,
            items_at=of.items_at,
            key=of.key,
            id_at=of.made.pointer,
            descending=value == "DESC",
        )
    default = next(
        (node["default"] for node in nodes_of(of.contract.document, order.schema) if "default" in node), None
    )
    if default in ("ASC", "DESC"):
        story.list("list-by-default")
        story.relate(
            "ordered",
            f"{order.name} has the default {default}",
            *made,
            sources=sources,
            items_at=of.items_at,
            key=of.key,
            id_at=of.made.pointer,
            descending=default == "DESC",
        )
    yield story


def _is_order(of: Collection, schema: Json) -> bool:
    return any(
        {"ASC", "DESC"} <= {value for value in node.get("enum", ()) if isinstance(value, str)}
        for node in nodes_of(of.contract.document, schema)
    )


SCENARIOS: Final[tuple[Callable[[Collection], Told], ...]] = (
    read_after_create,
    read_minimal,
    list_contains,
    update,
    refused_update,
    replaced,
    deleted,
    pages,
    filters,
    orders,
    states,
    parents,
    duplicates,
    at_once,
    updates_at_once,
    replacements_at_once,
)


def scenarios(
    contract: Contract, operations: frozenset[str] | None = None, *, creates: frozenset[str] | None = None
) -> tuple[Scenario, ...]:
    """
    The scenarios of a contract, in the order of its creates; with `operations` those that ask nothing else, with
    `creates` those of their objects.
    """
    wanted = [of for of in collections(contract) if creates is None or of.create.name in creates]
    found = [story.scenario() for of in wanted for told in SCENARIOS if _asks(of, operations) for story in told(of)]
    if operations is None:
        return tuple(found)
    return tuple(each for each in found if all(step.case.operation in operations for step in each.steps))


def _asks(of: Collection, operations: frozenset[str] | None) -> bool:
    return operations is None or of.create.name in operations


def readable(contract: Contract, create: Operation) -> Collection | None:
    """
    The collection whose objects a create makes and another operation reads; None where nothing reads them.
    """
    if create.role != "create":
        return None
    found = next((each for each in collections(contract) if each.create.name == create.name), None)
    return found if found is not None and _has(found, "read") else None


def read_back(of: Collection, case: Case) -> Scenario:
    """
    The scenario that reads what a case of a create has made. Its first step is the case.
    """
    story = Story(of, "read-back", "what was created can be read")
    story.id = f"{case.id}/read-back"
    story.steps.append(Step(case=case))
    story.read(case.id)
    story.same(case.id, SUCCEEDED)
    story.holds(case.id, SUCCEEDED)
    return story.scenario()
