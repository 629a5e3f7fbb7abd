"""
What is promised and what nobody knows: the contract, its revisions, expectations, and requests made of cases.

How cases are derived lives in `generation`, how responses are judged in `checks`.
"""
