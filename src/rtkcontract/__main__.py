"""
`python -m rtkcontract`.
"""

from rtkcontract.cli import main

main(prog_name="rtkcontract")
