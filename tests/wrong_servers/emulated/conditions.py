"""
The storage union and required members with one rule dropped or one more.
"""

from __future__ import annotations

from collections.abc import Iterator

from rtkcontract.model import Json
from wrong_servers.emulated.faults import (
    AU,
    AUTH,
    AWS,
    AZURE,
    BU,
    GCS,
    GONE,
    KEYWORDS,
    LS,
    OCEAN,
    POSITION,
    RC,
    SECONDS,
    SFTP_KEY,
    SFTP_WORD,
    ST,
    SU,
    TR,
    TYPE,
    URL,
    WM,
    WORDS,
    Edit,
    Fault,
    K,
    asks,
    leaf_of,
    node,
    rule,
    union,
)


def _conditionals() -> Iterator[Fault]:
    """
    The storage union and required members, with one rule dropped or one more.
    """
    needs = "access_key", "region"
    dropped: tuple[tuple[str, Edit, dict[str, Json]], ...] = (
        ("aws without access_key", union(1, required=["region"]), {**AWS, f"{ST}.access_key": GONE}),
        ("aws without region", union(1, required=["access_key"]), {**AWS, f"{ST}.region": GONE}),
        ("azure without access_key", _first(["azure"], needs[1:]), {**AZURE, f"{ST}.access_key": GONE}),
        ("digitalocean without region", _first(["digitalocean"], needs[:1]), {**OCEAN, f"{ST}.region": GONE}),
        ("digitalocean without anything", _first(["digitalocean"], ()), {TYPE: "digitalocean"}),
        ("aws with an empty access_key", _filled("access_key"), {**AWS, f"{ST}.access_key": ""}),
        ("aws with an empty region", _filled("region"), {**AWS, f"{ST}.region": ""}),
        ("sftp without a key or a password", _first(["sftp"], ()), {TYPE: "sftp"}),
        ("sftp KEY without private_key", union(2, required=[]), {TYPE: "sftp", AUTH: "KEY"}),
        ("sftp PASSWORD without password", union(3, required=[]), {TYPE: "sftp", AUTH: "PASSWORD"}),
        ("sftp KEY with a password only", union(3, properties={}), {**SFTP_WORD, AUTH: "KEY"}),
        ("sftp PASSWORD with a key only", union(2, properties={}), {**SFTP_KEY, AUTH: "PASSWORD"}),
        ("the whole union", rule(ST, anyOf=GONE), {TYPE: "sftp"}),
        ("bucket without enabled", rule(BU, required=GONE), {BU: {}}),
    )
    for name, edit, shown in dropped:
        yield Fault(name=f"accepted: {name}", group="conditionals", shows=(asks(shown),), edit=edit)
    tightened: tuple[tuple[str, dict[str, Json], str], ...] = (
        ("sftp needs host", {"type": "sftp"}, "host"),
        ("sftp needs user name", {"type": "sftp"}, "username"),
        ("sftp needs port", {"type": "sftp"}, "port"),
        ("sftp KEY needs password", {"type": "sftp", "auth_method": "KEY"}, "password"),
        ("sftp needs auth_method", {"type": "sftp"}, "auth_method"),
        ("azure needs secret", {"type": "azure"}, "secret"),
        ("azure needs bucket", {"type": "azure"}, "bucket"),
        ("aws needs path", {"type": "aws"}, "path"),
        ("gcs needs access_key", {"type": "gcs"}, "access_key"),
        ("digitalocean needs host", {"type": "digitalocean"}, "host"),
    )
    plain = {"sftp": SFTP_WORD, "azure": AZURE, "aws": AWS, "gcs": GCS, "digitalocean": OCEAN}
    for name, when, needed in tightened:
        shown = plain[when["type"]] if needed != "password" else SFTP_KEY
        if needed == "auth_method":
            shown = {**SFTP_WORD, AUTH: GONE}
        condition = {"properties": {key: {"const": value} for key, value in when.items()}, "required": list(when)}
        edit = rule(ST, **{"if": condition, "then": {"required": [needed]}})
        yield Fault(name=f"refused: {name}", group="conditionals", shows=(asks(shown),), edit=edit)
    required: tuple[tuple[str, str, dict[str, Json]], ...] = (
        ("title", "", {}),
        ("keep-alive", "", {}),
        ("bucket config", RC, {SECONDS: 60}),
        ("watermark url", WM, {POSITION: "left top"}),
        ("watermark size width", f"{WM}.size", {f"{WM}.size.height": 10}),
        ("summary type", SU, {TR: {}, WORDS: 200}),
        ("language", TR, {KEYWORDS: ["rtkcontract"]}),
        ("stream address", LS, {LS: {}}),
    )
    leaves = {"keep-alive": K, "bucket config": "realtimekit_bucket_config", "watermark url": "url"}
    leaves |= {"watermark size width": "width", "stream address": "rtmp_url", "summary type": "summary_type"}
    for name, place, shown in required:
        yield Fault(
            name=f"refused: without {name}",
            group="conditionals",
            shows=(asks(shown),),
            edit=rule(place, required=[leaves.get(name, name)]),
        )
    for place in ("ai_config", RC, TR, AU, WM):
        yield Fault(
            name=f"refused: {leaf_of(place)} without a member",
            group="conditionals",
            shows=(asks({place: {}}),),
            edit=rule(place, minProperties=1),
        )
    yield Fault(
        name="refused: no keywords",
        group="conditionals",
        shows=(asks({KEYWORDS: []}),),
        edit=rule(KEYWORDS, minItems=1),
    )
    yield Fault(
        name="refused: the same keyword twice",
        group="conditionals",
        shows=(asks({KEYWORDS: ["a", "a"]}),),
        edit=rule(KEYWORDS, uniqueItems=True),
    )
    yield Fault(
        name="refused: more than one keyword",
        group="conditionals",
        shows=(asks({KEYWORDS: ["a", "b"]}),),
        edit=rule(KEYWORDS, maxItems=1),
    )
    yield Fault(
        name="refused: an empty title",
        group="conditionals",
        shows=(asks({"title": ""}),),
        edit=rule("title", minLength=1),
    )
    yield Fault(
        name="refused: a title of more than 100",
        group="conditionals",
        shows=(asks({"title": "rtkcontract " * 10}),),
        edit=rule("title", maxLength=100),
    )
    yield Fault(
        name="refused: a title beyond ASCII",
        group="conditionals",
        shows=(asks({"title": "Prüfung"}),),
        edit=rule("title", pattern="^[ -~\\s]*$"),
    )
    yield Fault(
        name="refused: a stream address of rtmp",
        group="conditionals",
        shows=(asks({URL: "rtmp://a.rtmp.youtube.com/live2"}),),
        edit=rule(URL, pattern="^https?://"),
    )


def _first(kinds: list[str], needed: tuple[str, ...] | list[str]) -> Edit:
    """
    One more member of the union, in front: these types with these members are enough.
    """

    def edit(document: Json) -> None:
        member = {"properties": {"type": {"enum": kinds}}, "required": ["type", *needed]}
        node(document, ST)["anyOf"].insert(0, member)

    return edit


def _filled(name: str) -> Edit:
    """
    The union without the minimum length of one member.
    """

    def edit(document: Json) -> None:
        node(document, ST)["anyOf"][1]["properties"].pop(name)

    return edit


FAULTS: tuple[Fault, ...] = (*_conditionals(),)
