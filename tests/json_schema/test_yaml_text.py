"""
YAML is read as JSON data with a single meaning.
"""

from __future__ import annotations

import pytest

from rtkcontract.json_schema import yaml_text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", "the member a stands twice, the second at line 3"),
        ("a:\n  b: {x: 1, x: 2}\n", "the member x stands twice, the second at line 2"),
        ("200: 1\n'200': 2\n", "the member 200 stands twice, the second at line 2"),
        ("- a: 1\n- a: 1\n  a: 1\n", "the member a stands twice, the second at line 3"),
    ],
)
def test_a_member_that_stands_twice_is_refused(text: str, told: str) -> None:
    with pytest.raises(yaml_text.NotYaml, match=told):
        yaml_text.loads(text)


def test_a_merged_member_may_be_replaced() -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b\n  <<: *a\n  x: 3\nc:\n  <<: *b\n  x: 4\nd:\n  <<: [*a, *b]\n  z: 1\n"

    assert {"x": 4, "y": 2} == yaml_text.loads(text)["c"]
    assert {"x": 1, "y": 2, "z": 1} == yaml_text.loads(text)["d"]
