"""
Two contracts -> the changes between them, each with a class and a proof.

How changes are shown lives in `reports.contract_changes`.
"""
