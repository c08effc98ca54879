#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A payer that is nothing but the official x402 SDK, scripted step by step against any server.

    x402_client.py --key 0x… --books DIR pay URL --count 100          one request after the other, with httpx
    x402_client.py --key 0x… --books DIR pay URL --sync               with requests
    x402_client.py --key 0x… --books DIR pay URL --count 6 --at-once  all at the same time
    x402_client.py --key 0x… --books DIR refund URL [--amount UNITS]
    x402_client.py --key 0x… --books DIR rewind CHANNEL --charged UNITS
    x402_client.py --key 0x… --books DIR mend URL
    x402_client.py --key 0x… --books DIR --rpc NODE initiate-withdraw URL --amount UNITS
    x402_client.py --key 0x… --books DIR --rpc NODE finalize-withdraw URL

With --rpc it reads channels from a node, and with --exact it also pays what is offered for the scheme exact alone.
Each step is one line of JSON on standard output; `books` in it is what the SDK itself keeps in the folder --books. No
step makes the exit code other than 0 by being refused: that may be what is wanted, and the line says it.
"""
import argparse
import asyncio
import contextvars
import json
import subprocess

import httpx
import requests
from eth_account import Account
from eth_account.messages import encode_typed_data

from x402 import x402Client, x402ClientSync
from x402.http.clients.httpx import x402AsyncTransport
from x402.http.clients.requests import wrapRequestsWithPayment
from x402.http.utils import decode_payment_required_header
from x402.mechanisms.evm.batch_settlement.abi import BATCH_SETTLEMENT_ABI
from x402.mechanisms.evm.batch_settlement.client import (
    BatchSettlementClientContext,
    BatchSettlementEvmScheme,
    BatchSettlementEvmSchemeOptions,
    FileChannelStorageOptions,
    FileClientChannelStorage,
    RefundOptions,
)
from x402.mechanisms.evm.batch_settlement.constants import BATCH_SETTLEMENT_ADDRESS, VOUCHER_TYPES
from x402.mechanisms.evm.batch_settlement.facilitator.utils import to_contract_channel_config
from x402.mechanisms.evm.batch_settlement.utils import get_batch_settlement_eip712_domain
from x402.mechanisms.evm.exact import ExactEvmScheme
from x402.mechanisms.evm.signers import EthAccountSigner, EthAccountSignerWithRPC, FacilitatorWeb3Signer
from x402.mechanisms.evm.utils import get_evm_chain_id

SECONDS = 30


class Books(FileClientChannelStorage):
    """The SDK's own books, which also remember what channel they were last asked for."""

    channel = None

    def get(self, key):
        self.channel = key.lower()
        return super().get(key)

    def entry(self):
        kept = super().get(self.channel) if self.channel else None
        return kept and {"charged": kept.charged_cumulative_amount or "0", "balance": kept.balance or "0"}


class ReadingSigner(EthAccountSigner):
    """A signer that can read a channel, as the SDK must in order to mend its books: through `farthing channels show`.

    The SDK would call the contract's `channels(bytes32)` over JSON-RPC, which an embedded ledger does not speak.
    """

    def __init__(self, account, farthing, store):
        super().__init__(account)
        self.command = [farthing, "channels", "show", "--json", "--store", store]

    def read_contract(self, _address, _abi, function_name, *arguments):
        if function_name != "channels":
            raise NotImplementedError(function_name)
        shown = subprocess.run([*self.command, arguments[0]], capture_output=True, text=True, timeout=SECONDS)
        if shown.returncode == 66:  # no such channel
            return 0, 0
        shown.check_returncode()
        channel = json.loads(shown.stdout)
        return int(channel["balance"]), int(channel["captured"])


class Identifier:
    """Adds a payment-identifier to every payment; the SDK lays it over what the server declared."""

    key = "payment-identifier"

    def __init__(self, identifier):
        self.identifier = identifier

    def enrich_payment_payload(self, payment_payload, _payment_required):
        extensions = {**(payment_payload.extensions or {}), self.key: {"info": {"id": self.identifier}}}
        return payment_payload.model_copy(update={"extensions": extensions})


