"""
JSON and JSON Schema: strict reading, values, structure, validation, boundary values.

No HTTP, no OpenAPI, no disk.
"""
