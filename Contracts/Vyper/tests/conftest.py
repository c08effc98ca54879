# SPDX-License-Identifier: Apache-2.0
"""Fixtures of all contract tests, and the profile of the random walks."""
import os

import pytest
from hypothesis import HealthCheck, Phase, settings

from evm import Chain
from harness import Account

# Walks are repeatable: the same examples each time, and as many as the time box holds. A failing one is printed as it
# is, since making it shorter can take minutes.
settings.register_profile(
    "contracts", deadline=None, derandomize=True, database=None, print_blob=True,
    suppress_health_check=list(HealthCheck), max_examples=int(os.environ.get("FARTHING_EXAMPLES", "20")),
    stateful_step_count=20, phases=[Phase.explicit, Phase.generate])
settings.load_profile("contracts")


@pytest.fixture
def chain():
    return Chain()


@pytest.fixture(scope="session")
def accounts():
    """Named keys: payer, payee, relay, stranger."""
    return {name: Account(name) for name in ("payer", "payee", "relay", "stranger")}
