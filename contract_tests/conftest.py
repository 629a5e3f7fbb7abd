"""
Says where the cassette of a case lies, for pytest-recording.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from rtkcontract.plugins.pytest_plugin import Round


@pytest.fixture(scope="module")
def vcr_cassette_dir(contract_round: Round) -> str:
    """
    The folder of all recordings.
    """
    return str(contract_round.folder)


@pytest.fixture
def default_cassette_name(request: pytest.FixtureRequest, contract_round: Round) -> str:
    """
    The path of the case's recording below that folder, without its ending.
    """
    found = contract_round.recording(request.getfixturevalue("case"))
    return (
        str((found or Path("missing.yaml")).relative_to(contract_round.folder).with_suffix("")) if found else "missing"
    )
