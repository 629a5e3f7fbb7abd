"""
The pytest plugin, the fixture and the httpx transport.

The work itself is done in lower packages.
"""
