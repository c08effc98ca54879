#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A simulated EVM chain with the contracts of x402 batch-settlement, spoken to over JSON-RPC as any node.

    chain.py [--longest-range BLOCKS]     its first line says where it listens; it ends when its standard input does

A transaction makes a block of its own; without one, a block is made when somebody asks for the latest after a second
has passed. Old blocks are kept whole, so calls can be made at each. Gas is free. For tests alone are:

    sim_mint [ADDRESS, UNITS]    sim_approvePermit2 [ADDRESS, UNITS]    sim_increaseTime [SECONDS]
    sim_mine [BLOCKS]            sim_dump []
"""
import argparse
import copy
import threading
import time
from dataclasses import dataclass, field

import rlp
from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from eth_utils import keccak, to_checksum_address
from hexbytes import HexBytes

import contracts
from contracts import Revert, State
from loopback import LoopbackServer, end_with_parent, tell
from settlement_contract import Settlement

REVERTED, REFUSED, UNKNOWN_METHOD, BAD_PARAMETERS, BAD_REQUEST = 3, -32000, -32601, -32602, -32600
TOO_MUCH = -32005
FREE_GAS = "0xf4240"


class Fault(Exception):
    """What a node answers to a request that it does not serve."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


@dataclass
class Block:
    number: int
    timestamp: int
    state: State
    logs: list = field(default_factory=list)

    @property
    def hash(self):
        return "0x" + keccak(text=f"block {self.number}").hex()

    def header(self):
        return {
            "number": hex(self.number), "hash": self.hash, "timestamp": hex(self.timestamp),
            "parentHash": "0x" + keccak(text=f"block {self.number - 1}").hex(), "baseFeePerGas": "0x1",
            "gasLimit": hex(30_000_000), "gasUsed": "0x0", "miner": contracts.ZERO, "transactions": []}


