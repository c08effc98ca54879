#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A stranger that pays by two-way, hash-chain, merkle-token or lottery over HTTP 402, written from Specs/ alone.

    schemes_client.py --key 0x… --scheme two-way --count 20 --misuse --close URL

It takes the offer of that scheme, opens a channel, pays one request after the other, --count of them at each URL, and
checks each answer as the specification says that a payer must. With --misuse it then also does what it should not get away with, with --ask it
asks how the channel stands, and with --close it asks for the rest where the scheme has that. Each step is one line of
JSON on standard output. Being refused does not make the exit code other than 0; a payee that lies does.

--record FILE writes all that was sent and answered; key, salt and --now make it the same again, but for what only the
payee knows.
"""
import argparse
import base64
import json
import sys
import time

import httpx
from eth_keys import keys

from schemes_payments import SCHEMES
from schemes_purse import Lie, hexed, raw

SECONDS = 30


def decoded(header):
    return json.loads(base64.b64decode(header, validate=True))


def encoded(value):
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


class Wire:
    """Asks over HTTP, and remembers what was said."""

    NAMES = ("payment-required", "payment-signature", "payment-response", "payment-charged", "retry-after")

    def __init__(self):
        self.url, self.body, self.said = None, None, []
        self.http = httpx.Client(timeout=SECONDS, trust_env=False)

    def ask(self, payment=None):
        """The answer, with its headers decoded; its body is kept where it came to its end."""
        headers = {"PAYMENT-SIGNATURE": encoded(payment)} if payment else {}
        with self.http.stream("GET", self.url, headers=headers) as answer:
            try:
                self.body = answer.read().decode()
            except httpx.RemoteProtocolError:
                self.body = None  # the head was whole, and says what was charged
        request = {"method": "GET", "url": self.url} | self.part(answer.request.headers)
        response = {"status": answer.status_code} | self.part(answer.headers) | {"body": self.body}
        self.said.append({"request": request, "response": response})
        return answer, response["decoded"]

    def part(self, headers):
        kept = {name: headers[name] for name in self.NAMES if name in headers}
        encodings = {name: decoded(text) for name, text in kept.items() if text.startswith("ey")}
        return {"headers": kept, "decoded": encodings}

    def record(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.said, file, indent=1, ensure_ascii=False)
            file.write("\n")


class Stranger:
    def __init__(self, asked):
        self.asked, self.wire = asked, Wire()
        self.wire.url = asked.urls[0]
        answer, said = self.wire.ask()
        required = said.get("payment-required")
        if answer.status_code != 402 or required is None:
            raise SystemExit(f"{self.wire.url} answers {answer.status_code}, and offers nothing")
        offers = [offer for offer in required["accepts"] if offer["scheme"] == asked.scheme]
        if not offers:
            raise SystemExit(f"{asked.scheme} is not offered")
        self.resource, self.offer = required["resource"], offers[0]
        self.channel = SCHEMES[asked.scheme](
            keys.PrivateKey(raw(asked.key)), self.offer, raw(asked.salt), asked.now, asked.count * len(asked.urls) + 5)
        self.is_open, self.last = False, None

    def send(self, payload):
        return self.wire.ask(
            {"x402Version": 2, "resource": self.resource, "accepted": self.offer, "payload": payload})

    def state_in(self, said):
        """The channel state of a correction, if it is one."""
        required = said.get("payment-required", {"accepts": []})
        for offer in required["accepts"]:
            if offer["scheme"] == self.asked.scheme and "channelState" in offer["extra"]:
                return offer["extra"]["channelState"]
        return None

    def told(self, step, answer, said, **more):
        line = {"step": step, "status": answer.status_code, "body": self.wire.body} | more
        if refused := said.get("payment-required", {}).get("error"):
            line["refused"] = refused
        if settled := said.get("payment-response"):
            line |= {name: settled[name] for name in ("transaction", "amount", "errorReason") if settled.get(name)}
        line |= {
            "channel": hexed(self.channel.id), "deposit": str(self.channel.deposit),
            "books": {name: str(getattr(self.channel, name)) for name in ("authorised", "charged", "credit")}}
        print(json.dumps(line), flush=True)

    def pay(self):
        """One request that is paid for, with one correction at most."""
        for _ in range(2):
            is_opening = not self.is_open
            payload = self.channel.opening() if is_opening else self.channel.paying(self.channel.payment())
            self.last = payload["payment"]
            answer, said = self.send(payload)
            if settled := said.get("payment-response"):
                self.is_open = True
                charge = self.channel.served(settled["extra"])
                return self.told("open" if is_opening else "pay", answer, said, charged=str(charge))
            if answer.headers.get("payment-charged") == "0":
                # What the payment brought, if it was taken, pays for the next request.
                return self.told("free", answer, said, charged="0")
            if (state := self.state_in(said)) is None:
                return self.told("refused", answer, said)
            self.is_open = True
            self.channel.told(state)
            self.told("corrected", answer, said)
        return None

    def ask(self):
        """How the channel stands; the payment is one that was sent before."""
        payment = self.last
        answer, said = self.send({"type": "state", "channelId": hexed(self.channel.id), "payment": payment})
        if (state := self.state_in(said)) is None:
            raise Lie("asked how the channel stands, it does not say")
        self.channel.told(state)
        self.told("ask", answer, said, underWay=state.get("underWay"))

    def misuse(self):
        before = self.channel.charged
        for what, payment, code in self.channel.misuses():
            answer, said = self.send(self.channel.paying(payment))
            if state := self.state_in(said):
                self.channel.told(state)
            if "payment-response" in said or self.channel.charged != before:
                raise Lie(f"{what} was charged")
            self.told("misuse", answer, said, what=what, expected=code)

    def close(self):
        before = self.channel.charged - self.channel.credit
        payload = {"type": "close", "channelId": hexed(self.channel.id), "payment": self.channel.closing()}
        answer, said = self.send(payload)
        if settled := said.get("payment-response"):
            self.channel.told(settled["extra"]["channelState"])
            if int(settled["amount"]) < self.channel.deposit - before:
                raise Lie(f"{settled['amount']} came back of {self.channel.deposit}, and {before} were earned")
        self.told("close", answer, said, expected=self.channel.closed)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("urls", nargs="+", metavar="URL")
    parser.add_argument("--key", required=True, help="the payer's private key")
    parser.add_argument("--scheme", required=True, choices=SCHEMES)
    parser.add_argument("--salt", default=hexed(bytes(31) + b"\x01"), help="0x and 64 digits: another channel")
    parser.add_argument("--now", type=int, default=int(time.time()), help="Unix seconds by which all is dated")
    parser.add_argument("--count", type=int, default=1, help="how many requests to pay for at each URL")
    parser.add_argument("--misuse", action="store_true", help="also pay as one must not")
    parser.add_argument("--ask", action="store_true", help="also ask how the channel stands")
    parser.add_argument("--close", action="store_true", help="also ask for the rest")
    parser.add_argument("--record", metavar="FILE", help="where to write what was said")
    return parser.parse_args()


def main():
    asked = arguments()
    stranger = Stranger(asked)
    try:
        for stranger.wire.url in asked.urls:
            for _ in range(asked.count):
                stranger.pay()
        if asked.misuse:
            stranger.misuse()
        if asked.ask:
            stranger.ask()
        if asked.close:
            stranger.close()
    except Lie as lie:
        sys.exit(f"The payee lies: {lie}")
    finally:
        if asked.record:
            stranger.wire.record(asked.record)


main()
