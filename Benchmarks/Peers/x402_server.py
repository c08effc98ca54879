# SPDX-License-Identifier: Apache-2.0
"""The official x402 server in Python, for measuring: FastAPI with the SDK's own middleware, on one uvicorn worker.

It speaks as the other measured servers do. First it writes its port as JSON. Then it answers each line it reads: an
empty one with the processor time used so far, a JSON list of channels (`id`, `config`) with how many it took in. It
ends at the end of its input.

Channels are kept in memory, with money in them, as after a deposit: a voucher of such a channel is checked and charged
by the server alone, so nobody is asked. The facilitator here only says what it supports, and fails when it is asked
more, which would spoil the measurement unseen.
"""
import asyncio
import json
import socket
import sys
import threading
import time

import uvicorn
import uvloop
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from x402 import x402ResourceServer
from x402.http.middleware.fastapi import payment_middleware
from x402.http.types import PaymentOption, RouteConfig
from x402.mechanisms.evm.batch_settlement.server.scheme import (
    BatchSettlementEvmScheme, BatchSettlementEvmSchemeServerConfig)
from x402.mechanisms.evm.batch_settlement.server.storage import Channel, InMemoryChannelStorage
from x402.mechanisms.evm.batch_settlement.types import ChannelConfig
from x402.schemas import SupportedKind, SupportedResponse

NETWORK = "eip155:84532"
TOKEN = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
RECEIVER = "0x1563915e194D8CfBA1943570603F7606A3115508"
AUTHORIZER = "0x5CbDd86a2FA8Dc4bDdd8a8f69dBa48572EeC07FB"
PRICE = "1000"
BALANCE = "1000000000000"


class NobodyToAsk:
    url = identifier = "none"

    def get_supported(self):
        return SupportedResponse(kinds=[
            SupportedKind(
                x402_version=2, scheme="batch-settlement", network=NETWORK, extra={"receiverAuthorizer": AUTHORIZER})])

    async def verify(self, *_):
        raise RuntimeError("a voucher of a known channel needs no facilitator")

    settle = verify


def build():
    storage = InMemoryChannelStorage()
    server = x402ResourceServer(NobodyToAsk())
    server.register(
        NETWORK, BatchSettlementEvmScheme(RECEIVER, BatchSettlementEvmSchemeServerConfig(storage=storage)))
    price = {"amount": PRICE, "asset": TOKEN, "extra": {"name": "USDC", "version": "2"}}
    option = PaymentOption(scheme="batch-settlement", pay_to=RECEIVER, price=price, network=NETWORK)
    middleware = payment_middleware({"GET /paid": RouteConfig(accepts=option)}, server)
    app = FastAPI()

    @app.middleware("http")
    async def pay(request: Request, call_next):
        return await middleware(request, call_next)

    @app.get("/paid")
    async def paid():
        return PlainTextResponse("Hello, world!")

    return app, storage


def take_in(storage, channels):
    for channel in channels:
        storage._channels[channel["id"].lower()] = Channel(
            channel_id=channel["id"], channel_config=ChannelConfig.from_dict(channel["config"]), balance=BALANCE,
            # Synchronised for as long as anybody will measure.
            onchain_synced_at=int(time.time() * 1000) + 10**9)
    return len(channels)


def answer_lines(storage):
    for line in sys.stdin:
        print(take_in(storage, json.loads(line)) if line.strip() else time.process_time(), flush=True)


async def main():
    app, storage = build()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, http="httptools"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    threading.Thread(target=lambda: (answer_lines(storage), setattr(server, "should_exit", True)), daemon=True).start()
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    await serving


uvloop.run(main())
