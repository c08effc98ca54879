#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A resource server that is nothing but the official x402 SDK before an API of a few lines.

    official_server.py --facilitator URL [--delegate] [--secret TEXT]

Its first line says where it listens; it ends when its standard input does. What it sells, in atomic units of USDC:

    GET /weather    1000, batch-settlement       GET /metered?cost=N    N of at most 1000, batch-settlement
    GET /permit2    1000, batch-settlement with deposits through Permit2
    GET /fail       1000, batch-settlement; the handler answers 500
    GET /exact      2500, exact                  GET /free              nothing

For tests alone: GET /__channels tells its books, POST /__lose forgets them, and POST /__claim claims and settles all.
With --delegate the facilitator holds the receiver authorizer's key; --secret is the bearer token that it asks for. The
SDK starts only before a facilitator that knows every scheme that is sold.
"""
import argparse
import logging
import socket

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from loopback import end_with_parent, tell
from x402 import x402ResourceServer
from x402.http import CreateHeadersAuthProvider, FacilitatorConfig, HTTPFacilitatorClient
from x402.http.middleware.fastapi import payment_middleware, set_settlement_overrides
from x402.http.types import PaymentOption, RouteConfig
from x402.mechanisms.evm.batch_settlement.authorizer_signer import LocalAuthorizerSigner
from x402.mechanisms.evm.batch_settlement.server import (
    BatchSettlementEvmScheme,
    BatchSettlementEvmSchemeServerConfig,
)
from x402.mechanisms.evm.exact import ExactEvmServerScheme

NETWORK = "eip155:84532"
USDC = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
RECEIVER = "0x1563915e194D8CfBA1943570603F7606A3115508"
AUTHORIZER_KEY = "0x" + "33" * 32


def route(scheme, amount, **extra):
    price = {"amount": amount, "asset": USDC, "extra": {"name": "USDC", "version": "2"} | extra}
    option = PaymentOption(scheme=scheme, pay_to=RECEIVER, price=price, network=NETWORK, max_timeout_seconds=3600)
    return RouteConfig(accepts=option, mime_type="application/json")


ROUTES = {
    "GET /weather": route("batch-settlement", "1000"),
    "GET /metered": route("batch-settlement", "1000"),
    "GET /permit2": route("batch-settlement", "1000", assetTransferMethod="permit2"),
    "GET /fail": route("batch-settlement", "1000"),
    "GET /exact": route("exact", "2500"),
}


def build(facilitator_url, is_delegated, secret):
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    provider = CreateHeadersAuthProvider(lambda: {"settle": headers})
    facilitator = HTTPFacilitatorClient(FacilitatorConfig(url=facilitator_url, auth_provider=provider))
    authorizer = None if is_delegated else LocalAuthorizerSigner(AUTHORIZER_KEY)
    scheme = BatchSettlementEvmScheme(
        RECEIVER, BatchSettlementEvmSchemeServerConfig(receiver_authorizer_signer=authorizer, withdraw_delay=900))
    server = x402ResourceServer(facilitator)
    server.register(NETWORK, scheme)
    server.register(NETWORK, ExactEvmServerScheme())
    app = FastAPI()
    app.middleware("http")(payment_middleware(ROUTES, server))

    @app.get("/weather")
    async def weather():
        return {"high": 28, "low": 18}

    @app.get("/metered")
    async def metered(cost: int):
        answer = JSONResponse({"cost": cost})
        set_settlement_overrides(answer, {"amount": str(cost)})
        return answer

    @app.get("/permit2")
    async def permit2():
        return {"high": 28, "low": 18}

    @app.get("/fail")
    async def fail():
        return JSONResponse({"error": "out of order"}, status_code=500)

    @app.get("/exact")
    async def exact():
        return {"high": 28, "low": 18}

    @app.get("/free")
    async def free():
        return {"free": True}

    @app.get("/__channels")
    async def channels():
        return [channel.to_dict() for channel in scheme.get_storage().list()]

    @app.post("/__lose")
    async def lose():
        lost = scheme.get_storage().list()
        for channel in lost:
            scheme.get_storage().update_channel(channel.channel_id, lambda _: None)
        return {"lost": len(lost)}

    @app.post("/__claim")
    async def claim():
        manager = scheme.create_channel_manager(facilitator, NETWORK)
        claims = [vars(one) for one in await manager.claim()]
        try:
            return {"claims": claims, "settle": vars(await manager.settle())}
        except RuntimeError as error:  # which the SDK raises too when there is nothing to settle
            if "nothing_to_settle" not in str(error):
                raise
            return {"claims": claims, "settle": None}

    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception):
        return JSONResponse({"error": f"{type(error).__name__}: {error}"}, status_code=500)

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--facilitator", required=True, help="its URL")
    parser.add_argument("--delegate", action="store_true", help="let the facilitator hold the authorizer's key")
    parser.add_argument("--secret", help="the bearer token that the facilitator asks for")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    app = build(asked.facilitator, asked.delegate, asked.secret)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    end_with_parent()
    tell({"listening": f"http://127.0.0.1:{listener.getsockname()[1]}"})
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
