"""
Reads any OpenAPI document into operations: references, parameters, bodies, responses.

What the vendor promises beyond the document lives in `contract`; nothing here sends a request.
"""
