"""
Media types as OpenAPI and HTTP write them: without case, with parameters, as ranges.
"""

from __future__ import annotations

from collections.abc import Iterable

JSON = "application/json"


def bare(media_type: str) -> str:
    """
    `Application/JSON; charset=utf-8` -> `application/json`.
    """
    return media_type.partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """
    Whether content of a type is JSON: application/json, text/json, or anything that ends in +json.
    """
    kind = bare(media_type)
    return kind in (JSON, "text/json") or kind.endswith("+json")


def takes_json(media_type: str) -> bool:
    """
    Whether content of a type, or of a range such as `*/*`, may be JSON.
    """
    return is_json(media_type) or bare(media_type) in ("*/*", "application/*", "*")


def covers(declared: str, sent: str) -> bool:
    """
    Whether a declared type or range covers a type that is sent; parameters do not matter.
    """
    declared, sent = bare(declared), bare(sent)
    if declared in ("*", "*/*"):
        return True
    if declared.endswith("/*"):
        return sent.startswith(declared[:-1])
    return declared == sent


def chosen(declared: Iterable[str], sent: str) -> str | None:
    """
    The declared type or range that stands for a type that is sent: the type itself before a range.
    """
    return min((kind for kind in declared if covers(kind, sent)), key=lambda kind: kind.count("*"), default=None)
