"""
A request -> the response that the documents promise.

It opens no socket; `network.server` serves it.
"""
