"""
Judges bodies, responses and exchanges that people bring.

Files are read in `inputs`, judged in `rules`; nothing is sent.
"""
