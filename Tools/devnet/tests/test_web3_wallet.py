# SPDX-License-Identifier: Apache-2.0
"""Whoever has web3.py and the committed ABIs of contracts can pay through their channels, and all get what is due."""
import json
import subprocess

from devnet.contract import Interface
from eth_abi import encode

from conftest import HERE
from process import Process
from test_web3 import ROOT, interpreter

SETTLEMENT = "0x4020074e9df2ce1dee5a9c1b5c3f541d02a10003"
COLLECTOR = "0x4020806089470a89826cb9fb1f4059150b550004"
NAMES = ["TestUSDC", "VoucherChannels", "BatchSettlement", "ERC3009Collector"]
DEPOSIT = 10_000


def artifact(name):
    return json.loads((ROOT / "Contracts/Vyper/artifacts" / f"{name}.json").read_text())


def sent(devnet, data, **where):
    """The receipt of a transaction of the node's own last account."""
    name = devnet("eth_sendTransaction", {"from": devnet.told["accounts"][-1]["address"], "data": data} | where)
    receipt = devnet("eth_getTransactionReceipt", name)
    assert receipt["status"] == "0x1"
    return receipt


def deployed(devnet, name, *values):
    made = artifact(name)
    return sent(devnet, made["bytecode"] + encode(Interface(made["abi"]).inputs, values).hex())["contractAddress"]


def installed(devnet, name, address, **slots):
    """Puts a contract at the address of the original, as a development chain may."""
    made = artifact(name)
    devnet("anvil_setCode", address, made["bytecode_runtime"])
    for slot, value in slots.items():
        place = made["layout"]["storage_layout"][slot]["slot"]
        devnet("anvil_setStorageAt", address, hex(place), "0x" + value.removeprefix("0x").rjust(64, "0"))
    return address


def world(devnet):
    """Addresses in the order of the names, and a payer who has tokens."""
    token = deployed(devnet, "TestUSDC", "USDC", "USDC", "2", 6)
    payer = devnet.told["accounts"][0]["address"]
    mint = Interface(artifact("TestUSDC")["abi"]).encode_call("mint", payer, DEPOSIT)
    sent(devnet, "0x" + mint.hex(), to=token)
    return [token, deployed(devnet, "VoucherChannels", token, 500), installed(devnet, "BatchSettlement", SETTLEMENT),
            installed(devnet, "ERC3009Collector", COLLECTOR, x402BatchSettlement=SETTLEMENT)]


def test_a_wallet_that_knows_addresses_and_abis():
    with Process("--chain-id", "84532") as devnet:
        contracts = [{"address": address, "abi": artifact(name)["abi"]} for name, address in zip(NAMES, world(devnet))]
        asked = {"url": devnet.told["url"], "keys": [one["key"] for one in devnet.told["accounts"][:5]],
                 "contracts": contracts}
        done = subprocess.run([interpreter(), HERE / "web3_wallet.py"], input=json.dumps(asked), capture_output=True,
                              text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    # Payer, payee, whoever hands orders in; VoucherChannels, BatchSettlement, its collector.
    assert seen["before"] == [DEPOSIT, 0, 0, 0, 0, 0]
    assert seen["withdrawn"] == [DEPOSIT - 1_000, 300, 0, 1_000 - 300, 0, 0]
    assert seen["settled"] == [DEPOSIT - 450, 450, 0, 0, 0, 0]
    assert seen["together"] == [DEPOSIT - 450 - 70, 450 + 70, 0, 0, 0, 0]
    assert seen["claimed"] == [DEPOSIT - 520 - 500, 520 + 240, 0, 0, 500 - 240, 0]
    assert seen["refunded"] == [DEPOSIT - 520 - 400, 520 + 400, 0, 0, 0, 0]
    assert seen["left"] == [400, 400, 400, 400]
    assert seen["refused"] == ["ProofSignature", "ChallengeRuns", "ClosingSignature", "InvalidSignature",
                               "NotAuthorizedToClaim", "ClaimExceedsCeiling"]
    assert seen["events"] == [
        "Approval", "Opened", "Withdrawn", "CloseRequested", "Disputed", "Closed", "Opened", "Closed",
        "ChannelCreated", "Deposited", "Claimed", "Settled", "Claimed", "Refunded", "Settled"]