class Chain:
    def __init__(self, chain_id=84532, longest_range=None):
        self.id, self.longest_range = chain_id, longest_range
        self.lock = threading.RLock()
        self.offset = 0
        self.state, self.emitted = State(), []
        self.now = int(time.time())
        self.blocks = [Block(0, self.now, self.state)]
        self.nonces, self.waiting, self.receipts = {}, {}, {}
        kinds = {
            contracts.SETTLEMENT: Settlement, contracts.ERC3009_COLLECTOR: contracts.ERC3009Collector,
            contracts.PERMIT2_COLLECTOR: contracts.Permit2Collector, contracts.PERMIT2: contracts.Permit2,
            contracts.MULTICALL3: contracts.Multicall3, contracts.USDC: contracts.Token}
        self.contracts = {address: kind(self, address) for address, kind in kinds.items()}
        self.methods = {name: getattr(self, name) for name in dir(self) if name.startswith(("eth_", "sim_"))}

    # Running

    def contract_call(self, sender, target, data):
        contract = self.contracts.get(target)
        if contract is None:
            raise Revert("")
        return contract.call(sender, data)

    def latest(self):
        """The newest block, which is never older than a second."""
        if self.time() > self.blocks[-1].timestamp:
            self.mine(self.blocks[-1].state)
        return self.blocks[-1]

    def time(self):
        return max(int(time.time()) + self.offset, self.blocks[-1].timestamp)

    def mine(self, state):
        block = Block(len(self.blocks), self.time(), state)
        self.blocks.append(block)
        return block

    def change(self, action, transaction):
        """Runs something that changes the state, in a block of its own.

        Returns the block, and the refusal if there was one.
        """
        before = self.blocks[-1].state
        self.state, self.emitted, self.now = copy.deepcopy(before), [], self.time()
        refusal = None
        try:
            action()
        except Revert as revert:
            self.state, self.emitted, refusal = before, [], revert
        block = self.mine(self.state)
        block.logs = [{
            "address": to_checksum_address(address), "topics": ["0x" + topic.hex() for topic in topics],
            "data": "0x" + data.hex(), "blockNumber": hex(block.number), "blockHash": block.hash,
            "transactionHash": transaction, "transactionIndex": "0x0", "logIndex": hex(index), "removed": False,
        } for index, (address, topics, data) in enumerate(self.emitted)]
        return block, refusal

    def view(self, request, block):
        """Runs a call at the end of a block, and forgets all that it changed."""
        self.state, self.emitted, self.now = copy.deepcopy(block.state), [], block.timestamp
        target, data = request.get("to"), request.get("input") or request.get("data") or "0x"
        if not isinstance(target, str):
            raise Fault(BAD_PARAMETERS, "a call needs `to`")
        if target.lower() not in self.contracts:
            return b""  # as from an account without code
        return self.contract_call(request.get("from", contracts.ZERO).lower(), target.lower(), unhex(data))

    def block_at(self, tag):
        if tag in ("latest", "pending", "safe", "finalized"):
            return self.latest()
        number = 0 if tag == "earliest" else int(tag, 16)
        return self.blocks[number] if number < len(self.blocks) else None

    def state_at(self, tag):
        block = self.block_at(tag)
        if block is None:
            raise Fault(REFUSED, "header not found")
        return block

    # What every node answers

    def eth_chainId(self):
        return hex(self.id)

    def eth_blockNumber(self):
        return hex(self.latest().number)

    def eth_getBlockByNumber(self, tag, _=False):
        block = self.block_at(tag)
        return block and block.header()

    def eth_call(self, request, tag="latest"):
        return "0x" + self.view(request, self.state_at(tag)).hex()

    def eth_estimateGas(self, request, tag="latest"):
        self.view(request, self.state_at(tag))
        return FREE_GAS

    def eth_gasPrice(self):
        return "0x1"

    def eth_maxPriorityFeePerGas(self):
        return "0x1"

    def eth_getBalance(self, _, tag="latest"):
        return hex(10**20)

    def eth_getCode(self, address, tag="latest"):
        return "0x01" if address.lower() in self.contracts else "0x"

    def eth_getTransactionCount(self, address, tag="latest"):
        waiting = self.waiting.get(address.lower(), {}) if tag == "pending" else {}
        return hex(max([self.nonces.get(address.lower(), 0)] + [nonce + 1 for nonce in waiting]))

    def eth_getTransactionReceipt(self, transaction):
        return self.receipts.get(transaction.lower())

    def eth_getLogs(self, asked):
        first, last = (self.block_number(asked.get(name, "latest")) for name in ("fromBlock", "toBlock"))
        if last < first:
            raise Fault(BAD_PARAMETERS, "invalid block range params")
        if self.longest_range and last - first + 1 > self.longest_range:
            raise Fault(TOO_MUCH, f"eth_getLogs is limited to a range of {self.longest_range} blocks")
        addresses, topics = choices(asked.get("address")), [choices(topic) for topic in asked.get("topics", [])]
        return [
            log for block in self.blocks[first:last + 1] for log in block.logs
            if (addresses is None or log["address"].lower() in addresses) and len(log["topics"]) >= len(topics)
            and all(wanted is None or topic in wanted for topic, wanted in zip(log["topics"], topics))]

    def block_number(self, tag):
        block = self.block_at(tag)
        return block.number if block else int(tag, 16)

    def eth_sendRawTransaction(self, raw):
        raw = unhex(raw)
        try:
            sender, chain, nonce, target, value, data = read_transaction(raw)
        except Exception as error:
            raise Fault(REFUSED, f"invalid transaction: {type(error).__name__}") from None
        transaction = "0x" + keccak(raw).hex()
        waiting = self.waiting.setdefault(sender, {})
        if chain != self.id:
            raise Fault(REFUSED, "invalid chain id for signer")
        if nonce < self.nonces.get(sender, 0):
            raise Fault(REFUSED, "already known" if transaction in self.receipts else "nonce too low")
        waiting[nonce] = transaction, target, value, data
        while (turn := self.nonces.get(sender, 0)) in waiting:
            self.nonces[sender] = turn + 1
            self.perform(sender, *waiting.pop(turn))
        return transaction

    def perform(self, sender, transaction, target, value, data):
        def action():
            if value:
                raise Revert("")  # nothing here takes ether
            self.contract_call(sender, target, data)

        block, refusal = self.change(action, transaction)
        contract = self.contracts.get(target)
        function = contract.functions.get(data[:4]) if contract else None
        self.receipts[transaction] = {
            "transactionHash": transaction, "transactionIndex": "0x0", "type": "0x2", "contractAddress": None,
            "status": "0x0" if refusal else "0x1", "blockNumber": hex(block.number), "blockHash": block.hash,
            "from": to_checksum_address(sender), "to": to_checksum_address(target), "logs": block.logs,
            "logsBloom": "0x" + "00" * 256, "gasUsed": "0x186a0", "cumulativeGasUsed": "0x186a0",
            "effectiveGasPrice": "0x1", "simulated": {
                "function": function.name if function else None, "refusal": refusal and str(refusal)}}

    # What only this chain answers

    def sim_mint(self, address, amount):
        token = self.contracts[contracts.USDC]
        self.change(lambda: token.credit(contracts.ZERO, address.lower(), int(amount)), self.unsigned("mint"))
        return str(self.state.balances[address.lower()])

    def sim_approvePermit2(self, address, amount):
        token = self.contracts[contracts.USDC]
        action = lambda: token.approve(address.lower(), contracts.PERMIT2, int(amount))  # noqa: E731
        self.change(action, self.unsigned("approve"))
        return True

    def unsigned(self, what):
        return "0x" + keccak(text=f"{what} in block {len(self.blocks)}").hex()

    def sim_increaseTime(self, seconds):
        self.offset += int(seconds)
        return self.latest().timestamp

    def sim_mine(self, blocks):
        for _ in range(int(blocks)):
            self.mine(self.blocks[-1].state)
        return self.blocks[-1].number

    def sim_dump(self):
        block = self.latest()
        state = block.state
        return {
            "block": block.number, "timestamp": block.timestamp,
            "balances": {to_checksum_address(owner): str(units) for owner, units in state.balances.items()},
            "channels": {"0x" + channel.hex(): {
                "payer": to_checksum_address(kept.config[contracts.PAYER]),
                "receiver": to_checksum_address(kept.config[contracts.RECEIVER]),
                "balance": str(kept.balance), "totalClaimed": str(kept.claimed),
                "withdrawal": {"amount": str(kept.withdrawal), "initiatedAt": kept.withdrawal_asked},
                "refundNonce": str(kept.refund_nonce)} for channel, kept in state.channels.items()},
            "receivers": [{
                "receiver": to_checksum_address(receiver), "token": to_checksum_address(token),
                "totalClaimed": str(claimed), "totalSettled": str(settled),
            } for (receiver, token), (claimed, settled) in state.receivers.items()],
            "transactions": [{
                "hash": name, "block": int(receipt["blockNumber"], 16), "from": receipt["from"],
                "isDone": receipt["status"] == "0x1", **receipt["simulated"],
            } for name, receipt in self.receipts.items()]}

    # JSON-RPC

    def answer(self, body):
        """One request, or a list of them."""
        if isinstance(body, list):
            return [self.answer_one(request) for request in body] if body else failure(None, BAD_REQUEST, "empty batch")
        return self.answer_one(body)

    def answer_one(self, request):
        if not isinstance(request, dict):
            return failure(None, BAD_REQUEST, "not a request")
        name, parameters = request.get("id"), request.get("params") or []
        method = self.methods.get(request.get("method"))
        if method is None:
            return failure(name, UNKNOWN_METHOD, f"the method {request.get('method')} does not exist")
        try:
            with self.lock:
                return {"jsonrpc": "2.0", "id": name, "result": method(*parameters)}
        except Revert as revert:
            text = f": {revert}" if isinstance(revert, contracts.Refusal) else ""
            return failure(name, REVERTED, f"execution reverted{text}", "0x" + revert.data.hex())
        except Fault as fault:
            return failure(name, fault.code, str(fault))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            return failure(name, BAD_PARAMETERS, f"{type(error).__name__}: {error}")


