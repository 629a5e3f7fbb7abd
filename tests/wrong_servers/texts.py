"""
Faults of texts: what a server that decodes, normalises, guards, splits or cuts gives back in place of what was sent.

A table of features, each with a text that has it, dealt out over the members that can hold a text.
"""

from __future__ import annotations

import os.path
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from wrong_servers.examples import sending
from wrong_servers.mutants import GONE, Json, Mutant, comes_back, success

Convert = Callable[[str], Any]
Member = tuple[str, str]
"""An operation and the dotted path of a text in its body."""

ECHO = "what is sent comes back with the same value: the examples of the vendor's document"

TITLE: Member = ("create_meeting", "title")
PREFIX: Member = ("create_meeting", "recording_config.file_name_prefix")
KEYWORD: Member = ("create_meeting", "ai_config.transcription.keywords.0")
PATH: Member = ("create_meeting", "recording_config.storage_config.path")
BUCKET: Member = ("create_meeting", "recording_config.storage_config.bucket")
HOST: Member = ("create_meeting", "recording_config.storage_config.host")
USER: Member = ("create_meeting", "recording_config.storage_config.username")
STREAM: Member = ("create_meeting", "recording_config.live_streaming_config.rtmp_url")
MARK: Member = ("create_meeting", "recording_config.video_config.watermark.url")
PERSON: Member = ("add_participant", "name")
CUSTOM: Member = ("add_participant", "custom_participant_id")
PICTURE: Member = ("add_participant", "picture")
HOOK: Member = ("addWebhook", "name")
HOOK_URL: Member = ("addWebhook", "url")
PRESET: Member = ("post-presets", "name")
APP: Member = ("create_app", "name")
NEW_TITLE: Member = ("update_meeting", "title")
WHOLE_TITLE: Member = ("replace_meeting", "title")

_STORE = {"recording_config.storage_config.type": "gcs"}


def _sub(pattern: str, new: str | Callable[[re.Match[str]], str]) -> Convert:
    return lambda value: re.sub(pattern, new, value)


def _put(old: str, new: str) -> Convert:
    return lambda value: value.replace(old, new)


def _without(category: str) -> Convert:
    """
    Without the characters of a Unicode category, after taking letters and marks apart.
    """

    def convert(value: str) -> str:
        apart = unicodedata.normalize("NFD", value)
        return unicodedata.normalize("NFC", "".join(c for c in apart if unicodedata.category(c) != category))

    return convert


def _url(**parts: Callable[[str], str]) -> Convert:
    """
    An address with some of its parts changed.
    """

    def convert(value: str) -> str:
        found = urlsplit(value)
        changed = {name: change(getattr(found, name)) for name, change in parts.items()}
        return urlunsplit(found._replace(**changed))

    return convert


def _escape_read(value: str) -> str:
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), value)


def _day_first(value: str) -> str:
    return re.sub(r"^(\d{4})-(\d\d)-(\d\d)$", r"\3/\2/\1", value)


def _number(value: str) -> str:
    return repr(float(value)) if re.fullmatch(r"\d+(\.\d+)?(e\d{1,2})?", value) else value


