"""
The command line: shared options and one module per verb.

The work itself is done in lower packages.
"""
