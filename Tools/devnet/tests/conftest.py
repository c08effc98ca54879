# SPDX-License-Identifier: Apache-2.0
"""What the tests share: a chain whose clock stands still, a contract on it, and an endpoint to ask."""
import json
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from devnet import accounts  # noqa: E402
from devnet.chain import Chain  # noqa: E402
from devnet.contract import Contract  # noqa: E402
from devnet.node import Node  # noqa: E402
from devnet.rpc import Endpoint  # noqa: E402

START = 1_800_000_000
ERROR = {"type": "error", "name": "Stale", "inputs": [
    {"name": "number", "type": "uint256"}, {"name": "who", "type": "address"}]}


class RPCError(Exception):
    def __init__(self, error):
        super().__init__(f"{error['code']}: {error['message']}")
        self.code, self.message, self.data = error["code"], error["message"], error.get("data")


class Client:
    """Asks an endpoint in the same process, through JSON."""

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def ask(self, body):
        answer = self.endpoint.answer(body if isinstance(body, bytes) else json.dumps(body).encode())
        return None if answer is None else json.loads(answer)

    def __call__(self, method, *params):
        answer = self.ask({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        if "error" in answer:
            raise RPCError(answer["error"])
        return answer["result"]


@pytest.fixture(scope="session")
def compiled():
    done = subprocess.run(
        [pathlib.Path(sys.executable).parent / "vyper", "-f", "combined_json", HERE / "Probe.vy"],
        capture_output=True, check=True)
    return next(value for name, value in json.loads(done.stdout).items() if name != "version")


@pytest.fixture
def chain():
    return Chain(alloc=accounts.funded(4), clock=lambda: START)


@pytest.fixture
def alice():
    return accounts.account(0)


@pytest.fixture
def bob():
    return accounts.account(1)


@pytest.fixture
def probe(chain, alice, compiled):
    return Contract.deploy(chain, alice, compiled["bytecode"], compiled["abi"] + [ERROR], 7)


@pytest.fixture
def node(chain):
    return Node(chain, accounts.accounts(4))


@pytest.fixture
def rpc(node):
    return Client(Endpoint(node))