def failure(name, code, text, data=None):
    error = {"code": code, "message": text}
    return {"jsonrpc": "2.0", "id": name, "error": error if data is None else error | {"data": data}}


def unhex(text):
    return bytes.fromhex(text.removeprefix("0x"))


def choices(wanted):
    if wanted is None:
        return None
    return [one.lower() for one in (wanted if isinstance(wanted, list) else [wanted])]


def read_transaction(raw):
    sender = Account.recover_transaction(raw).lower()
    if raw[0] < 0x80:
        read = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        return sender, read["chainId"], read["nonce"], "0x" + read["to"].hex(), read["value"], bytes(read["data"])
    nonce, _price, _gas, target, value, data, v, _r, _s = rlp.decode(raw)
    number = lambda text: int.from_bytes(text, "big")  # noqa: E731
    return sender, (number(v) - 35) // 2, number(nonce), "0x" + target.hex(), number(value), data


class ChainServer(LoopbackServer):
    """A node: the chain, at every path."""

    def __init__(self, chain):
        super().__init__()
        self.chain = chain

    def answer(self, _path, body):
        return (405, {"error": "only POST"}) if body is None else (200, self.chain.answer(body))


def options(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--longest-range", type=int, help="refuse eth_getLogs over more blocks than this")
    return parser


if __name__ == "__main__":
    asked = options(__doc__.splitlines()[0]).parse_args()
    server = ChainServer(Chain(longest_range=asked.longest_range))
    end_with_parent()
    tell({"listening": server.url, "rpc": server.url})
    server.serve_forever()
