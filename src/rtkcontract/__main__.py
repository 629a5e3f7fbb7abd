"""
`python -m rtkcontract`.
"""

from __future__ import annotations

from rtkcontract.cli.main import main

main(prog_name="rtkcontract")
