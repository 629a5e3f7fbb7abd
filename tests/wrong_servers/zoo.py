"""
The whole zoo: every mutant and every lawful variant of the second server, by family.
"""

from __future__ import annotations

from wrong_servers import bounds, lawful_stateful, life_cycle, lists, neighbours
from wrong_servers.mutants import Mutant

STATEFUL: tuple[Mutant, ...] = (*life_cycle.MUTANTS, *lists.MUTANTS, *neighbours.MUTANTS, *bounds.MUTANTS)
"""Faults that show between requests, or in an operation's own bounds."""
MUTANTS: tuple[Mutant, ...] = STATEFUL
LAWFUL: tuple[Mutant, ...] = lawful_stateful.LAWFUL
