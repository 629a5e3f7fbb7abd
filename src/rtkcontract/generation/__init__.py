"""
A contract -> the cases that are sent: partitions, covering arrays, negatives, relations, fuzzing.

It sends nothing and judges nothing.
"""
