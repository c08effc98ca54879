# SPDX-License-Identifier: Apache-2.0
"""The chain of `Tools/devnet` in a process of its own, spoken to over JSON-RPC as `evm.Chain` is in this one.

Here a transaction is one: it is admitted, waits in a pool, pays for gas, and has a receipt in a block.
"""
import http.client
import json
import pathlib
import subprocess
import sys
import urllib.parse

from evm import ETHER, MOST_GAS, Log, Outcome

DEVNET = pathlib.Path(__file__).resolve().parents[3] / "Tools" / "devnet"


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(f"{error.get('code')}: {error.get('message')}")
        self.data = error.get("data")


class RpcChain:
    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "devnet"], cwd=DEVNET, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        said = json.loads(self.process.stdout.readline())
        self.id, self.snapshots, self.rich = said["chainId"], [], set()
        place = urllib.parse.urlsplit(said["url"])
        self.connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
        self.ask("anvil_autoImpersonateAccount", True)
        self.timestamp = self.latest_timestamp

    def stop(self):
        """The chain ends with its standard input."""
        self.connection.close()
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def ask(self, method, *parameters):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
        self.connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = json.loads(self.connection.getresponse().read())
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer["result"]

    # Blocks

    @property
    def height(self):
        return int(self.ask("eth_blockNumber"), 16)

    @property
    def latest_timestamp(self):
        return int(self.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def mine(self, blocks=1, seconds=12):
        """No block has the time of the one before, so that no seconds are one for each."""
        self.ask("evm_setNextBlockTimestamp", self.timestamp + max(seconds, 1))
        self.ask("anvil_mine", blocks, max(seconds, 1))
        self.timestamp = self.latest_timestamp

    def block_hash(self, height):
        return from_hex(self.ask("eth_getBlockByNumber", hex(height), False)["hash"])

    # Accounts

    def give(self, address, amount=1_000 * ETHER):
        self.ask("anvil_setBalance", address, hex(amount))
        self.rich.add(address)

    # Transactions

    def send(self, sender, to=None, data=b"", value=0, gas=MOST_GAS):
        """Carries out a transaction in the next block; what it answers is asked for just before."""
        if sender not in self.rich:
            self.ask("anvil_setBalance", sender, hex(1_000_000 * ETHER))
            self.rich.add(sender)
        request = {"from": sender, "data": "0x" + data.hex(), "value": hex(value), "gas": hex(gas)}
        if to:
            request["to"] = to
        self.ask("evm_setNextBlockTimestamp", self.timestamp + 12)
        foreseen, output = self.answer(request, "pending")
        receipt = self.ask("eth_getTransactionReceipt", self.ask("eth_sendTransaction", request))
        self.timestamp += 12
        succeeded = receipt["status"] == "0x1"
        assert succeeded == foreseen, "a call and the transaction after it came to different ends"
        logs = tuple(Log(log["address"], tuple(map(from_hex, log["topics"])), from_hex(log["data"]))
                     for log in receipt["logs"])
        created = receipt.get("contractAddress")
        return Outcome(succeeded, output, int(receipt["gasUsed"], 16), logs, created and created.lower())

    def call(self, to, data, sender="0x" + "ca" * 20, value=0):
        request = {"from": sender, "to": to, "data": "0x" + data.hex(), "value": hex(value)}
        return Outcome(*self.answer(request, "latest"), 0, ())

    def answer(self, request, block):
        try:
            return True, from_hex(self.ask("eth_call", request, block))
        except RpcError as error:
            if error.data is None:
                raise
            return False, from_hex(error.data)

    # Going back

    def snapshot(self):
        self.snapshots.append(self.ask("evm_snapshot"))
        return len(self.snapshots) - 1

    def revert(self, snapshot):
        """One that was gone back to is used up, so the place gets a new one."""
        assert self.ask("evm_revert", self.snapshots[snapshot])
        self.snapshots[snapshot:] = [self.ask("evm_snapshot")]
        self.timestamp = self.latest_timestamp


def from_hex(text):
    return bytes.fromhex(text.removeprefix("0x"))
