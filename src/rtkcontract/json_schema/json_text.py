"""
JSON text read strictly and written exactly.

1. `loads` refuses what has no single meaning: duplicate members, NaN and Infinity, invalid UTF-8, a byte order mark.
2. `dumps` writes a `Written` number as it was given, so that 60, 60.0 and 6e1 stay three requests.
3. `canonical` is the form that identity is taken from: members sorted, numbers as written, no insignificant space.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Sequence
from json.encoder import encode_basestring_ascii
from typing import NoReturn

from rtkcontract.model import Json


def line_of(text: str, pointer: str) -> int:
    """
    The line (from 1) on which the value at a JSON Pointer starts; 1 where the pointer leads nowhere.
    """
    decoder = json.JSONDecoder()
    position = 0
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        found = _inside(text, position, name, decoder)
        if found is None:
            break
        position = found
    return text.count("\n", 0, position) + 1


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n,:":
        position += 1
    return position


def _inside(text: str, position: int, name: str, decoder: json.JSONDecoder) -> int | None:
    """
    Where the member or item `name` of the value at `position` starts.
    """
    position = _skip(text, position)
    opening, index = text[position : position + 1], 0
    position = _skip(text, position + 1)
    while opening in ("{", "[") and position < len(text) and text[position] not in "}]":
        key = str(index)
        if opening == "{":
            key, position = decoder.raw_decode(text, position)
            position = _skip(text, position)
        if key == name:
            return position
        _, position = decoder.raw_decode(text, position)
        position = _skip(text, position)
        index += 1
    return None


_WORDS = {None: "null", True: "true", False: "false"}


_SIMPLE = re.compile(rb"[ !#-\[\]-~\"]*")
"""What is written in one way alone: no escapes, nothing beyond ASCII."""


_LENIENT = json.JSONDecoder(parse_constant=int)
"""Takes members that stand twice, and raises ValueError for NaN and Infinity."""


_SORTED = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


_FLAT = json.JSONEncoder(separators=(",", ":"))


_ONE_WAY = frozenset((str, int, bool, type(None)))
"""Types of scalars that are written in one way: an object of nothing else is written at once."""


_NUMBER = json.JSONEncoder(allow_nan=False)


_TWO_WAYS = re.compile(rb"[0-9][.eE]")
"""Where nothing matches, no number is written in a way that its value does not tell."""


class Written(float):
    """
    A number with the text it is written as: `Written("6e1") == 60.0`.
    """

    text: str

    def __new__(cls, text: str) -> Written:
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __reduce__(self) -> tuple[type[Written], tuple[str]]:
        return Written, (self.text,)


class NotStrictJson(ValueError):
    """
    The bytes are not one JSON value with a single meaning.
    """


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrictJson("a member name stands twice")
    return members


def _refuse(name: str) -> NoReturn:
    raise NotStrictJson(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NotStrictJson("a number is too large for a double")
    return number


# Made once: making a decoder costs more than reading a body with it.
_VALUES = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)


_WRITTEN = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse, parse_float=Written)


def loads(content: bytes | str, *, as_written: bool = False) -> Json:
    """
    The JSON value in `content`; with `as_written`, numbers that are not plain integers come as `Written`.

    Raises NotStrictJson with the reason; the reason never quotes the content.
    """
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        if text.startswith("\ufeff"):
            raise NotStrictJson("unexpected byte order mark at character 0")
        return (_WRITTEN if as_written else _VALUES).decode(text)
    except UnicodeDecodeError as error:
        raise NotStrictJson(f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise NotStrictJson(f"{error.msg.lower().removesuffix(' at')} at character {error.pos}") from None
    except RecursionError:
        raise NotStrictJson("nested too deeply") from None
    except NotStrictJson:
        raise
    except ValueError:  # an integer beyond what Python converts
        raise NotStrictJson("a number has too many digits") from None


def dumps(value: Json, *, sort: bool = False, space: str = "") -> str:
    """
    Compact ASCII JSON, with `space` between tokens; lone surrogates stay as escapes.
    """
    kind = type(value)
    if kind is str:
        return encode_basestring_ascii(value)
    if kind is int:
        return repr(value)
    if isinstance(value, dict):
        return _object(value, sort, space)
    if isinstance(value, list | tuple):
        return "[" + space + f",{space}".join([dumps(part, sort=sort, space=space) for part in value]) + space + "]"
    if value is None or value is True or value is False:
        return _WORDS[value]
    return value.text if isinstance(value, Written) else _NUMBER.encode(value)


def _object(value: dict[str, Json], sort: bool, space: str) -> str:
    if not sort and not space and _ONE_WAY.issuperset(map(type, value.values())):
        return _FLAT.encode(value)
    members = sorted(value.items()) if sort else value.items()
    colon = f"{space}:{space}"
    parts = [encode_basestring_ascii(name) + colon + dumps(part, sort=sort, space=space) for name, part in members]
    return "{" + space + f",{space}".join(parts) + space + "}"


def encode(value: Json) -> bytes:
    """
    The bytes of a request body.
    """
    return dumps(value).encode()


def canonical(content: bytes) -> bytes:
    """
    `J` and the sorted JSON with numbers as written, or `R` and the raw bytes where JSON has no single meaning.
    """
    two_ways = _TWO_WAYS.search(content)
    if not two_ways and _SIMPLE.fullmatch(content):
        with contextlib.suppress(ValueError, RecursionError):
            text = _SORTED.encode(_LENIENT.decode(content.decode())).encode()
            # Nothing can have grown longer, and a member that stands twice would be gone.
            if len(text) == len(content):
                return b"J" + text
    try:
        if not two_ways:
            return b"J" + _SORTED.encode(loads(content)).encode()
        return b"J" + dumps(loads(content, as_written=True), sort=True).encode()
    except (NotStrictJson, RecursionError):
        return b"R" + content


def pointer(path: Sequence[str | int]) -> str:
    """
    The JSON Pointer (RFC 6901) of a path; "" for the whole value.
    """
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def at(value: Json, path: str) -> Json:
    """
    What stands at a JSON Pointer. Raises LookupError naming the first step that is not there.
    """
    for part in path.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(name)] if isinstance(value, list) else value[name]
        except (LookupError, TypeError, ValueError):
            raise LookupError(f"nothing at {path}: no {name}") from None
    return value
