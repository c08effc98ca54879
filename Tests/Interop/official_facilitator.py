#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A facilitator that is nothing but the official x402 SDK, over a simulated chain in the same process or over a node.

    official_facilitator.py [--delegate] [--log FILE] [--longest-range BLOCKS | --rpc NODE]

Its first line says where it listens; it ends when its standard input does. It serves /supported, /verify and /settle,
and the chain's JSON-RPC at /rpc, through which the SDK's own signer sends its transactions too. With --delegate it
offers to hold the key of the receiver authorizer. --log gets a line of JSON for each /verify and /settle.
"""
import json
import threading

from eth_account import Account

from chain import Chain, options
from loopback import LoopbackServer, end_with_parent, tell
from x402 import x402FacilitatorSync
from x402.mechanisms.evm.batch_settlement.authorizer_signer import LocalAuthorizerSigner
from x402.mechanisms.evm.batch_settlement.facilitator import BatchSettlementEvmFacilitator
from x402.mechanisms.evm.exact import ExactEvmFacilitatorScheme
from x402.mechanisms.evm.signers import FacilitatorWeb3Signer
from x402.schemas import PaymentPayload, PaymentRequirements

SENDER_KEY = "0x" + "44" * 32
AUTHORIZER_KEY = "0x" + "55" * 32
# The SDK's own limit of 500,000 is spent by about 25 claims.
GAS_LIMIT = 5_000_000


class FacilitatorServer(LoopbackServer):
    def __init__(self, chain, is_delegate, log, rpc=None):
        super().__init__()
        self.chain, self.log, self.log_lock = chain, log and open(log, "a", encoding="utf-8"), threading.Lock()
        signer = FacilitatorWeb3Signer(SENDER_KEY, rpc or self.url + "/rpc", gas_limit=GAS_LIMIT)
        authorizer = LocalAuthorizerSigner(AUTHORIZER_KEY) if is_delegate else None
        network = f"eip155:{chain.id}"
        self.facilitator = x402FacilitatorSync()
        self.facilitator.register([network], BatchSettlementEvmFacilitator(signer, authorizer))
        self.facilitator.register([network], ExactEvmFacilitatorScheme(signer))

    def answer(self, path, body):
        match path, body:
            case "/supported", None:
                return 200, self.facilitator.get_supported().model_dump(by_alias=True, exclude_none=True)
            case "/rpc", dict() | list():
                return 200, self.chain.answer(body)
            case "/verify" | "/settle", dict():
                answer = self.decide(path, body)
                self.note({"path": path, "request": body, "status": answer[0], "response": answer[1]})
                return answer
            case _:
                return 404, {"error": "no such thing"}

    def decide(self, path, body):
        try:
            payload = PaymentPayload.model_validate(body["paymentPayload"])
            requirements = PaymentRequirements.model_validate(body["paymentRequirements"])
            decision = (self.facilitator.verify if path == "/verify" else self.facilitator.settle)(
                payload, requirements)
            return 200, decision.model_dump(by_alias=True, exclude_none=True)
        except (KeyError, ValueError) as error:
            return 400, {"error": f"{type(error).__name__}: {error}"}
        except Exception as error:  # as a web framework would
            return 500, {"error": f"{type(error).__name__}: {error}"}

    def note(self, line):
        if self.log:
            with self.log_lock:
                self.log.write(json.dumps(line) + "\n")
                self.log.flush()


if __name__ == "__main__":
    parser = options(__doc__.splitlines()[0])
    parser.add_argument("--delegate", action="store_true", help="hold the receiver authorizer's key")
    parser.add_argument("--log", help="a file for all that was asked and answered")
    parser.add_argument("--rpc", help="a node of a chain with the same id, instead of the simulated one")
    asked = parser.parse_args()
    server = FacilitatorServer(Chain(longest_range=asked.longest_range), asked.delegate, asked.log, asked.rpc)
    end_with_parent()
    tell({
        "listening": server.url, "rpc": asked.rpc or server.url + "/rpc", "sender": Account.from_key(SENDER_KEY).address,
        "receiverAuthorizer": Account.from_key(AUTHORIZER_KEY).address if asked.delegate else None})
    server.serve_forever()
