# SPDX-License-Identifier: Apache-2.0
"""A script as users of web3.py write them, run by the interpreter that has it: takes a URL, keys and a contract.

It knows nothing of the chain that it talks to. Its last line is JSON: what it has seen.
"""
import json
import sys

from web3 import HTTPProvider, Web3
from web3.exceptions import ContractCustomError, ContractLogicError, TransactionNotFound, Web3RPCError

asked = json.load(sys.stdin)
web3 = Web3(HTTPProvider(asked["url"]))
seen = {"connected": web3.is_connected(), "chain": web3.eth.chain_id, "client": web3.client_version}
alice, bob = (web3.eth.account.from_key(key) for key in asked["keys"])
compiled = asked["compiled"]


def send(account, transaction):
    filled = {"from": account.address, "nonce": web3.eth.get_transaction_count(account.address, "pending"),
              "chainId": web3.eth.chain_id} | transaction
    if "maxFeePerGas" not in filled:
        filled["maxPriorityFeePerGas"] = web3.eth.max_priority_fee
        filled["maxFeePerGas"] = 2 * web3.eth.get_block("latest")["baseFeePerGas"] + filled["maxPriorityFeePerGas"]
    if "gas" not in filled:
        filled["gas"] = web3.eth.estimate_gas(filled)
    name = web3.eth.send_raw_transaction(account.sign_transaction(filled).raw_transaction)
    return web3.eth.wait_for_transaction_receipt(name, timeout=10, poll_latency=0.05)


made = send(alice, {"data": web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"]).constructor(
    7).data_in_transaction, "value": 0})
probe = web3.eth.contract(made["contractAddress"], abi=compiled["abi"])
seen["first"] = probe.functions.value().call()
entries = web3.eth.filter({"address": probe.address})
stored = send(bob, {"to": probe.address, "data": probe.encode_abi("store", [8]), "value": 5})
seen["status"], seen["second"] = stored["status"], probe.functions.value().call()
seen["before"] = probe.functions.value().call(block_identifier=stored["blockNumber"] - 1)
seen["events"] = [dict(one["args"]) for one in probe.events.Stored().process_receipt(stored)]
seen["logs"] = [dict(one["args"]) for one in probe.events.Stored().get_logs(from_block=0)]
seen["filtered"] = [one["transactionHash"].hex() for one in entries.get_new_entries()]
seen["hash"] = stored["transactionHash"].hex()
for name, call in (("text", probe.functions.refuse()), ("custom", probe.functions.refuse_with(5))):
    try:
        call.call()
    except (ContractCustomError, ContractLogicError) as error:
        seen[name] = [type(error).__name__, str(error.message), error.data]
# The same through middleware that fills in, signs and sends.
from web3.middleware import SignAndSendRawMiddlewareBuilder  # noqa: E402

web3.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build(alice), layer=0)
name = probe.functions.store(9).transact({"from": alice.address})
seen["third"] = [web3.eth.wait_for_transaction_receipt(name)["status"], probe.functions.value().call()]
# The node's own accounts.
seen["own"] = web3.eth.wait_for_transaction_receipt(web3.eth.send_transaction(
    {"from": web3.eth.accounts[2], "to": alice.address, "value": 1}))["status"]
history = web3.eth.fee_history(4, "latest", [10, 50, 90])
seen["fees"] = [len(history["reward"]), len(history["baseFeePerGas"]), len(history["reward"][0])]
seen["block"] = len(web3.eth.get_block("latest", full_transactions=True)["transactions"])
seen["pending"] = web3.eth.get_block("pending")["number"] - web3.eth.block_number
seen["receipts"] = len(web3.eth.get_block_receipts("latest"))
try:
    web3.eth.get_transaction("0x" + "00" * 32)
except TransactionNotFound:
    seen["missing"] = True
try:
    send(bob, {"to": alice.address, "value": 0, "nonce": 0, "gas": 21_000})
except Web3RPCError as error:
    seen["nonce"] = error.rpc_response["error"]
with web3.batch_requests() as batch:
    batch.add(web3.eth.get_block(0))
    batch.add(probe.functions.value())
    seen["batch"] = [batch.execute()[1]]
print(json.dumps(seen, default=lambda one: one.hex() if isinstance(one, bytes) else str(one)))
