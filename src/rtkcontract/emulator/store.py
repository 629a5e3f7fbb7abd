"""
The objects that an emulator remembers, by collection; plain memory, nothing on disk.

1. A collection is the path that its objects stand below, parameters filled in: an object of one parent, account or app
   is not to be found below another.
2. The memory is bounded: when the JSON text of all objects grows beyond the limit, the oldest go first.
3. What is deleted is gone with everything below it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final, TypeAlias

from rtkcontract.model import Json

Key: TypeAlias = tuple[str, ...]
"""The segments of a path, percent-decoded."""


KEEP_BYTES: Final = 64 * 1024 * 1024
"""How much JSON text an emulator remembers unless it is told otherwise."""


class Store:
    """
    Objects by path, oldest first. `keep_bytes` bounds the JSON text of all of them.
    """

    def __init__(self, keep_bytes: int = KEEP_BYTES) -> None:
        self.keep_bytes = keep_bytes
        self.reset()

    def reset(self) -> None:
        """
        Forgets everything.
        """
        self._objects: dict[Key, Json] = {}
        self._sizes: dict[Key, int] = {}
        self._children: dict[Key, dict[Key, None]] = {}
        self._deleted: dict[Key, None] = {}
        self._bytes = 0
        self.created: set[Key] = set()
        """Templates of the collections in which something was created."""

    @property
    def count(self) -> int:
        """
        How many objects are remembered.
        """
        return len(self._objects)

    @property
    def size(self) -> int:
        """
        Bytes of JSON text that are remembered.
        """
        return self._bytes

    def get(self, key: Key) -> Json:
        """
        The object at a path; None where there is none.
        """
        return self._objects.get(key)

    def deleted(self, key: Key) -> bool:
        """
        Whether an object stood there and was deleted.
        """
        return key in self._deleted

    def put(self, key: Key, value: Json) -> None:
        """
        Stores an object, in the place of an earlier one with the same path; forgets the oldest beyond the limit.
        """
        size = len(json.dumps(value)) + sum(map(len, key))
        self._bytes += size - self._sizes.get(key, 0)
        self._objects[key], self._sizes[key] = value, size
        self._children.setdefault(key[:-1], {})[key] = None
        self._deleted.pop(key, None)
        while self._bytes > self.keep_bytes and len(self._objects) > 1:
            self._forget(next(iter(self._objects)))

    def delete(self, key: Key) -> None:
        """
        Takes an object away, and everything below it.
        """
        below = [other for other in self._objects if other[: len(key)] == key]
        for other in below:
            self._forget(other)
        self._deleted[key] = None
        while len(self._deleted) > 10_000:
            del self._deleted[next(iter(self._deleted))]

    def below(self, collection: Key) -> Iterator[Json]:
        """
        The objects of one collection, oldest first.
        """
        return (self._objects[key] for key in self._children.get(collection, ()))

    def _forget(self, key: Key) -> None:
        del self._objects[key]
        self._bytes -= self._sizes.pop(key)
        siblings = self._children[key[:-1]]
        del siblings[key]
        if not siblings:
            del self._children[key[:-1]]
