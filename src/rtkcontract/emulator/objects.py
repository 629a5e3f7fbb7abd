"""
What each operation does to the objects that are remembered, and what it answers about them.

1. Everything goes by the role of the operation, by its path and by the links of the document; nothing is coded for one
   operation.
2. An update changes what was sent and fills no defaults; null takes a member away. A replacement keeps what a request
   cannot set. Both keep the id and the time of creation.
3. An object exists when it was created, when a response named its id, or when the document shows its id as an example,
   even after that was deleted. Where nothing tells which ids there are (no example, no link, nothing created), any
   well-formed id names one until it is deleted.
4. Reading changes nothing: what is made up for a read is remembered, so that the next read says the same.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rtkcontract.emulator import pages
from rtkcontract.emulator.lawful import lawful
from rtkcontract.emulator.parameters import Asked
from rtkcontract.emulator.refusals import service
from rtkcontract.emulator.routing import Home, Routes, Served
from rtkcontract.emulator.samples import TEXT, Attempt
from rtkcontract.emulator.shape import Place, list_path
from rtkcontract.emulator.store import Key, Store
from rtkcontract.json_schema.json_text import at
from rtkcontract.model import Json

UNKNOWN: Final = "NOT_FOUND: nothing has this id"
_CHANGED: Final = re.compile(r"(updated|modified|changed)", re.IGNORECASE)
_STAMP: Final = re.compile(r"(created|updated|modified|changed)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    One well-formed request: the operation, its parameters, its body, and how values are made up.
    """

    served: Served
    asked: Asked
    sent: Json
    attempt: Attempt

    @property
    def path(self) -> Mapping[str, str]:
        return self.asked.path

    @property
    def key(self) -> Key:
        """
        Where the path leads.
        """
        segments = self.served.operation.path.strip("/").split("/")
        return tuple(re.sub(r"\{([^{}]*)\}", lambda name: self.path[name[1]], part) for part in segments)


# ---- the envelope


def envelope(served: Served, path: tuple[str, ...], value: Json, attempt: Attempt, more: Mapping[str, Json]) -> Json:
    """
    The whole body around a value: what the response needs beside it, and `more` at the top.
    """
    return _around(served.whole, path, value, attempt, more)


def _around(place: Place, path: tuple[str, ...], value: Json, attempt: Attempt, more: Mapping[str, Json]) -> Json:
    if not path:
        flag = {"success": True} if "success" in place.members and isinstance(value, dict) else {}
        return {**value, **flag} if flag else value
    beside = {name: place.members[name].sample(attempt) for name in place.required if name not in ("success", path[0])}
    flag = {"success": True} if "success" in place.members else {}
    inside = _around(place.members[path[0]], path[1:], value, attempt, {})
    return {**beside, **more, **flag, path[0]: inside}


# ---- what is kept of a request, and shown of an object


def echo(place: Place, sent: Json) -> Json:
    """
    The readable part of what was sent, with defaults; an object of which nothing is declared comes back whole.
    """
    if isinstance(sent, list):
        return [echo(place.items, item) for item in sent]
    if not isinstance(sent, dict):
        return sent
    if not place.members:
        return {
            name: item
            for name, item in sent.items()
            if item is not None and not (name in place.requested and place.requested[name].hidden)
        }
    kept = (
        (name, _member(inner, sent.get(name) if name in place.settable else None))
        for name, inner in place.members.items()
    )
    return {name: value for name, value in kept if value is not None}


def _member(place: Place, sent: Json) -> Json:
    """
    What one member comes back as; None where it does not.
    """
    if place.hidden:
        return None
    return place.default if sent is None else echo(place, sent)


def settled(place: Place, sent: Json) -> Json:
    """
    What a request sets: what it declares, without secrets and without what only the server may set; null stays.
    """
    if isinstance(sent, list):
        return [settled(place.items, item) for item in sent]
    if not isinstance(sent, dict):
        return sent
    known = place.requested
    return {
        name: settled(known[name], value) if known else value
        for name, value in sent.items()
        if not known or (name in known and name in place.settable and not known[name].hidden)
    }


def merged(value: Json, change: Json) -> Json:
    """
    The value with a change: objects member by member, null takes a member away, anything else takes the place.
    """
    if not (isinstance(value, dict) and isinstance(change, dict)):
        return without_null(change)
    together = {**value, **{name: merged(value.get(name), part) for name, part in change.items() if part is not None}}
    return {name: part for name, part in together.items() if change.get(name, part) is not None}


