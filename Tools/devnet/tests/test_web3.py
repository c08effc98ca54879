# SPDX-License-Identifier: Apache-2.0
"""web3.py, from the environment that has its pinned version, must work against the chain as against any node."""
import json
import os
import pathlib
import subprocess

from devnet import accounts

from conftest import ERROR, HERE
from process import Process

ROOT = HERE.parents[2]


def interpreter():
    """`FARTHING_INTEROP_PYTHON`, or what `Scripts/interop-env` made."""
    named = os.environ.get("FARTHING_INTEROP_PYTHON")
    found = pathlib.Path(named) if named else ROOT / ".venv-interop/bin/python"
    assert found.exists(), f"{found} is missing: Scripts/interop-env makes it"
    return found


def test_a_session_of_web3_py(compiled):
    with Process() as devnet:
        keys = [one["key"] for one in devnet.told["accounts"][:2]]
        asked = {"url": devnet.told["url"], "keys": keys, "compiled": compiled | {"abi": compiled["abi"] + [ERROR]}}
        done = subprocess.run([interpreter(), HERE / "web3_session.py"], input=json.dumps(asked), capture_output=True,
                              text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        seen = json.loads(done.stdout.splitlines()[-1])
        value = devnet("eth_blockNumber")
    assert (seen["connected"], seen["chain"], seen["client"].split("/")[0]) == (True, 31337, "farthing-devnet")
    assert (seen["first"], seen["status"], seen["second"], seen["before"]) == (7, 1, 8, 7)
    event, = seen["events"]
    assert event["who"].lower() == accounts.account(1).address and event["value"] == 8
    assert seen["logs"] == seen["events"] and seen["filtered"] == [seen["hash"]]
    assert seen["text"][:2] == ["ContractLogicError", "execution reverted: stale"]
    assert seen["custom"][0] == "ContractCustomError"
    assert seen["third"] == [1, 9] and seen["own"] == 1 and seen["missing"]
    assert seen["fees"] == [4, 5, 3] and (seen["block"], seen["pending"], seen["receipts"]) == (1, 1, 1)
    assert seen["nonce"] == {"code": -32000, "message": "nonce too low: next nonce 1, tx nonce 0"}
    assert seen["batch"] == [9] and value == "0x4"
