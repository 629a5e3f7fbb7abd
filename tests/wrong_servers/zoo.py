"""
The whole zoo: every mutant and every lawful variant of the second server, by family.
"""

from __future__ import annotations

from wrong_servers import (
    again,
    bounds,
    hidden,
    http_rules,
    lawful_single,
    lawful_stateful,
    leaks,
    life_cycle,
    lists,
    neighbours,
    texts,
    times,
)
from wrong_servers.mutants import Mutant

STATEFUL: tuple[Mutant, ...] = (*life_cycle.MUTANTS, *lists.MUTANTS, *neighbours.MUTANTS, *bounds.MUTANTS)
"""Faults that show between requests, or in an operation's own bounds."""
SINGLE: tuple[Mutant, ...] = (
    *texts.MUTANTS,
    *hidden.MUTANTS,
    *leaks.MUTANTS,
    *times.MUTANTS,
    *http_rules.MUTANTS,
    *again.MUTANTS,
)
"""Faults that show in single responses, most of them of create_meeting."""
MUTANTS: tuple[Mutant, ...] = (*STATEFUL, *SINGLE)
LAWFUL: tuple[Mutant, ...] = (*lawful_stateful.LAWFUL, *lawful_single.LAWFUL)