class Forgetful(httpx.AsyncHTTPTransport):
    """Loses every answer to a payment and asks once more, byte for byte the same, as after a broken connection."""

    is_same = None

    async def handle_async_request(self, request):
        answer = await super().handle_async_request(request)
        if "payment-signature" not in request.headers:
            return answer
        await answer.aread()
        second = await super().handle_async_request(request)
        await second.aread()
        self.is_same = answer.status_code == second.status_code and answer.content == second.content and (
            answer.headers.get("payment-response") == second.headers.get("payment-response"))
        return second


LINE = contextvars.ContextVar("what is told of the request under way")


class Wallet:
    """The official client with one way to pay, the batch-settlement scheme; on demand also with the scheme exact."""

    def __init__(self, asked):
        account = Account.from_key(asked.key)
        if asked.rpc:
            signer = EthAccountSignerWithRPC(account, asked.rpc)
        else:
            signer = ReadingSigner(account, *asked.read_with) if asked.read_with else EthAccountSigner(account)
        authorizer = EthAccountSigner(Account.from_key(asked.voucher_key)) if asked.voucher_key else None
        self.voucher_signer = authorizer or signer
        self.exact = ExactEvmScheme(signer) if asked.exact else None
        self.books = Books(FileChannelStorageOptions(asked.books))
        self.scheme = BatchSettlementEvmScheme(
            signer, BatchSettlementEvmSchemeOptions(storage=self.books, salt=asked.salt, voucher_signer=authorizer))

    def client(self, kind, identifier=None):
        client = kind().register("eip155:*", self.scheme)
        if self.exact:
            client.register("eip155:*", self.exact)
        client.on_after_payment_creation(self.signed).on_payment_response(self.answered)
        return client.register_extension(Identifier(identifier)) if identifier else client

    def signed(self, context):
        payload = context.payment_payload.payload
        line = LINE.get()
        if "voucher" not in payload:
            line.update(payload="exact", amount=payload["authorization"]["value"])
            return
        line.update(payload=payload["type"], ceiling=payload["voucher"]["maxClaimableAmount"])
        if payload["type"] == "deposit":
            line["deposit"] = payload["deposit"]["amount"]

    def answered(self, context):
        if settled := context.settle_response:
            charged = (settled.extra or {}).get("chargedAmount")
            LINE.get().update(charged=charged, transaction=settled.transaction, reason=settled.error_reason)
        elif context.payment_required:
            LINE.get()["refused"] = context.payment_required.error

    def tell(self, line):
        books = {"channel": self.books.channel, "books": self.books.entry()}
        print(json.dumps({name: value for name, value in (line | books).items() if value is not None}), flush=True)


async def pay(wallet, asked):
    lossy = Forgetful() if asked.lose_answers else None
    transport = x402AsyncTransport(wallet.client(x402Client, asked.identifier), lossy)
    async with httpx.AsyncClient(transport=transport, timeout=SECONDS) as http:

        async def once():
            LINE.set(line := {"step": "pay"})
            try:
                answer = await http.get(asked.url)
                line.update(status=answer.status_code, body=answer.text)
            except httpx.HTTPError as error:
                line["error"] = f"{type(error).__name__}: {error}"
            if lossy:
                line["isSameAgain"] = lossy.is_same
            return line

        if asked.at_once:
            for line in await asyncio.gather(*(once() for _ in range(asked.count))):
                wallet.tell(line)
        else:
            for _ in range(asked.count):
                wallet.tell(await once())


def pay_sync(wallet, asked):
    http = wrapRequestsWithPayment(requests.Session(), wallet.client(x402ClientSync, asked.identifier))
    for _ in range(asked.count):
        LINE.set(line := {"step": "pay"})
        answer = http.get(asked.url, timeout=SECONDS)
        wallet.tell(line | {"status": answer.status_code, "body": answer.text})


def refund(wallet, asked):
    """Asks for money back; the SDK does the whole exchange by itself."""
    line = {"step": "refund"}
    try:
        settled = wallet.scheme.refund(asked.url, RefundOptions(amount=asked.amount))
        line.update(refunded=settled.amount, transaction=settled.transaction, isSuccess=settled.success)
    except RuntimeError as error:
        line["error"] = str(error)
    wallet.tell(line)


def rewind(wallet, asked):
    """Sets the books to what they once were, as a restored backup would."""
    kept = wallet.books.get(asked.channel) or BatchSettlementClientContext()
    kept.charged_cumulative_amount = asked.charged
    wallet.books.set(asked.channel, kept)
    wallet.tell({"step": "rewind"})


