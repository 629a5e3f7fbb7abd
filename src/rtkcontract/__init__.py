"""
Contract tests for Cloudflare RealtimeKit: schemas become cases, answers become findings.
"""

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    if name != "__version__":
        raise AttributeError(f"module 'rtkcontract' has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # looked up by few, and slow to import

    try:
        return version("rtkcontract")
    except PackageNotFoundError:  # pragma: no cover  # a bare checkout on sys.path
        return "0+unknown"
