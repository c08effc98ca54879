# SPDX-License-Identifier: Apache-2.0
"""Blocks, transactions, receipts and logs as JSON-RPC gives them."""
from .block import effective_price, highest_price


def quantity(number):
    return hex(int(number))


def data(value):
    return "0x" + bytes(value).hex()


def log(entry, receipt, block, removed=False):
    return {
        "address": entry.address, "topics": entry.topics, "data": data(entry.data),
        "blockNumber": quantity(block.number), "blockHash": block.hash,
        "blockTimestamp": quantity(block.timestamp), "transactionHash": receipt.hash,
        "transactionIndex": quantity(receipt.index), "logIndex": quantity(entry.index), "removed": removed}


def receipt(made, block):
    return {
        "transactionHash": made.hash, "transactionIndex": quantity(made.index), "blockHash": block.hash,
        "blockNumber": quantity(block.number), "from": made.sender, "to": made.to, "type": quantity(made.kind),
        "status": quantity(made.status), "gasUsed": quantity(made.gas_used),
        "cumulativeGasUsed": quantity(made.cumulative_gas_used),
        "effectiveGasPrice": quantity(made.effective_gas_price), "contractAddress": made.contract,
        "logs": [log(entry, made, block) for entry in made.logs], "logsBloom": data(made.bloom)}


def transaction(pooled, block=None, index=None, base_fee=0):
    """A transaction, in a block or waiting for one."""
    signed = pooled.transaction
    shown = {
        "hash": pooled.hash, "type": quantity(pooled.kind), "nonce": quantity(signed.nonce),
        "from": data(pooled.sender), "to": data(signed.to) if signed.to else None, "value": quantity(signed.value),
        "gas": quantity(signed.gas), "input": data(signed.data), "r": quantity(signed.r), "s": quantity(signed.s),
        "blockHash": block and block.hash, "blockNumber": block and quantity(block.number),
        "transactionIndex": None if block is None else quantity(index)}
    if pooled.kind == 0:
        v = int(signed.v)
        shown |= {"v": quantity(v), "gasPrice": quantity(signed.gas_price)}
        return shown if v in (27, 28) else shown | {"chainId": quantity((v - 35) // 2)}
    shown |= {
        "chainId": quantity(signed.chain_id), "v": quantity(signed.y_parity), "yParity": quantity(signed.y_parity),
        "accessList": [{"address": data(one.account), "storageKeys": [data(slot) for slot in one.slots]}
                       for one in signed.access_list]}
    if pooled.kind == 1:
        return shown | {"gasPrice": quantity(signed.gas_price)}
    price = highest_price(signed) if block is None else effective_price(signed, block.base_fee)
    shown |= {
        "gasPrice": quantity(price), "maxFeePerGas": quantity(signed.max_fee_per_gas),
        "maxPriorityFeePerGas": quantity(signed.max_priority_fee_per_gas)}
    if pooled.kind == 4:
        shown["authorizationList"] = [
            {"chainId": quantity(one.chain_id), "address": data(one.address), "nonce": quantity(one.nonce),
             "yParity": quantity(one.y_parity), "r": quantity(one.r), "s": quantity(one.s)}
            for one in signed.authorizations]
    return shown


def block(made, is_full=False):
    header = made.header
    return {
        "number": quantity(made.number), "hash": made.hash, "parentHash": made.parent, "nonce": data(header.nonce),
        "sha3Uncles": data(header.ommers_hash), "logsBloom": data(header.bloom),
        "transactionsRoot": data(header.transactions_root), "stateRoot": data(header.state_root),
        "receiptsRoot": data(header.receipt_root), "miner": data(header.coinbase), "difficulty": "0x0",
        "totalDifficulty": "0x0", "extraData": data(header.extra_data), "size": quantity(made.size),
        "gasLimit": quantity(made.gas_limit), "gasUsed": quantity(made.gas_used),
        "timestamp": quantity(made.timestamp), "mixHash": data(header.prev_randao),
        "baseFeePerGas": quantity(made.base_fee), "withdrawalsRoot": data(header.withdrawals_root),
        "blobGasUsed": "0x0", "excessBlobGas": "0x0",
        "parentBeaconBlockRoot": data(header.parent_beacon_block_root), "requestsHash": data(header.requests_hash),
        "uncles": [], "withdrawals": [],
        "transactions": [transaction(one, made, index) if is_full else one.hash
                         for index, one in enumerate(made.transactions)]}


def pending_block(chain, is_full=False):
    """The block that would come next: what it holds is known, what that does is not run."""
    waiting = list(chain.executable(chain.state(), chain.base_fee()))
    return block(chain.head) | {
        "number": quantity(chain.head.number + 1), "hash": None, "parentHash": chain.head.hash, "nonce": None,
        "logsBloom": None, "miner": None, "gasLimit": quantity(chain.gas_limit), "gasUsed": "0x0",
        "timestamp": quantity(chain.next_time()), "baseFeePerGas": quantity(chain.base_fee()),
        "transactions": [transaction(one) if is_full else one.hash for one in waiting]}
