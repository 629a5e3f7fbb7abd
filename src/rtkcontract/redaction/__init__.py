"""
Finds and removes secrets in texts, requests, recordings and logs.

What a response must not contain is judged in `checks.secrets`.
"""
