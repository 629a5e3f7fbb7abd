"""
Runs a plan against a target and keeps the results: targets, minimising, the run file.

pytest, the command line and recordings are thin over it.
"""
