"""
What must hold between the responses of a scenario; pure. One relation is one function, and `RELATIONS` lists them.

1. A relation compares the response of a step with earlier ones. It says nothing where one of them is missing or
   refused: the status says that.
2. What no source decides is a note. Lists of texts are compared without their order, times as moments.
3. A list that may go on behind its page proves nothing by what it does not show.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from rtkcontract.checks.across import differences
from rtkcontract.checks.answer import shown
from rtkcontract.json_schema.json_text import NotStrictJson, dumps, loads
from rtkcontract.json_schema.values import ABSENT, same, type_of
from rtkcontract.model import Answered, Case, Contract, Finding, Json, Relation, Scenario


class Broken(NamedTuple):
    """
    Where a relation does not hold, what was expected there and what came.
    """

    where: str
    expected: str
    observed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """
    The step that is judged: its relation, its response, and the requests and responses of the steps that it names.
    """

    relation: Relation
    case: Case
    body: Json
    cases: tuple[Case, ...]
    bodies: tuple[Json, ...]

    def argument(self, name: str) -> Json:
        return self.relation.arguments.get(name)

    def at(self, body: Json, name: str) -> Json:
        """
        The value of a body at the place that an argument gives.
        """
        return value_at(body, self.relation.arguments.get(name) or "")

    @property
    def mine(self) -> Json:
        """
        The object of the response.
        """
        return self.at(self.body, "at")

    @property
    def theirs(self) -> Json:
        """
        The object of the first earlier response.
        """
        return self.at(self.bodies[0], "of_at")

    @property
    def items(self) -> list[Json]:
        """
        The items of the list in the response.
        """
        return self.items_of(self.body)

    def items_of(self, body: Json) -> list[Json]:
        found = self.at(body, "items_at")
        return found if isinstance(found, list) else []

    def ids(self, body: Json) -> list[Json]:
        """
        The ids of the items of a list.
        """
        key = self.argument("key")
        return [item.get(key, ABSENT) for item in self.items_of(body) if isinstance(item, dict)]

    def total(self, body: Json) -> int | None:
        """
        How many objects a list says there are; None where it does not.
        """
        found = self.at(body, "total_at") if self.argument("total_at") else None
        return int(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


Check: TypeAlias = Callable[[View], Iterator[Broken]]


UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def value_at(body: Json, pointer: str) -> Json:
    """
    The value at a JSON Pointer; ABSENT where there is none.
    """
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(body, dict) and name in body:
            body = body[name]
        elif isinstance(body, list) and name.isdigit() and int(name) < len(body):
            body = body[int(name)]
        else:
            return ABSENT
    return body


def alike(one: Json, other: Json) -> bool:
    """
    Whether two values say the same: lists without their order, times as far as both tell them, uuids in
    any case (RFC 9562, 4).
    """
    if same(one, other):
        return True
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(dumps, one)) == sorted(map(dumps, other))
    if isinstance(one, str) and isinstance(other, str) and UUID.fullmatch(one):
        return one.lower() == other.lower()
    first, second = moment(one), moment(other)
    if first is None or second is None:
        return False
    return abs((first - second).total_seconds()) < min(0.1 ** min(_digits(one), _digits(other)), 1)


def _digits(text: str) -> int:
    """
    How many digits a time has behind its second.
    """
    found = re.search(r":\d\d\.(\d+)", text)
    return min(len(found[1]), 6) if found else 0


def moment(text: Json) -> datetime | None:
    """
    A time with its zone; None for anything else.
    """
    try:
        found = datetime.fromisoformat(text.upper()) if isinstance(text, str) and len(text) > 16 else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _differing(one: Json, other: Json, missed: Callable[[str], bool]) -> Iterator[tuple[str, Json, Json]]:
    """
    Each place at which a value differs from an earlier one. Null and a member that is not there are alike, and so is
    a value of another type: two operations may declare it differently, and each response is judged by its own schema.
    A member inside that only one of them has is a difference where it is `missed`.
    """
    if alike(one, other):
        return
    for path, before, now in differences(other, one):
        absent = before is ABSENT or now is ABSENT
        if None in (before, now) or (not absent and type_of(before) != type_of(now)) or alike(before, now):
            continue
        place = "".join(f"/{part}" for part in path)
        if not absent or not path or missed(place):
            yield place, before, now


# --- objects --------------------------------------------------------------------------------------------------------


def same_object(view: View) -> Iterator[Broken]:
    """
    The members that are named are those of the earlier response. One that is not there is missed in the response to a
    GET, where it was sent before; and in any other where its own request sent it.
    """
    mine, theirs = view.mine, view.theirs
    if not isinstance(mine, dict) or not isinstance(theirs, dict):
        return
    sent = [_parsed(case.content) for case in (view.case, view.cases[0]) if case.content]
    for name in view.argument("members"):
        if name in theirs and (name in mine or all(isinstance(each, dict) and name in each for each in sent)):
            missed = functools.partial(_was_sent, sent, f"/{name}")
            for path, before, now in _differing(mine.get(name, ABSENT), theirs[name], missed):
                yield Broken(f"{view.argument('at')}/{name}{path}", _told(before), _told(now))


def _was_sent(bodies: list[Json], above: str, place: str) -> bool:
    """
    Whether each of some requests sent a value at a place.
    """
    return all(value_at(body, above + place) is not ABSENT for body in bodies)


def _told(value: Json) -> str:
    return "no member" if value is ABSENT else shown(value)


def holds(view: View) -> Iterator[Broken]:
    """
    What an earlier step sent is what the object has now. A member that its own response did not have is not missed.
    """
    mine, (sender, *_) = view.mine, view.cases
    if isinstance(mine, dict):
        for path, sent, got in _kept(view, sender, mine):
            yield Broken(f"{view.argument('at')}{path}", _told(sent), _told(got))


def _kept(view: View, sender: Case, mine: Json) -> Iterator[tuple[str, Json, Json]]:
    """
    What was sent and stands otherwise in an object: (place, sent, there).
    """
    sent = _parsed(sender.content)
    for name in view.argument("members") if isinstance(sent, dict) else ():
        if name in sent and name in mine:
            yield from _unlike(sent[name], mine[name], f"/{name}", sender.echo_unspecified)


def _unlike(sent: Json, got: Json, path: str, open_paths: tuple[str, ...]) -> Iterator[tuple[str, Json, Json]]:
    name = path[1:].replace("/", ".")
    if sent is None or any(name == each or name.startswith(f"{each}.") for each in open_paths):
        return
    if isinstance(sent, dict) and isinstance(got, dict):
        for member in sent:
            if member in got:
                yield from _unlike(sent[member], got[member], f"{path}/{member}", open_paths)
    elif not alike(sent, got):
        yield path, sent, got


def one_of(view: View) -> Iterator[Broken]:
    """
    The object holds what one of several steps sent, and nothing of the others.
    """
    mine = view.mine
    if isinstance(mine, dict) and all(any(_kept(view, case, mine)) for case in view.cases):
        yield Broken(view.argument("at"), "what one of the requests sent, as a whole", "a mixture of them")


def forgets(view: View) -> Iterator[Broken]:
    """
    What an earlier step sent, and a later one left out, is not there any more.
    """
    mine, sent = view.mine, _parsed(view.cases[0].content)
    for name in view.argument("members") if isinstance(mine, dict) and isinstance(sent, dict) else ():
        if name in mine and name in sent and alike(mine[name], sent[name]):
            yield Broken(f"{view.argument('at')}/{name}", "its default or nothing", f"{shown(mine[name])}, as before")


def moves(view: View) -> Iterator[Broken]:
    """
    A time is later than it was. Times that tell no thousandths of a second may be equal.
    """
    name = view.argument("member")
    if not isinstance(view.mine, dict) or not isinstance(view.theirs, dict):
        return
    now, before = moment(view.mine.get(name)), moment(view.theirs.get(name))
    if now is None or before is None:
        return
    precise = any(moved.microsecond % 100_000 for moved in (now, before))
    if now < before or (now == before and precise):
        yield Broken(f"{view.argument('at')}/{name}", f"later than {view.theirs[name]}", str(view.mine[name]))


def distinct(view: View) -> Iterator[Broken]:
    """
    A value is none of those in earlier responses.
    """
    value, at = view.mine, view.argument("at")
    for body, case in zip(view.bodies, view.cases, strict=True):
        if value is not ABSENT and same(value, value_at(body, at)):
            yield Broken(at, f"a value of its own; the response to {case.id} has this one", shown(value))


# --- lists ----------------------------------------------------------------------------------------------------------


def shows(view: View) -> Iterator[Broken]:
    """
    A list holds the object of an earlier step, once.
    """
    wanted = view.at(view.bodies[0], "id_at")
    count = sum(1 for one in view.ids(view.body) if alike(one, wanted))
    at, total = view.argument("items_at"), view.total(view.body)
    whole = total <= len(view.items) if total is not None else not view.argument("paged")
    if wanted is ABSENT or not isinstance(view.at(view.body, "items_at"), list):
        return
    if count > 1:
        yield Broken(at, f"{shown(wanted)} once", f"{count} times")
    elif count == 0 and whole:
        yield Broken(at, f"{shown(wanted)}, which {view.cases[0].operation} made", f"{len(view.items)} others")


def hides(view: View) -> Iterator[Broken]:
    """
    A list does not hold the object of an earlier step.
    """
    wanted = view.at(view.bodies[0], "id_at")
    if wanted is not ABSENT and any(alike(one, wanted) for one in view.ids(view.body)):
        yield Broken(view.argument("items_at"), f"not {shown(wanted)}", "it is listed")


def item(view: View) -> Iterator[Broken]:
    """
    The object stands in the list as in the earlier response, as far as items go.
    """
    key, theirs = view.argument("key"), view.theirs
    if not isinstance(theirs, dict) or key not in theirs:
        return
    found = [one for one in view.items if isinstance(one, dict) and alike(one.get(key, ABSENT), theirs[key])]
    for name in view.argument("members") if len(found) == 1 else ():
        if name in found[0] and name in theirs:
            for path, before, now in _differing(found[0][name], theirs[name], lambda _: False):
                yield Broken(f"{view.argument('items_at')}/…/{name}{path}", _told(before), _told(now))


def total(view: View) -> Iterator[Broken]:
    """
    The total is no less than what is shown, the same for each page, and a page has no more than was asked for.
    """
    count, size, number = view.total(view.body), view.argument("size"), len(view.items)
    at = view.argument("total_at")
    if size is not None and number > size:
        yield Broken(view.argument("items_at"), f"at most {size} items, as asked for", str(number))
    if count is None:
        return
    if count < number:
        yield Broken(at, f"at least {number}, the items of this page", str(count))
    for body in view.bodies:
        if (before := view.total(body)) is not None and before != count:
            yield Broken(at, f"{before}, as in the list before", str(count))
    yield from _offsets(view, count, number)


def _offsets(view: View, count: int, number: int) -> Iterator[Broken]:
    """
    First and last place of a page, counted from 0 or 1, the last or the one behind it.
    """
    holder = view.argument("total_at").rpartition("/")[0]
    paging = value_at(view.body, holder)
    ends = (
        {part: name for name in paging for part in ("start", "end") if name.startswith(part)}
        if isinstance(paging, dict)
        else {}
    )
    if len(ends) < 2 or number == 0:
        return
    start, end = paging[ends["start"]], paging[ends["end"]]
    if type_of(start) != "number" or type_of(end) != "number":
        return
    if end - start not in (number - 1, number) or end > count:
        expected = f"the places of {number} items of {count}"
        yield Broken(f"{holder}/{ends['end']}", expected, f"{start} to {end}")


def divides(view: View) -> Iterator[Broken]:
    """
    Pages one after another are a part of the list: no item twice, none left out, each as long as it must be.

    The first earlier response is the whole list, the others are the pages from number 1 on. Whether numbers count from
    0 or from 1 is open, so that the pages may begin with the second one.
    """
    pages = [view.ids(body) for body in view.bodies[1:]]
    ids, at, size = list(itertools.chain(*pages)), view.argument("items_at"), view.argument("size")
    twice = next((one for place, one in enumerate(ids) if any(same(one, each) for each in ids[:place])), None)
    if twice is not None:
        yield Broken(at, "each item on one page", f"{shown(twice)} on two")
        return
    whole, count = view.ids(view.bodies[0]), view.total(view.bodies[0])
    if not any(_is_part(whole, ids, first) for first in (0, size)):
        yield Broken(at, "a part of the list, in its order", "other items, or some are left out")
    elif count is not None and not any(_lengths(pages, count, size, first) for first in (0, 1)):
        lengths = ", ".join(str(len(page)) for page in pages)
        yield Broken(at, f"pages of {size} of {count} objects", f"{lengths} items")


def _is_part(whole: list[Json], ids: list[Json], first: int) -> bool:
    seen = whole[first : first + len(ids)]
    return all(same(one, other) for one, other in zip(seen, ids, strict=False))


def _lengths(pages: list[list[Json]], count: int, size: int, first: int) -> bool:
    return all(len(page) == max(0, min(size, count - (first + number) * size)) for number, page in enumerate(pages))


def same_list(view: View) -> Iterator[Broken]:
    """
    The list has the same items in the same order as before.
    """
    before, now = view.ids(view.bodies[0]), view.ids(view.body)
    if before != now:
        yield Broken(view.argument("items_at"), f"the same {len(before)} items in the same order", f"{len(now)} items")


def fits(view: View) -> Iterator[Broken]:
    """
    Each item of a filtered list has the value that was asked for.
    """
    name, value = view.argument("member"), view.argument("value")
    for place, one in enumerate(view.items):
        found = one.get(name, ABSENT) if isinstance(one, dict) else ABSENT
        if found is not ABSENT and found is not None and (found if isinstance(found, str) else dumps(found)) != value:
            yield Broken(f"{view.argument('items_at')}/{place}/{name}", shown(value), shown(found))


def ordered(view: View) -> Iterator[Broken]:
    """
    Objects that were made one after another stand in that order, or in the other; never in the opposite of what was
    asked for.
    """
    listed = view.ids(view.body)
    wanted = [view.at(body, "id_at") for body in view.bodies]
    places = [place for one in wanted for place, other in enumerate(listed) if alike(one, other)]
    opposite = sorted(places, reverse=not view.argument("descending"))
    if len(places) == len(wanted) and places == opposite:
        way = "the newest first" if view.argument("descending") else "the oldest first"
        yield Broken(view.argument("items_at"), way, "the opposite order")


RELATIONS: Final[Mapping[str, Check]] = {
    "same": same_object,
    "holds": holds,
    "one-of": one_of,
    "forgets": forgets,
    "moves": moves,
    "distinct": distinct,
    "shows": shows,
    "hides": hides,
    "item": item,
    "total": total,
    "divides": divides,
    "same-list": same_list,
    "fits": fits,
    "ordered": ordered,
}


# --- judging --------------------------------------------------------------------------------------------------------


def judge_step(scenario: Scenario, case_id: str, observations: Mapping[str, object]) -> tuple[Finding, ...]:
    """
    What the response to a step breaks of the relations to earlier ones. `observations` are those so far, by case.
    """
    step = next(step for step in scenario.steps if step.case.id == case_id)
    bodies = {name: body for name, seen in observations.items() if (body := _accepted(seen)) is not ABSENT}
    cases = {each.case.id: each.case for each in scenario.steps}
    found: list[Finding] = []
    for relation in step.relations if case_id in bodies else ():
        if all(name in bodies for name in relation.of):
            view = View(
                relation=relation,
                case=step.case,
                body=bodies[case_id],
                cases=tuple(cases[name] for name in relation.of),
                bodies=tuple(bodies[name] for name in relation.of),
            )
            found.extend(_finding(scenario, case_id, relation, one) for one in RELATIONS[relation.name](view))
    return tuple(found)


def _finding(scenario: Scenario, case_id: str, relation: Relation, broken: Broken) -> Finding:
    return Finding(
        check="lifecycle",
        case_id=case_id,
        where=broken.where,
        expected=f"{broken.expected}: {relation.reason}",
        observed=broken.observed,
        sources=relation.sources,
        severity="finding" if relation.sources else "note",
        cause=f"{scenario.operation} {relation.name} {broken.where.rpartition('/')[2]} {scenario.kind}",
    )


def _accepted(observation: object) -> Json:
    """
    The body of a response that accepts; ABSENT for any other.
    """
    if not isinstance(observation, Answered) or observation.response.status // 100 != 2:
        return ABSENT
    return _parsed(observation.response.content)


def _parsed(content: bytes) -> Json:
    try:
        return loads(content) if content else None
    except NotStrictJson:
        return ABSENT


def needed(contract: Contract, scenario: Scenario, case_id: str) -> Scenario:
    """
    The shortest part of a scenario that shows what a step broke: the step, what it and its relations build upon, and
    what changed the same objects before it; for a list, all that changed anything.
    """
    last = next(number for number, step in enumerate(scenario.steps) if step.case.id == case_id)
    step = scenario.steps[last]
    objects = {*made_by(step.case), *(name for relation in step.relations for name in relation.of)}
    listed = any("items_at" in relation.arguments for relation in step.relations)
    wanted = {case_id, *objects}
    for earlier in reversed(scenario.steps[:last]):
        changes = contract.operations[earlier.case.operation].method not in ("GET", "HEAD")
        if changes and (listed or objects & set(made_by(earlier.case))):
            wanted.add(earlier.case.id)
        if earlier.case.id in wanted:
            wanted.update(made_by(earlier.case))
    return replace(scenario, steps=tuple(each for each in scenario.steps if each.case.id in wanted))


def made_by(case: Case) -> Iterator[str]:
    """
    The cases whose responses give what a case needs.
    """
    sent = case.overrides
    for value in (*sent.path_parameters.values(), *(value for _, value in sent.query), *sent.body.values()):
        if value is not None and not isinstance(value, str) and value.case:
            yield value.case
