"""
What can be proven about two JSON Schemas, and what one schema says about one value; formats count.

1. `covers` answers True only with a proof. Anything else, "no" included, is no proof of the opposite: that takes a
   value, and a value is judged by `Validator`.
2. A schema that the library cannot model is covered by nothing and covers nothing.
"""

from __future__ import annotations

import jsonschema_rs
from jsonschema_rs import canonical

from rtkcontract.model import Json


class Canonical:
    """
    A schema in the form that proofs are made on.
    """

    def __init__(self, schema: Json) -> None:
        try:
            self.form: jsonschema_rs.CanonicalSchema | None = jsonschema_rs.canonicalize(schema, validate_formats=True)
        except (canonical.CanonicalizationError, jsonschema_rs.ValidationError, ValueError):
            self.form = None

    def covers(self, other: Canonical) -> bool:
        """
        Whether it is proven that every value that fits `other` fits this.
        """
        if self.form is None or other.form is None:
            return False
        try:
            return self.form.covers(other.form) == canonical.Containment.YES
        except (canonical.CanonicalizationError, ValueError):
            return False


def covers(wide: Json, narrow: Json) -> bool:
    """
    Whether it is proven that every value that fits `narrow` fits `wide`.
    """
    return wide == narrow or Canonical(wide).covers(Canonical(narrow))
