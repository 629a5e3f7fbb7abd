"""
Responses -> findings; one check is one function in a tuple.

How findings are grouped and shown lives in `reports`.
"""
