"""
Loads the plugin that runs the contract tests; where the cassettes lie is said in contract_tests/conftest.py, and what
the Hypothesis profiles dev, ci and nightly mean in rtkcontract.explore.
"""

pytest_plugins = ["rtkcontract.plugins.pytest_plugin"]
