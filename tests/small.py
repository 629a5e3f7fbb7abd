"""
A contract of one small operation in files, for what needs a contract and not the one that ships.
"""

from __future__ import annotations

import json
from pathlib import Path

import made

SCHEMA = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "size": {"type": "integer", "minimum": 1, "maximum": 9}},
}
NAME = "make_box"


def schemas(folder: Path) -> Path:
    """
    The folder, filled with the contract.
    """
    files = made.files_of(NAME, SCHEMA)
    document = json.loads(files["openapi.json"])
    (item,) = document["paths"].values()
    document["servers"] = [{"url": "https://vendor.test/client/v4"}]
    document["paths"] = {"/accounts/{account_id}/realtime/kit/{app_id}/boxes": item}
    for name, content in {**files, "openapi.json": json.dumps(document).encode()}.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder
