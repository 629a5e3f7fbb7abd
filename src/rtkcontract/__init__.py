"""
Contract tests for Cloudflare RealtimeKit: schemas become cases, answers become findings.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("rtkcontract")
except PackageNotFoundError:  # pragma: no cover  # a bare checkout on sys.path
    __version__ = "0+unknown"

__all__ = ["__version__"]