FEATURES: tuple[tuple[str, Convert, str, tuple[Member, ...]], ...] = (
    # another layer of encoding
    ("percent escapes are decoded", unquote, "50%25 of %41", (TITLE, PATH, CUSTOM)),
    ("blanks are percent-escaped", lambda v: quote(v, safe="/:?=&+%,;@"), "a b", (BUCKET, PRESET)),
    ("a plus becomes a blank", _put("+", " "), "a+b", (TITLE, CUSTOM, PREFIX)),
    ("a blank becomes a plus", _put(" ", "+"), "a b", (KEYWORD, HOOK)),
    ("an escaped line break becomes one", _put("\\n", "\n"), "a\\nb", (TITLE, PERSON)),
    ("an escaped letter is read", _escape_read, "caf\\u00e9", (TITLE, HOOK)),
    ("a backslash is doubled", _put("\\", "\\\\"), "a\\b", (PATH, NEW_TITLE)),
    ("a numeric entity is decoded", _sub("&#(\\d+);", lambda m: chr(int(m[1]))), "it&#39;s", (TITLE, APP)),
    ("a quote is doubled", _put("'", "''"), "it's", (PERSON, NEW_TITLE)),
    ("a double quote is escaped", _put('"', '\\"'), 'a "b"', (TITLE, HOOK)),
    ("UTF-8 is read as Windows-1252", lambda v: v.encode().decode("cp1252", "replace"), "Prüfung", (PERSON, PRESET)),
    # filled in
    ("a dollar name is expanded", _sub(r"\$[A-Za-z_]+", ""), "costs $HOME", (TITLE, PATH)),
    ("a dollar in braces is expanded", _sub(r"\$\{[^}]*\}", ""), "a ${name}", (PREFIX, HOOK)),
    ("a percent sign is a format", _put("%s", "None"), "10 %s", (TITLE, APP)),
    ("braces are a format", _sub(r"\{\d*\}", ""), "a {0} b", (PREFIX, PERSON)),
    ("a tilde is a home folder", _sub("^~", "/root"), "~/calls", (PATH,)),
    # invisible and alike
    ("zero-width characters are removed", _sub("[\u200b\u200c\u200d\ufeff]", ""), "a\u200bb\u200dc", (TITLE, KEYWORD)),
    ("soft hyphens are removed", _put("\u00ad", ""), "con\u00adtract", (TITLE, PERSON)),
    ("a no-break space becomes a blank", _put("\u00a0", " "), "10\u00a0min", (TITLE, HOOK)),
    ("curly quotes become straight", _sub("[\u201c\u201d]", '"'), "a \u201cb\u201d", (TITLE, PRESET)),
    ("long dashes become short", _sub("[\u2013\u2014]", "-"), "9\u201310", (PERSON, NEW_TITLE)),
    ("an ellipsis becomes three dots", _put("\u2026", "..."), "wait\u2026", (TITLE,)),
    ("combining marks are removed", _sub("[\u0300-\u036f]", ""), "e\u0301", (KEYWORD, PERSON)),
    ("accents are removed", _without("Mn"), "Zoë", (PERSON, PREFIX)),
    ("wide letters become narrow", lambda v: unicodedata.normalize("NFKC", v), "\uff11\uff12", (TITLE, CUSTOM)),
    ("a sharp s becomes two", _put("ß", "ss"), "Straße", (PERSON, BUCKET)),
    ("a line separator becomes a line break", _sub("[\u2028\u2029]", "\n"), "a\u2028b", (TITLE,)),
    ("a tab becomes a blank", _put("\t", " "), "a\tb", (TITLE, PERSON)),
    ("line breaks are removed", _sub("[\r\n]+", ""), "a\nb", (TITLE, HOOK)),
    ("control characters are removed", _sub("[\x01-\x08\x0e-\x1f]", ""), "a\x1fb", (TITLE,)),
    ("a variation selector is removed", _put("\ufe0f", ""), "\u2764\ufe0f", (TITLE, PERSON)),
    ("an emoji becomes a name", _put("\U0001f3a5", ":movie_camera:"), "\U0001f3a5", (TITLE, APP)),
    ("private characters are removed", _sub("[\ue000-\uf8ff]", ""), "a\ue000b", (TITLE,)),
    # separators
    ("a slash at the end is trimmed", lambda v: v.rstrip("/"), "calls/", (PATH, PREFIX)),
    ("doubled slashes are collapsed", _sub("(?<!:)//+", "/"), "a//b", (PATH,)),
    ("a slash in front is trimmed", lambda v: v.lstrip("/"), "/a", (PATH,)),
    ("dots between slashes are resolved", lambda v: os.path.normpath(v) if "/" in v else v, "a/../b", (PATH,)),
    ("a backslash becomes a slash", _put("\\", "/"), "a\\b", (PATH, PREFIX)),
    ("a dot at the end is trimmed", lambda v: v.rstrip("."), "v1.", (TITLE, HOST)),
    ("what follows a comma is lost", lambda v: v.split(",")[0], "a,b", (KEYWORD, TITLE)),
    ("what follows a semicolon is lost", lambda v: v.split(";")[0], "a;b", (TITLE, CUSTOM)),
    ("what follows a bar is lost", lambda v: v.split("|")[0], "a|b", (TITLE,)),
    ("what follows a line break is lost", lambda v: v.split("\n")[0], "a\nb", (TITLE, PERSON)),
    ("what follows a colon is lost", lambda v: v.split(":")[0], "a: b", (TITLE, HOOK)),
    ("what follows a number sign is lost", lambda v: v.split("#")[0] or v, "a #1", (TITLE,)),
    ("blanks become underscores", _put(" ", "_"), "a b", (PREFIX, CUSTOM)),
    ("dots become underscores", _put(".", "_"), "a.b", (PREFIX, BUCKET)),
    # taken for something else
    ("a date is turned round", _day_first, "2026-01-02", (TITLE, CUSTOM)),
    ("a date gets a time", _sub(r"^(\d{4}-\d\d-\d\d)$", r"\1T00:00:00Z"), "2026-01-02", (TITLE, PREFIX)),
    ("a number is written anew", _number, "1e3", (TITLE, CUSTOM)),
    ("digits lose their last zeros", _sub(r"^(\d+\.\d*?)0+$", r"\1"), "1.10", (TITLE, PRESET)),
    ("true is written with a capital", lambda v: v.title() if v in ("true", "false") else v, "true", (TITLE, USER)),
    ("yes becomes true", lambda v: {"yes": "true", "no": "false"}.get(v, v), "yes", (TITLE, KEYWORD)),
    ("None becomes nothing", lambda v: GONE if v in ("None", "undefined", "NaN") else v, "undefined", (TITLE,)),
    ("a formula is guarded", lambda v: f"'{v}" if v[:1] in tuple("=+-@") else v, "=1+1", (TITLE, PERSON)),
    ("a formula loses its sign", lambda v: v.lstrip("="), "=1+1", (CUSTOM,)),
    ("an address becomes a link", _sub(r"(https?://\S+)", r'<a href="\1">\1</a>'), "see https://example.com", (TITLE,)),
    ("stars are markup", _put("**", ""), "a **b**", (TITLE,)),
    ("a script is cut out", _sub("(?i)javascript:", ""), "javascript:alert(1)", (TITLE, HOOK)),
    ("bad words are masked", _sub("(?i)damn", "****"), "damn", (TITLE, PERSON)),
    ("mail addresses are masked", _sub(r"[\w.]+@[\w.]+", "***"), "ada@example.com", (PERSON, CUSTOM)),
    ("the first letter becomes a capital", lambda v: v[:1].upper() + v[1:], "planning", (TITLE, HOOK)),
    ("white space inside is trimmed at the lines", _sub(r"[ \t]+\n", "\n"), "a \nb", (TITLE,)),
    ("a blank at the end is trimmed", str.rstrip, "a ", (KEYWORD, PERSON, CUSTOM, WHOLE_TITLE)),
    ("letters become small", str.lower, "Ada", (PERSON, CUSTOM, PRESET)),
)
ADDRESSES: tuple[tuple[str, Convert, str, tuple[Member, ...]], ...] = (
    ("a scheme in capitals becomes small", _url(scheme=str.lower), "RTMP://a.example.com/x", (STREAM,)),
    ("a host in capitals becomes small", _url(netloc=str.lower), "https://Example.COM/a", (MARK, HOOK_URL)),
    ("http becomes https", _sub("^http:", "https:"), "http://example.com/a", (MARK, HOOK_URL)),
    ("the usual port is left out", _sub(r":443(?=/|$)", ""), "https://example.com:443/a", (MARK, HOOK_URL)),
    ("an escaped tilde is written plain", _put("%7E", "~"), "https://example.com/%7Ea", (MARK, PICTURE)),
    (
        "user and password are cut out",
        _url(netloc=lambda v: v.split("@")[-1]),
        "https://u:p@example.com/a",
        (STREAM, HOOK_URL),
    ),
    (
        "the query is sorted",
        _url(query=lambda v: "&".join(sorted(v.split("&")))),
        "https://example.com/?b=1&a=2",
        (STREAM, PICTURE),
    ),
    ("the query is lost", _url(query=lambda _: ""), "https://example.com/a?size=2", (PICTURE, HOOK_URL)),
    ("the part behind # is lost", _url(fragment=lambda _: ""), "https://example.com/a#b", (PICTURE, MARK)),
    (
        "doubled slashes in the path are collapsed",
        _url(path=_sub("//+", "/")),
        "rtmp://a.example.com/live//x",
        (STREAM, MARK),
    ),
    (
        "a bare host gets a slash",
        lambda v: v + "/" if not urlsplit(v).path else v,
        "https://example.com",
        (HOOK_URL, MARK),
    ),
    ("www is cut off", _put("://www.", "://"), "https://www.example.com/a", (PICTURE,)),
)


def _mutants() -> Iterator[Mutant]:
    for name, convert, shown, members in (*FEATURES, *ADDRESSES):
        for operation, place in members:
            leaf = place.removesuffix(".0").rpartition(".")[2]
            yield Mutant(
                name=f"{leaf} of {operation}: {name}",
                family="texts",
                operations=(operation,),
                description=f"In {place} {name}, as in {shown!r}.",
                promise=ECHO,
                hook=success(
                    comes_back(place.removesuffix(".0"), _items(convert) if place.endswith(".0") else convert),
                    operation,
                ),
                shows=sending(operation, _STORE if "storage_config" in place else {}, *_shown(place, shown)),
            )


def _items(convert: Convert) -> Callable[[Any], Any]:
    """
    The conversion of each text of a list.
    """
    return lambda value: [convert(item) for item in value] if isinstance(value, list) else value


def _shown(place: str, shown: str) -> tuple[dict[str, Json], ...]:
    return ({place.removesuffix(".0"): [shown]},) if place.endswith(".0") else ({place: shown},)


MUTANTS: tuple[Mutant, ...] = tuple(_mutants())
