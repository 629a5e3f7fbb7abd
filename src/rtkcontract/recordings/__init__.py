"""
Cassettes: keys, files, recording and replay.

What is judged when they are replayed lives in `checks`.
"""
