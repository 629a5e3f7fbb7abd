"""
Cassettes: keys, files, recording, replay, and the adapter for vcrpy.

What is judged when they are replayed lives in `checks`.
"""
