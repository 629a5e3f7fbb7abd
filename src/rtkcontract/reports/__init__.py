"""
Results -> text, HTML, Markdown, JUnit, SARIF and exports.

Nothing here judges a response.
"""
