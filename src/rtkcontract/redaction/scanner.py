"""
Bytes -> what must not be written to disk; pure. Nothing here quotes what it found.

1. A secret of the run is known by its name and looked for in pieces of ten characters, whole or cut, in any case,
   backwards, in hex, base64 (three alignments), percent signs and as a digest (MD5, SHA-1, SHA-256).
2. The data is looked at as it is and decoded: gzip, zlib, deflate, br, zstd, bz2, xz; base64, base32, hex, percent
   signs, escapes, HTML entities, quoted-printable, UTF-16; JSON strings one by one and joined; without white space;
   letters and digits alone. Each is decoded again, four deep.
3. Limits keep a hostile answer from costing more: what is larger, or opens up into more, is refused unseen.
4. Patterns and entropy find what no one named. What the contract or the sent body holds is known; it is not secret.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import functools
import hashlib
import html
import json
import lzma
import math
import quopri
import re
import urllib.parse
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import brotli  # type: ignore[import-untyped]  # it ships no types
import zstandard

from rtkcontract.model import Json

Secrets = tuple[tuple[str, str], ...]
"""(name, value): the name may be shown, the value never."""


PIECE: Final = 10
"""Characters of a secret that may not be seen in a row."""


GRAM: Final = 5


VARIED: Final = 5
"""Different characters that a piece needs; `0000000000` gives nothing away and stands everywhere."""


DEPTH: Final = 4


SIZE: Final = 1_000_000


VIEWS: Final = 400


TOO_MUCH: Final = "too large or too deeply encoded to be searched"


APART: Final = bytes(sign for sign in range(256) if not (sign < 128 and chr(sign).isalnum()))
"""What may stand between the letters and digits of a secret."""


CANARY: Final = "canary"
"""Part of every credential that we send; such a word is ours and fake."""


STAND_IN_HEX: Final = "00000000000000000000"


STAND_IN_UUID: Final = "00000000-0000-4000-8000-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """
    Where something was found and what kind of thing it is, never the thing.
    """

    place: str
    kind: str

    def __str__(self) -> str:
        return f"{self.place}: {self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """
    What a run must keep to itself, and text that anyone may read: the contract, its cases, our own words.
    """

    secrets: Secrets = field(default=(), repr=False)
    public: str = field(default="", repr=False)


# Needles: the pieces of the secrets, by length.


def _base64(value: bytes, skip: int) -> bytes:
    """
    The characters of base64 that `value` alone decides when `skip` bytes stand before it.
    """
    whole = base64.b64encode(b"\0" * skip + value)
    start = (0, 2, 3)[skip]
    return whole[start:].rstrip(b"=")[: -1 if (len(value) + skip) % 3 else None]


def _percent(value: bytes) -> bytes:
    return b"".join(b"%%%02x" % byte for byte in value)


def _unicode(value: bytes) -> bytes:
    return b"".join(b"\\u%04x" % byte for byte in value)


def _forms(value: bytes) -> Iterator[tuple[bytes, float]]:
    """
    Each way of writing a secret, with the signs it takes for one character.
    """
    bare = value.translate(None, APART)
    for text in {value, value[::-1], bare, bare[::-1]}:
        yield text, 1
        yield text.hex().encode(), 2
    for skip in range(3):
        encoded = _base64(value, skip)
        yield encoded, 1.4
        yield encoded.translate(bytes.maketrans(b"+/", b"-_")), 1.4
    yield _percent(value), 3
    yield _unicode(value), 6
    for digest in (hashlib.md5, hashlib.sha1, hashlib.sha256):
        yield digest(value).hexdigest().encode(), 2


def _pieces(text: bytes, length: int) -> Iterator[bytes]:
    return (text[at : at + length] for at in range(len(text) - length + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Needles:
    """
    The pieces of all secrets in lower case: length to piece to the name of its secret.

    `grams` are all runs of GRAM signs in them. A piece of `shortest` signs covers a whole gram at one of any
    `shortest - GRAM + 1` places in a row, so it is enough to look at every such place of a text.
    """

    pieces: Mapping[int, Mapping[bytes, str]]
    grams: frozenset[bytes]
    shortest: int
    longest: int


@functools.lru_cache(maxsize=8)
def needles(secrets: Secrets, public: str = "") -> Needles:
    """
    The needles of some secrets; pieces that stand in `public` text are none.

    A secret shorter than a piece counts whole; one of less than six characters cannot be told from a word.
    """
    found: dict[int, dict[bytes, str]] = {}
    forms: list[tuple[bytes, int]] = []
    for name, value in secrets:
        if len(value) < 6 or value == name:
            continue
        for form, signs in _forms(value.encode()):
            text = form.lower()
            length = min(math.ceil(PIECE * signs), len(text))
            forms.append((text, length))
            for piece in _pieces(text, length):
                if len(set(piece)) >= VARIED:
                    found.setdefault(length, {}).setdefault(piece, name)
    every = _wanted(found, forms)
    text = public.lower().encode()
    for known in (text, text.translate(None, APART)) if found else ():
        stand = every.grams.intersection([known[at : at + GRAM] for at in _places(known, every)])
        for form, length in forms:
            if not stand.isdisjoint(_pieces(form, GRAM)):
                for piece in [piece for piece in _pieces(form, length) if piece in known]:
                    found.get(length, {}).pop(piece, None)
    return _wanted(found, forms)


def _wanted(found: Mapping[int, Mapping[bytes, str]], forms: Iterable[tuple[bytes, int]]) -> Needles:
    """
    The needles of what was found in the forms of the secrets; each form comes with the length of its pieces.
    """
    left = {length: pieces for length, pieces in found.items() if pieces}
    grams: set[bytes] = set()
    for form, length in forms:
        looked = 0
        for at, piece in enumerate(_pieces(form, length)):
            if piece in left.get(length, ()):
                grams.update(_pieces(form[max(at, looked) : at + length], GRAM))
                looked = at + length - GRAM + 1
    return Needles(
        pieces=left, grams=frozenset(grams), shortest=min(left, default=GRAM), longest=max(left, default=GRAM)
    )


def _places(low: bytes, wanted: Needles) -> range:
    """
    Where to look for a gram, so that no piece goes unseen.
    """
    return range(0, len(low) - GRAM + 1, wanted.shortest - GRAM + 1)


def _hits(low: bytes, wanted: Needles) -> Iterator[tuple[int, int, str]]:
    """
    (start, end, name) of each piece in a text in lower case, in no order.
    """
    if not wanted.grams:
        return
    grams, reach = wanted.grams, wanted.longest
    looked = 0
    for at in [at for at in _places(low, wanted) if low[at : at + GRAM] in grams]:
        start, end = max(looked, at - reach), min(len(low), at + reach + GRAM)
        for length, pieces in wanted.pieces.items():
            for place in range(max(0, start), end - length + 1):
                name = pieces.get(low[place : place + length])
                if name is not None:
                    yield place, place + length, name
        # Pieces that begin before here have been found, unless they end after `end`.
        looked = max(looked, end - reach)


def covered(text: bytes, wanted: Needles) -> list[tuple[int, int, str]]:
    """
    (start, end, name) of each stretch of the text that pieces of secrets cover, in order, without overlaps.
    """
    return _merged(_hits(text.lower(), wanted))


def covered_apart(text: bytes, wanted: Needles) -> list[tuple[int, int, str]]:
    """
    As `covered`, for secrets whose letters and digits stand apart, as in a list of pieces, or behind escapes.
    """
    low = ESCAPED.sub(_flat, text).lower()
    hits = list(_hits(low.translate(None, APART), wanted))
    if not hits:
        return []
    places = [match.start() for match in re.finditer(rb"[a-z0-9]", low)]
    return _merged((places[start], places[end - 1] + 1, name) for start, end, name in hits)


ESCAPED: Final = re.compile(
    rb"\\+u([0-9A-Fa-f]{4})|\\+x([0-9A-Fa-f]{2})|%(?:25)*([0-9A-Fa-f]{2})|&(?:amp;)*#[Xx]([0-9A-Fa-f]{1,6});"
    rb"|&(?:amp;)*#(\d{1,7});|\\+[abfnrtv]|&(?:amp;)*(?:nbsp|shy|zwj|zwnj|ensp|emsp|thinsp|NewLine|Tab);"
)
"""One sign as JSON, Python, an address or HTML escape it, once or again and again."""


def _flat(match: re.Match[bytes]) -> bytes:
    """
    The sign that an escape stands for, and as much filling as keeps every place where it was.
    """
    hexadecimal = match[1] or match[2] or match[3] or match[4]
    code = int(hexadecimal, 16) if hexadecimal else int(match[5] or 0)
    return (bytes([code]) if code < 128 else b"\0").ljust(len(match[0]), b"\0")


def _merged(hits: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    merged: list[tuple[int, int, str]] = []
    for start, end, name in sorted(hits):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]), merged[-1][2])
        else:
            merged.append((start, end, name))
    return merged


def _named(text: bytes, wanted: Needles) -> str | None:
    return next((name for _, _, name in _hits(text.lower(), wanted)), None)


# Views: the data, and what it decodes to.


def _inflate(data: bytes, bits: int, limit: int) -> bytes:
    machine = zlib.decompressobj(bits)
    text = machine.decompress(data, limit)
    return text if machine.eof or bits != -15 else b""


def _brotli(data: bytes, limit: int) -> bytes:
    machine = brotli.Decompressor()
    text = bytes(machine.process(data, output_buffer_limit=limit))
    # One in twenty random byte strings begins as brotli does; hardly any ends so.
    return text if machine.is_finished() or len(text) >= limit else b""


def _zstd(data: bytes, limit: int) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read(limit)


UNPACKERS: Final[tuple[tuple[str, bytes, Callable[[bytes, int], bytes]], ...]] = (
    ("gzip", b"\x1f\x8b", lambda data, limit: _inflate(data, 31, limit)),
    ("zlib", b"\x78", lambda data, limit: _inflate(data, 15, limit)),
    ("zstd", b"\x28\xb5\x2f\xfd", _zstd),
    ("bz2", b"BZh", lambda data, limit: bz2.BZ2Decompressor().decompress(data, limit)),
    ("xz", b"\xfd7zXZ\0", lambda data, limit: lzma.LZMADecompressor().decompress(data, limit)),
    ("deflate", b"", lambda data, limit: _inflate(data, -15, limit)),
    ("br", b"", _brotli),
)
"""Name, first bytes, decompressor. Without first bytes to know it by, the data is tried."""


def unpack(data: bytes, limit: int = SIZE) -> Iterator[tuple[str, bytes]]:
    """
    Each decompression that the data allows, of `limit` bytes at most; nothing for data that is not compressed.
    """
    for name, start, function in UNPACKERS:
        if data.startswith(start) and (start or len(data) > 8):
            try:
                text = function(data, limit)
            except Exception:  # noqa: S112 - each library has its own error for data that is not its own
                continue
            if text:
                yield name, text


def _runs(pattern: bytes, decode: Callable[[bytes], bytes], shifts: int) -> Callable[[bytes], Iterator[bytes]]:
    """
    Decodes each run of signs that looks encoded, from each of the first places; what is packed comes on its own.
    """
    compiled = re.compile(pattern)

    def decoded(data: bytes) -> Iterator[bytes]:
        joined: list[bytes] = []
        for run in compiled.findall(data):
            for shift in range(shifts):
                text = _attempt(decode, run[shift:])
                if any(True for _ in unpack(text)):
                    yield text
                joined.append(text)
        yield b"\n".join(joined)

    return decoded


def _attempt(decode: Callable[[bytes], bytes], run: bytes) -> bytes:
    try:
        return decode(run)
    except (binascii.Error, ValueError):
        return b""


def _from_base64(run: bytes) -> bytes:
    run = run.translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    return base64.b64decode(run[: len(run) - (len(run) % 4 == 1)] + b"=" * (-len(run) % 4))


def _from_base32(run: bytes) -> bytes:
    return base64.b32decode(run[: len(run) // 8 * 8])


def _from_hex(run: bytes) -> bytes:
    return binascii.unhexlify(run[: len(run) // 2 * 2])


ESCAPE: Final = re.compile(rb"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([0-7]{3})|(.))", re.DOTALL)


SIGNS: Final = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f"}


def _escape(match: re.Match[bytes]) -> bytes:
    wide, byte, octal, sign = match.groups()
    if wide:
        return chr(int(wide, 16)).encode("utf-8", "surrogatepass")
    if byte:
        return bytes([int(byte, 16)])
    return bytes([int(octal, 8) & 255]) if octal else SIGNS.get(sign, sign)


def _entities(data: bytes) -> bytes:
    return html.unescape(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _when(sign: bytes, function: Callable[[bytes], bytes]) -> Callable[[bytes], Iterator[bytes]]:
    return lambda data: iter((function(data),) if sign in data else ())


def _strings(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _parsed(data: bytes) -> Json:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _json_values(data: bytes) -> Iterator[bytes]:
    """
    The strings of a JSON value one by one where they hold JSON or packed data themselves, and all together.
    """
    for text in _strings(_parsed(data)) if data[:1] in b'{["' else ():
        if text[:1] in ("{", "[", '"') or (len(text) > 8 and not text.isprintable()):
            yield text.encode("utf-8", "surrogatepass")
            if max(text, default="") < "\u0100":
                yield text.encode("latin-1")


def _json_joined(data: bytes) -> Iterator[bytes]:
    value = _parsed(data) if data[:1] in b'{["' else None
    if isinstance(value, dict | list):
        yield "".join(_strings(value)).encode("utf-8", "surrogatepass")
        yield "".join(text for text in _values(value)).encode("utf-8", "surrogatepass")


def _values(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _values(item)


DECODERS: Final[tuple[tuple[str, Callable[[bytes], Iterator[bytes]]], ...]] = (
    ("JSON", _json_values),
    ("escapes", _when(b"\\", lambda data: ESCAPE.sub(_escape, data))),
    ("percent signs", _when(b"%", urllib.parse.unquote_to_bytes)),
    ("HTML entities", _when(b"&", _entities)),
    ("quoted-printable", _when(b"=", quopri.decodestring)),
    ("UTF-16", _when(b"\0", lambda data: data.replace(b"\0", b""))),
    ("base64", _runs(rb"[A-Za-z0-9+/_-]{16,}={0,2}", _from_base64, 4)),
    ("base32", _runs(rb"[A-Z2-7]{24,}", _from_base32, 1)),
    ("hex", _runs(rb"[0-9A-Fa-f]{20,}", _from_hex, 2)),
)


JOINERS: Final[tuple[tuple[str, Callable[[bytes], Iterator[bytes]]], ...]] = (
    ("JSON strings joined", _json_joined),
    ("without space", lambda data: iter((re.sub(rb"\s+", b"", data),))),
    ("letters and digits", lambda data: iter((re.sub(rb"[^A-Za-z0-9]", b"", data),))),
)
"""What puts together things that stood apart: secrets are looked for in it, patterns are not."""


def _opened(data: bytes, whole: bool) -> Iterator[tuple[str, bytes, bool]]:
    for name, text in unpack(data):
        yield name, text, whole
    for name, decode in DECODERS:
        for text in decode(data):
            yield name, text, whole
    if whole:
        for name, join in JOINERS:
            for text in join(data):
                yield name, text, False


def views(data: bytes) -> Iterator[tuple[str, bytes, bool]]:
    """
    (how it was decoded, bytes, whether patterns may be looked for); the data itself comes first.

    Where a limit is met the last one is (TOO_MUCH, b"", False).
    """
    seen = {b"", data}
    level: list[tuple[str, bytes, bool]] = [("", data, True)]
    size = 0
    for _ in range(DEPTH + 1):
        deeper: list[tuple[str, bytes, bool]] = []
        for how, text, whole in level:
            size += len(text)
            if len(seen) > VIEWS or size > 8 * SIZE or len(text) >= SIZE:
                yield TOO_MUCH, b"", False
                return
            yield how, text, whole
            for name, inner, still in _opened(text, whole):
                if inner not in seen:
                    seen.add(inner)
                    deeper.append((f"{how} in {name}" if how else name, inner, still))
        level = deeper


# Patterns and entropy: what no one named.

Kinds = tuple[tuple[str, re.Pattern[str]], ...]
"""What a pattern finds, and the pattern."""


PATTERNS: Final[Kinds] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("bearer credential", r"(?i:bearer)\s+(?!TOKEN\b)[A-Za-z0-9._~+/-]{16,}"),
        ("basic credential", r"\b(?i:basic)\s+(?=\S*(?:[0-9=+]|[a-z][A-Z]))[A-Za-z0-9+/]{12,}={0,2}"),
        ("JSON web token", r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*"),
        ("private key", r"-----BEGIN [A-Z ]*PRIVATE KEY[^\n]*"),
        ("cloud access key", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
        ("service token", r"\b(?:gh[pousr]_|xox[abpr]-|sk_live_|glpat-)[A-Za-z0-9_-]{12,}"),
        ("cookie", r"\b(?:__cf_bm|cf_clearance|__cfruid|_cfuvid|__cflb|CF_Authorization)=(?!REDACTED)[^;\s]{8,}"),
        ("credentials in a URL", r"\b[a-z][a-z0-9+.-]*://[^\s/:@\"'<>]+:(?!REDACTED@)[^\s/@\"'<>]+@"),
    )
)


_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"


IDS: Final[Kinds] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("ray id", r"\b(?!0{16})[0-9a-f]{16}-[A-Z]{3}\b"),
        ("stream key", r"\brtmps?://[^\s/\"'<>]+/[^\s/\"'<>]+/(?!STREAM_KEY\b)[^\s\"'<>]{8,}"),
        ("uuid", r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"),
        ("hexadecimal id", r"(?i)\b[0-9a-f]{32}\b"),
        # Four numbers that end in 0, or that follow the word version, are a version or a whole network.
        ("address of a machine", rf"(?<!ersion )(?<!ersion=)(?<![\w.])(?:{_OCTET}\.){{3}}(?!0\b){_OCTET}(?![\w]|\.\d)"),
    )
)


WORD: Final = re.compile(r"[A-Za-z0-9+_-]{20,}")


HARMLESS: Final = re.compile(
    rf"{STAND_IN_UUID}[0-9a-f]{{12}}|{STAND_IN_HEX}[0-9a-f]{{12}}|0\.0\.0\.0|127\.0\.0\.1|192\.0\.2\.\d+|\d+\.0\.0\.0"
)


def entropy(word: str) -> float:
    """
    Bits a character, after Shannon.
    """
    return -sum(n / len(word) * math.log2(n / len(word)) for n in Counter(word).values())


def looks_random(word: str) -> bool:
    """
    Twenty signs and more with letters and digits and more than 3.6 bits each; words and paths have less.
    """
    return any(map(str.isdigit, word)) and any(map(str.isalpha, word)) and entropy(word) >= 3.6


def harmless(found: str, known: str) -> bool:
    """
    Whether something that looks secret is ours, a stand-in, or part of a text that is known anyway.
    """
    return CANARY in found.lower() or found in known or HARMLESS.fullmatch(found) is not None


Look = Literal["everything", "ours", "text"]
"""How hard to look: "ours" is a body that we made, in which ids and random words are part of the case; "text" is a last
look at the whole after its parts were looked at: for what the run named, without decoding."""


def _kinds(text: str, known: str, look: Look) -> Iterator[str]:
    for kind, pattern in PATTERNS if look == "ours" else PATTERNS + IDS:
        if any(not harmless(match.group(), known) for match in pattern.finditer(text)):
            yield kind
    if look == "everything" and any(looks_random(word) and not harmless(word, known) for word in WORD.findall(text)):
        yield "random word"


def scan(data: bytes, gate: Gate, *, place: str = "data", known: str = "", look: Look = "everything") -> list[Leak]:
    """
    What may not be written, one for each kind; `known` text, such as the body that was sent, gives nothing away.
    """
    wanted = needles(gate.secrets, gate.public)
    found: dict[Leak, None] = {}
    for how, view, whole in views(data) if look != "text" else (("", data, False),):
        if how == TOO_MUCH:
            found[Leak(place=place, kind=TOO_MUCH)] = None
            break
        name = _named(view, wanted)
        if name:
            found[Leak(place=place, kind=f"{name} ({how})" if how else name)] = None
        if whole:
            for kind in _kinds(view.decode("utf-8", "replace"), gate.public + known, look):
                found[Leak(place=place, kind=f"{kind} ({how})" if how else kind)] = None
    return list(found)