def without_null(value: Json) -> Json:
    """
    The value without the members that are null.
    """
    if isinstance(value, dict):
        return {name: without_null(part) for name, part in value.items() if part is not None}
    return value


def shown(place: Place, value: Json) -> Json:
    """
    What a response declares of a value; all of it where nothing is declared.
    """
    if isinstance(value, list):
        return [shown(place.items, item) for item in value]
    if not isinstance(value, dict) or not place.members:
        return value
    return {
        name: shown(inner, value[name]) for name, inner in place.members.items() if name in value and not inner.hidden
    }


def fresh(place: Place, name: str, attempt: Attempt) -> Json:
    """
    What the server makes for a member: an id and a time are new each time, whatever their format.
    """
    value = place.sample(attempt)
    if not isinstance(value, str) or not value.startswith(TEXT):
        return value
    if name == "id":
        return attempt.new_id()
    return attempt.moment if _STAMP.match(name) else value


def made(place: Place, sent: Json, attempt: Attempt) -> Json:
    """
    A new object: what was sent, defaults, and what the server makes.
    """
    if not place.members:
        return place.sample(attempt)
    echoed = echo(place, sent if isinstance(sent, dict) else {})
    stamps = [name for name, inner in place.members.items() if _STAMP.match(name) and inner.kind == "string"]
    names = [name for name in dict.fromkeys((*place.server_made, *stamps)) if name not in echoed]
    filled = {**{name: fresh(place.members[name], name, attempt) for name in names}, **echoed}
    return {name: filled[name] for name in place.members if name in filled}


