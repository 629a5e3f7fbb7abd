"""
YAML text read as JSON data, and bytes where a cassette has them; the only module that reads YAML.

1. The rules are those of YAML 1.2's core schema: `no` and `on` are texts, `012` is a number, dates stay texts.
2. Member names are texts: `200:` is the member "200".
3. The safe loader is used: no YAML text makes an object of any other type. The tags that Python 2, vcrpy and Ruby put
   on plain texts, tuples and bytes are read as what they hold.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from rtkcontract.model import Json

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class NotYaml(ValueError):
    """
    The text is not YAML; the message tells the line.
    """


class _Loader(_Base):  # type: ignore[misc]  # the base is chosen at run time
    """
    Core schema only; member names become texts.
    """

    def flatten_mapping(self, node: Any) -> None:
        self._refuse_doubles(node)
        super().flatten_mapping(node)
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                key.tag = "tag:yaml.org,2002:str"

    def _refuse_doubles(self, node: Any) -> None:
        """
        A name that stands twice among the members written here; a merged one (`<<`) may stand in both.
        """
        if hasattr(node, "looked_at"):  # what was merged into it stands there by now
            return
        node.looked_at = True
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the member {key.value} stands twice, the second", key.start_mark
                    )
                seen.add(key.value)


_Loader.yaml_implicit_resolvers = {}


for _tag, _form, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("merge", r"^<<$", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_form), list(_first))


_Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))


_Loader.add_constructor("tag:yaml.org,2002:float", lambda _, node: float(node.value))


for _name in ("python/unicode", "python/str"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_name}", lambda loader, node: loader.construct_scalar(node))


for _name in ("python/long", "python/int"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_name}", lambda _, node: int(node.value))


for _tag in ("!binary", "tag:yaml.org,2002:python/bytes"):
    _Loader.add_constructor(_tag, lambda loader, node: loader.construct_yaml_binary(node))


_Loader.add_constructor(
    "tag:yaml.org,2002:python/tuple", lambda loader, node: loader.construct_sequence(node, deep=True)
)


def _by_kind(loader: Any, _: str, node: Any) -> Json:
    """
    The text, list or mapping that a tag of Ruby stands on.
    """
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else node.value


_Loader.add_multi_constructor("!ruby/", _by_kind)


def _buffer(loader: Any, node: Any) -> Json:
    """
    The bytes of a file-like request body, which older vcrpy writes as an object with a state.
    """
    state = loader.construct_mapping(node, deep=True).get("state") or [b""]
    return state[0] if isinstance(state, list) else None


_Loader.add_constructor("tag:yaml.org,2002:python/object/new:_io.BytesIO", _buffer)


def loads(text: str) -> Json:
    """
    The data in one YAML document. Raises NotYaml with the reason and the line.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # derived from the safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise NotYaml(f"{problem}" + (f" at line {mark.line + 1}" if mark else "")) from None
    except RecursionError:
        raise NotYaml("it is nested too deeply") from None
    except (ValueError, TypeError, AttributeError, LookupError) as error:  # such as a tag on something it does not fit
        raise NotYaml(f"it holds a value that cannot be read ({type(error).__name__})") from None