async def mend(wallet, asked):
    """Pays with stale books, checks the proof in the corrective 402, and takes over what it proves."""
    LINE.set(line := {"step": "mend"})
    async with httpx.AsyncClient(transport=x402AsyncTransport(wallet.client(x402Client)), timeout=SECONDS) as http:
        answer = await http.get(asked.url)
    required = decode_payment_required_header(answer.headers["payment-required"])
    offer = required.accepts[0]
    state, voucher = offer.extra["channelState"], offer.extra["voucherState"]
    message = {
        "channelId": bytes.fromhex(wallet.books.channel[2:]), "maxClaimableAmount": int(voucher["signedMaxClaimable"])
    }
    domain = get_batch_settlement_eip712_domain(get_evm_chain_id(offer.network))
    signer = Account.recover_message(
        encode_typed_data(domain, VOUCHER_TYPES, message), signature=voucher["signature"])
    is_proven = (
        signer == wallet.voucher_signer.address and state["channelId"].lower() == wallet.books.channel
        and int(state["chargedCumulativeAmount"]) <= int(voucher["signedMaxClaimable"]))
    if is_proven:
        kept = wallet.books.get(wallet.books.channel)
        kept.charged_cumulative_amount = state["chargedCumulativeAmount"]
        wallet.books.set(wallet.books.channel, kept)
    wallet.tell(line | {
        "status": answer.status_code, "isSettled": "payment-response" in answer.headers, "isProven": is_proven,
        "provenCharged": state["chargedCumulativeAmount"], "provenCeiling": voucher["signedMaxClaimable"],
        "provenBalance": state["balance"]})


def withdraw(wallet, asked):
    """Asks the contract itself for money back, or takes what was asked for, in a transaction of the payer."""
    required = decode_payment_required_header(httpx.get(asked.url, timeout=SECONDS).headers["payment-required"])
    config = to_contract_channel_config(wallet.scheme.build_channel_config(required.accepts[0]))
    sender = FacilitatorWeb3Signer(asked.key, asked.rpc)
    function, amount = asked.call, [] if asked.amount is None else [int(asked.amount)]
    sent = sender.write_contract(BATCH_SETTLEMENT_ADDRESS, BATCH_SETTLEMENT_ABI, function, config, *amount)
    receipt = sender.wait_for_transaction_receipt(sent)
    wallet.tell({"step": function, "transaction": sent, "isSuccess": receipt.status == 1})


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--key", required=True, help="the payer's private key")
    parser.add_argument("--voucher-key", help="another key that signs the vouchers")
    parser.add_argument("--books", required=True, help="the folder in which the SDK keeps its books")
    parser.add_argument("--salt", help="0x and 64 digits: another channel between the same two")
    parser.add_argument("--read-with", nargs=2, metavar=("FARTHING", "STORE"), help="read channels with this program")
    parser.add_argument("--rpc", help="the URL of a node")
    parser.add_argument("--exact", action="store_true", help="also pay by the scheme exact")
    steps = parser.add_subparsers(required=True)

    step = steps.add_parser("pay")
    step.add_argument("url")
    step.add_argument("--count", type=int, default=1)
    step.add_argument("--sync", dest="step", action="store_const", const=pay_sync, default=pay)
    step.add_argument("--at-once", action="store_true")
    step.add_argument("--identifier", help="the payment-identifier of every payment")
    step.add_argument("--lose-answers", action="store_true", help="ask twice, and use the second answer")

    step = steps.add_parser("refund")
    step.add_argument("url")
    step.add_argument("--amount", help="units; everything when left out")
    step.set_defaults(step=refund)

    step = steps.add_parser("rewind")
    step.add_argument("channel")
    step.add_argument("--charged", required=True)
    step.set_defaults(step=rewind)

    step = steps.add_parser("mend")
    step.add_argument("url")
    step.set_defaults(step=mend)

    step = steps.add_parser("initiate-withdraw")
    step.add_argument("url")
    step.add_argument("--amount", required=True)
    step.set_defaults(step=withdraw, call="initiateWithdraw")

    step = steps.add_parser("finalize-withdraw")
    step.add_argument("url")
    step.set_defaults(step=withdraw, call="finalizeWithdraw", amount=None)
    return parser.parse_args()


asked = arguments()
done = asked.step(Wallet(asked), asked)
if asyncio.iscoroutine(done):
    asyncio.run(done)