class Objects:
    """
    The objects of one emulator, and what operations do with them.
    """

    def __init__(self, routes: Routes, store: Store) -> None:
        self.routes, self.store = routes, store
        self._numbers = 0

    def body(self, call: Call) -> Json:
        """
        What a request is answered with, once `check` has passed.
        """
        roles: dict[str, Callable[[Call], Json]] = {
            "create": self._create,
            "list": self._list,
            "read": self._read,
            "update": self._update,
            "replace": self._replace,
            "delete": self._delete,
            "action": self._act,
        }
        body = lawful(call.served, roles[call.served.operation.role](call), call.attempt)
        return self._linked(call, body)

    # ---- which objects there are

    def check(self, call: Call) -> None:
        """
        Raises RefusalError with 404 when an id of the path names nothing.
        """
        shown = True
        for home, parameter in self.routes.above(call.served):
            collection = home.key(call.path)
            if collection is None:
                continue
            examples = (*self._examples(home), *_examples_of(call.served, parameter))
            shown = shown and (call.path[parameter] in examples)
            key = (*collection, call.path[parameter])
            free = not self.store.deleted(key) and self._any_will_do(home, examples)
            if self.store.get(key) is None and (shown or free):
                self._put_example(home, key, call.attempt)
            if self.store.get(key) is None:
                raise service(404, UNKNOWN)
            shown = shown or free

    def _any_will_do(self, home: Home, examples: tuple[str, ...]) -> bool:
        """
        Whether nothing tells which ids there are: no link, nothing created there so far, and where objects are created
        or listed no example.
        """
        if home.linked or home.template in self.store.created:
            return False
        return not (home.made or home.listed) or not examples

    def _examples(self, home: Home) -> tuple[str, ...]:
        reader = self.routes.reader_of(home)
        return _examples_of(reader, home.parameter) if reader else ()

    def _put_example(self, home: Home, key: Key, attempt: Attempt) -> None:
        """
        An object as if it had been created, with an id that was given.
        """
        creator = self.routes.creator_of(home)
        reader = self.routes.reader_of(home)
        if creator and (place := creator.about).members:
            asked = Place(creator.document, [creator.request_schema])
            empty_will_do = creator.oracle is None or creator.oracle.valid({})
            value = made(place, {} if empty_will_do else asked.sample(attempt), attempt)
        else:
            place = reader.about if reader else Place({}, ())
            value = made(place, {}, attempt)
        value = value if isinstance(value, dict) else {}
        name = _id_name(home, reader or creator, place)
        if name and key[-1]:
            inner = place.members.get(name)
            number = inner is not None and inner.kind in ("integer", "number")
            value[name] = int(key[-1]) if number and key[-1].isdigit() else key[-1]
        self.store.put(key, value)

    # ---- roles

    def _create(self, call: Call) -> Json:
        path, place = call.served.about_path, call.served.about
        value = made(place, call.sent, call.attempt)
        home = self.routes.home_of(call.served)
        collection = home.key(call.path) if home else None
        if home and collection is not None and isinstance(value, dict):
            name = _id_name(home, call.served, place)
            if name:
                value = {**value, name: self._identity(place.members.get(name), value.get(name), collection, call)}
                kept = merged(settled(place, call.sent), value)
                self.store.put((*collection, str(value[name])), kept)
                self.store.created.add(home.template)
        return envelope(call.served, path, value, call.attempt, {})

    def _identity(self, place: Place | None, value: Json, collection: Key, call: Call) -> Json:
        """
        The id of a new object: the one that it has, unless that is no id of its own.
        """
        taken = self.store.get((*collection, str(value))) is not None
        if value is not None and not taken and not str(value).startswith(TEXT) and not isinstance(value, int):
            return value
        if place is not None and place.kind in ("integer", "number"):
            self._numbers += 1
            return self._numbers
        return call.attempt.new_id()

    def _list(self, call: Call) -> Json:
        path = list_path(call.served.whole)
        home = self.routes.home_of(call.served)
        collection = home.key(call.path) if home else None
        if path is None or home is None or collection is None:
            return self._singleton(call)
        if home.listed and not home.made:
            self._seed(home, collection, call)
        items = call.served.whole.at(path).items
        names = frozenset((*items.members, *_requested(self.routes.creator_of(home))))
        fitting = pages.fitting(list(self.store.below(collection)), call.asked, names)
        page = pages.page(fitting, call.asked)
        values = [self._view(items, item, call) for item in page.items]
        return pages.numbered(
            envelope(call.served, path, values, call.attempt, {}), call.served.whole, path, page, call.attempt
        )

    def _seed(self, home: Home, collection: Key, call: Call) -> None:
        """
        What no operation creates has one object from the start, so that what takes its id can be tried.
        """
        if next(iter(self.store.below(collection)), None) is not None:
            return
        reader = self.routes.reader_of(home)
        shown_ids = self._examples(home)
        schemas = [one.schema for one in (reader.parameters if reader else ()) if one.name == home.parameter]
        identity = shown_ids[0] if shown_ids else str(Place(call.served.document, schemas).sample(call.attempt))
        if not self.store.deleted((*collection, identity)):
            self._put_example(home, (*collection, identity), call.attempt)

    def _read(self, call: Call) -> Json:
        if call.served.shape not in self.routes.homes:
            return self._singleton(call)
        return self._told(call)

    def _told(self, call: Call) -> Json:
        """
        The response about the object that the path names.
        """
        path, place = call.served.about_path, call.served.about
        value = self.store.get(call.key)
        if value is None or (not place.members and place.kind not in ("object", "")):
            return self._singleton(call)
        value = self._view(place, value, call)
        return self._with_ids(call, envelope(call.served, path, value, call.attempt, {}))

    def _view(self, place: Place, value: Json, call: Call) -> Json:
        """
        What a response shows of an object; what it needs and the object has not is made up, and remembered.
        """
        names = [name for name in place.required if name not in value]
        lacking = {name: fresh(place.members[name], name, call.attempt) for name in names}
        value.update({name: part for name, part in lacking.items() if not place.members[name].hidden})
        return shown(place, value)

    def _stored(self, call: Call) -> dict[str, Json]:
        """
        The object at the path; made there, where the path tells of an object that is kept elsewhere.
        """
        home = self.routes.homes.get(call.served.shape)
        if self.store.get(call.key) is None:
            if home:
                self._put_example(home, call.key, call.attempt)
            else:
                self.store.put(call.key, {})
        found: dict[str, Json] = self.store.get(call.key)
        return found

    def _update(self, call: Call) -> Json:
        return self._changed(call, merged(self._stored(call), settled(call.served.about, call.sent)))

    def _replace(self, call: Call) -> Json:
        place = call.served.about
        before = self._stored(call)
        own = {name: value for name, value in before.items() if name not in place.requested}
        given = without_null(settled(place, call.sent))
        echoed = echo(place, call.sent) if place.members else {}
        return self._changed(call, {**merged(given, echoed), **own} if isinstance(given, dict) else before)

    def _changed(self, call: Call, value: Json) -> Json:
        before = self._stored(call)
        for name in value:
            if _CHANGED.match(name) and isinstance(before.get(name), str) and value[name] == before[name]:
                value[name] = _later(before[name], call.attempt.moment)
        self.store.put(call.key, value)
        return self._told(call)

    def _delete(self, call: Call) -> Json:
        body = self._told(call) if call.served.media else None
        self.store.delete(call.key)
        return body

    def _act(self, call: Call) -> Json:
        if call.served.shape in self.routes.homes:
            return self._told(call)
        path, place = call.served.about_path, call.served.about
        return envelope(call.served, path, made(place, call.sent, call.attempt), call.attempt, {})

    def _singleton(self, call: Call) -> Json:
        """
        A response about something that there is once: made up when it is first read.
        """
        key = (*call.key, "")
        if self.store.get(key) is None:
            served, path = call.served, list_path(call.served.whole)
            object_at, place = served.about_path, served.about
            if path is not None and not object_at and "id" not in place.members:
                value = served.whole.at(path).sample(call.attempt)
                body = envelope(served, path, value, call.attempt, {})
            else:
                body = envelope(served, object_at, made(place, {}, call.attempt), call.attempt, {})
            self.store.put(key, {"body": lawful(served, self._with_ids(call, body), call.attempt)})
        return self.store.get(key)["body"]

    # ---- what a response names can be read

    def _with_ids(self, call: Call, body: Json) -> Json:
        """
        The body with every id that a link of the document looks for in it, where its schema declares one there.
        """
        for _, _, pointer in call.served.links:
            place, holder = call.served.whole, body
            for name in pointer.split("/")[1:]:
                inner = place.members.get(name)
                if inner is None or not isinstance(holder, dict):
                    break
                if name not in holder:
                    holder[name] = self._remembered(call, pointer, inner, name)
                place, holder = inner, holder[name]
        return body

    def _remembered(self, call: Call, pointer: str, place: Place, name: str) -> Json:
        """
        What is made up beside an object, the same at each read.
        """
        key = (*call.key, f"{pointer} {name}")
        if self.store.get(key) is None:
            self.store.put(key, {"value": fresh(place, name, call.attempt)})
        return copy.copy(self.store.get(key)["value"])

    def _linked(self, call: Call, body: Json) -> Json:
        for taker, parameter, pointer in call.served.links:
            served = self.routes.by_name.get(taker)
            home = self.routes.homes.get(served.shape) if served else None
            collection = home.key(call.path) if home and home.parameter == parameter else None
            if home is None or collection is None or not self.routes.kept(home, taker):
                continue
            try:
                identity = at(body, pointer)
            except LookupError:
                continue
            key = (*collection, str(identity))
            if isinstance(identity, str | int) and self.store.get(key) is None and not self.store.deleted(key):
                self._put_example(home, key, call.attempt)
        return body


def _examples_of(served: Served, parameter: str) -> tuple[str, ...]:
    """
    The values that the document shows for a parameter of a path.
    """
    return next((one.examples for one in served.parameters if (one.where, one.name) == ("path", parameter)), ())


def _requested(served: Served | None) -> Iterable[str]:
    return Place(served.document, (), [served.request_schema]).requested if served else ()


def _id_name(home: Home, served: Served | None, place: Place) -> str | None:
    """
    The member that holds the id of an object.
    """
    pointers = [pointer for _, parameter, pointer in (served.links if served else ()) if parameter == home.parameter]
    last = re.split(r"[_-]|(?=[A-Z])", home.parameter)[-1].lower()
    candidates = [*(pointer.rpartition("/")[2] for pointer in pointers), "id", home.parameter, last, "uuid", "key"]
    return next((name for name in candidates if name in place.members), None)


def _later(before: str, moment: str) -> str:
    """
    The moment, or a millisecond after the one before where the clock did not move.
    """
    if moment > before:
        return moment
    try:
        later = datetime.fromisoformat(before) + timedelta(milliseconds=1)
    except ValueError:
        return moment
    return later.isoformat(timespec="milliseconds").replace("+00:00", "Z")
