# SPDX-License-Identifier: Apache-2.0
# This file is part of Farthing. Authors: see the git history.
"""A GUN peer of its own, to talk to ours: it shares no line with the Swift code and stands on other libraries.

  peer.py liar                   like relay, but acknowledges what it does not keep and answers with forgeries
  peer.py mortal                 like relay, but ends hard, without an answer, when the key "last" is written
  peer.py relay [PORT]           serves at ws://127.0.0.1:PORT/gun, prints PORT, and runs until its input ends
  peer.py wire PORT              passes on to PORT what comes in at a port that it prints; at each line of its input it
                                 breaks all its connections off, and prints how many
  peer.py read URL SOUL KEY      prints what a relay answers, or null
  peer.py write URL SOUL KEY V   writes the JSON value V and prints the relay's acknowledgement
  peer.py follow URL SOUL        asks for a node and prints every change, until its input ends
  peer.py hold URL SOUL          like follow, but connects again, and asks anew, whenever the connection ends
  peer.py sign URL PATH KEY V    makes a key pair, writes V signed, reads it back, tries a forgery; prints a summary
  peer.py open URL ALIAS PASS    finds the account of an alias, opens it, and prints its private keys' public halves
"""

import asyncio
import base64
import contextlib
import hashlib
import json
import math
import os
import re
import secrets
import signal
import string
import sys
import time

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, WebSocketException

ALPHABET = string.ascii_letters + string.digits
CURVE = ec.SECP256R1()


# JavaScript's JSON ---------------------------------------------------------------------------------------------------
def number(value):
    """A number as ECMAScript prints it."""
    if isinstance(value, int) and abs(value) < 2**53:
        return str(value)
    value = float(value)
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        return mantissa
    power = int(exponent)
    if -7 < power < 0:
        sign = "-" if mantissa.startswith("-") else ""
        return sign + "0." + "0" * (-power - 1) + mantissa.lstrip("-").replace(".", "")
    return f"{mantissa.removesuffix('.0')}e{'+' if power > 0 else ''}{power}"


def dumps(value, ordered=False):
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", lambda lone: f"\\u{ord(lone[0]):04x}", json.dumps(value, ensure_ascii=False))
    if isinstance(value, list):
        return "[" + ",".join(dumps(each, ordered) for each in value) + "]"
    names = sorted(value, key=units) if ordered else list(value)
    index = [name for name in names if re.fullmatch("0|[1-9][0-9]{0,9}", name) and int(name) < 2**32 - 1]
    names = sorted(index, key=int) + [name for name in names if name not in index]
    return "{" + ",".join(dumps(name) + ":" + dumps(value[name], ordered) for name in names) + "}"


def units(text):
    """What JavaScript compares texts by."""
    return text.encode("utf-16-be", "surrogatepass")


def digest(graph):
    code = 0
    raw = units(dumps(graph, ordered=True))
    for high, low in zip(raw[::2], raw[1::2]):
        code = (31 * code + 256 * high + low) % 2**32
    return code - 2**32 if code >= 2**31 else code


# Keys and signatures -------------------------------------------------------------------------------------------------
def unpadded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def padded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public_text(key):
    point = key.public_numbers()
    return ".".join(unpadded(part.to_bytes(32, "big")) for part in (point.x, point.y))


def sign(preimage, key):
    first = hashlib.sha256(preimage.encode()).digest()
    r, s = utils.decode_dss_signature(key.sign(first, ec.ECDSA(hashes.SHA256())))
    return base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()


def verifies(preimage, signature, pub):
    try:
        raw = base64.b64decode(signature, validate=True)
        x, y = (int.from_bytes(padded(part), "big") for part in pub.split("."))
        key = ec.EllipticCurvePublicNumbers(x, y, CURVE).public_key()
        der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        key.verify(der, hashlib.sha256(preimage.encode()).digest(), ec.ECDSA(hashes.SHA256()))
        return len(raw) == 64
    except (InvalidSignature, ValueError):
        return False


def decrypt(sealed, key):
    salt = base64.b64decode(sealed["s"]).decode("latin-1").encode()
    aes = AESGCM(hashlib.sha256(key.encode() + salt).digest())
    return aes.decrypt(base64.b64decode(sealed["iv"]), base64.b64decode(sealed["ct"]), None).decode()


def signed_text(soul, key, value, state):
    return dumps({"#": soul, ".": key, ":": value, ">": state})


def owner(soul):
    parts = soul.split("~")
    if len(parts) < 2 or parts[1].startswith("@"):
        return None
    tokens = re.split("[^A-Za-z0-9_-]", parts[1])
    return ".".join(tokens[:2]) if len(tokens) > 1 else None


def objection(soul, key, value, state):
    pub = owner(soul)
    if soul.startswith("~@"):
        return None if value == {"#": key if soul != "~@" else "~@" + key} else "Alias not same!"
    if pub is None:
        return None
    if key == "pub" and soul == "~" + pub:
        return None if value == pub else "Account not same!"
    try:
        envelope = json.loads(value)
        text = signed_text(soul, key, envelope[":"], state)
        return None if verifies(text, envelope["~"], pub) else "Unverified data."
    except (TypeError, KeyError, ValueError):
        return "Unverified data."


# The graph -----------------------------------------------------------------------------------------------------------
def is_value(value):
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return math.isfinite(value)
    if isinstance(value, dict):
        return list(value) == ["#"] and isinstance(value["#"], str)
    return value is None or isinstance(value, (bool, str))


def entries(put):
    """The values of a graph one by one, or None when it is none."""
    found = []
    for soul, node in put.items():
        meta = node.get("_") if isinstance(node, dict) else None
        if not isinstance(meta, dict) or meta.get("#") != soul:
            return None
        states = meta.get(">") or {}
        for key, value in node.items():
            if key != "_":
                if not is_value(value) or not isinstance(states.get(key), (int, float)):
                    return None
                found.append((soul, key, value, states[key]))
    return found


class Graph:
    def __init__(self):
        self.nodes = {}

    def merge(self, soul, key, value, state):
        if state > time.time() * 1000:
            return False
        node = self.nodes.setdefault(soul, {})
        if key in node:
            stored, since = node[key]
            if state < since or state == since and units(dumps(value)) <= units(dumps(stored)):
                return False
        node[key] = (value, state)
        return True

    def put(self, soul, key=None):
        node = self.nodes.get(soul, {})
        keys = [each for each in sorted(node, key=units) if key in (None, each)]
        if not keys:
            return None
        meta = {"#": soul, ">": {each: node[each][1] for each in keys}}
        return {soul: {"_": meta} | {each: node[each][0] for each in keys}}


def fresh():
    return "".join(secrets.choice(ALPHABET) for _ in range(9))


# A relay -------------------------------------------------------------------------------------------------------------
class Relay:
    def __init__(self):
        self.graph, self.pid = Graph(), fresh()
        self.peers, self.seen = {}, {}

    async def serve(self, socket):
        if socket.request.path != "/gun":
            return
        self.peers[socket] = None
        await socket.send(dumps({"#": fresh(), "dam": "?", "pid": self.pid}))
        try:
            async for text in socket:
                read = json.loads(text)
                for message in read if isinstance(read, list) else [read]:
                    await self.hear(socket, message)
        except ConnectionClosed:
            pass  # It broke off while it was answered.
        finally:
            del self.peers[socket]

    async def hear(self, socket, message):
        name = message.get("#") or fresh()
        if name in self.seen:
            return
        self.seen[name] = socket
        if "dam" in message:
            if message["dam"] == "?":
                self.peers[socket] = message.get("pid")
                if "@" not in message:
                    await socket.send(dumps({"dam": "?", "pid": self.pid, "@": name, "#": fresh()}))
            return
        if "put" in message:
            found = entries(message["put"])
            if found is None:
                return
            reason = next(filter(None, (objection(*each) for each in found)), None)
            if reason:
                await socket.send(dumps({"#": fresh(), "@": name, "err": reason}))
                return
            applied = [self.graph.merge(*each) for each in found]
            if any(applied) and "@" not in message:
                await socket.send(dumps({"#": fresh(), "@": name, "ok": True}))
        elif "get" in message:
            answer = {"#": fresh(), "@": name}
            key = message["get"].get(".")
            put = self.graph.put(message["get"]["#"], key if isinstance(key, str) else None)
            if put:
                answer |= {"##": digest(put), "put": put}
            await socket.send(dumps(answer, ordered=True))
        to = [self.seen.get(message["@"])] if "@" in message else list(self.peers)
        if "@" not in message:
            message = message | {"><": ",".join(filter(None, list(self.peers.values())[:7]))}
        for peer in to:
            if peer in self.peers and peer is not socket:
                with contextlib.suppress(ConnectionClosed):
                    await peer.send(dumps(message))


class Liar(Relay):
    """Keeps what was written first, hides what came later, and puts forgeries before it; forgets the key "lost"."""

    async def hear(self, socket, message):
        if "put" in message:
            found = [each for each in entries(message["put"]) if each[1] != "lost"]
            for soul, key, value, state in found:
                self.graph.nodes.setdefault(soul, {}).setdefault(key, (value, state))
            if found:
                await socket.send(dumps({"#": fresh(), "@": message["#"], "ok": True}))
        elif "get" in message:
            soul = message["get"]["#"]
            for key, (value, state) in self.graph.nodes.get(soul, {}).items():
                now = int(time.time() * 1000) - 20
                rewritten = re.sub('^{":":[^,]*', '{":":999', value)
                for lie in ((value, now), (rewritten, state), (rewritten, now), (999, now), (None, now)):
                    node = {"_": {"#": soul, ">": {key: lie[1]}}, key: lie[0]}
                    await socket.send(dumps({"#": fresh(), "@": message["#"], "%": 1, "put": {soul: node}}))
                    await socket.send(dumps({"#": fresh(), "put": {soul: node}}))
            answer = {"#": fresh(), "@": message["#"]}
            put = self.graph.put(soul)
            await socket.send(dumps(answer | ({"put": put} if put else {})))
        else:
            await super().hear(socket, message)


class Mortal(Relay):
    async def hear(self, socket, message):
        if any("last" in node for node in message.get("put", {}).values()):
            os.kill(os.getpid(), signal.SIGKILL)
        await super().hear(socket, message)


async def relay(ours, port=0):
    async with serve(ours.serve, "127.0.0.1", port) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


# A wire that breaks --------------------------------------------------------------------------------------------------
class Wire:
    def __init__(self, port):
        self.port, self.pairs = port, set()

    async def carry(self, near_in, near_out):
        try:
            far_in, far_out = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return near_out.transport.abort()
        pair = (near_out, far_out)
        self.pairs.add(pair)
        ways = [asyncio.create_task(self.one_way(*way)) for way in ((near_in, far_out), (far_in, near_out))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        self.drop(pair)
        await asyncio.wait(ways)

    async def one_way(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()

    def drop(self, pair):
        self.pairs.discard(pair)
        for writer in pair:
            writer.transport.abort()

    def cut(self):
        cut = list(self.pairs)
        for pair in cut:
            self.drop(pair)
        return len(cut)


async def wire(port):
    ours = Wire(port)
    async with await asyncio.start_server(ours.carry, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(ours.cut(), flush=True)
        ours.cut()


# A client ------------------------------------------------------------------------------------------------------------
class Client:
    def __init__(self, socket):
        self.socket = socket

    async def hello(self):
        greeting = json.loads(await self.socket.recv())
        assert greeting["dam"] == "?" and "@" not in greeting, greeting
        await self.say({"dam": "?", "pid": fresh(), "@": greeting["#"]})
        return self

    async def say(self, message):
        name = fresh()
        await self.socket.send(dumps(message | {"#": name}))
        return name

    async def hear(self):
        while True:
            read = json.loads(await asyncio.wait_for(self.socket.recv(), 60))
            for message in read if isinstance(read, list) else [read]:
                return message

    async def answer(self, name):
        while True:
            message = await self.hear()
            if message.get("@") == name:
                return message

    async def write(self, soul, key, value, state=None):
        state = state or int(time.time() * 1000) - 20
        node = {"_": {"#": soul, ">": {key: state}}, key: value}
        return await self.answer(await self.say({"put": {soul: node}}))

    async def read(self, soul, key=None):
        asked = {"#": soul} if key is None else {"#": soul, ".": key}
        answer = await self.answer(await self.say({"get": asked}))
        if "put" not in answer:
            return None
        assert answer["##"] == digest(answer["put"]), answer
        for found in entries(answer["put"]):
            assert objection(*found) is None, found
        return answer["put"][soul]


async def sign_and_read(client, path, key, value):
    pair = ec.generate_private_key(CURVE)
    pub = public_text(pair.public_key())
    soul, state = f"~{pub}/{path}", int(time.time() * 1000) - 20
    text = dumps({":": value, "~": sign(signed_text(soul, key, value, state), pair)})
    written = await client.write(soul, key, text, state)
    read = await client.read(soul, key)
    forged = await client.write(soul, key, text, state + 1)
    named = await client.write("~" + pub, "pub", pub)
    return {
        "pub": pub, "ok": written.get("ok"), "read": json.loads(read[key])[":"], "forged": forged.get("err"),
        "named": named.get("ok"),
    }


async def open_account(client, alias, passphrase):
    for key in await client.read("~@" + alias):
        if key == "_":
            continue
        account = await client.read(key)
        auth = json.loads(json.loads(account["auth"])[":"])
        proof = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), auth["s"].encode(), 100_000, 64)
        try:
            opened = json.loads(decrypt(auth["ek"], base64.b64encode(proof).decode()))
        except InvalidTag:
            continue
        halves = {}
        for name, half in (("priv", "pub"), ("epriv", "epub")):
            scalar = int.from_bytes(padded(opened[name]), "big")
            halves[half] = public_text(ec.derive_private_key(scalar, CURVE).public_key())
        return halves
    return None


def end_of_input():
    return asyncio.create_task(asyncio.to_thread(sys.stdin.read))


async def follow(client, soul, ended):
    await client.say({"get": {"#": soul}})
    while not ended.done():
        heard = asyncio.create_task(client.socket.recv())
        done, _ = await asyncio.wait({heard, ended}, return_when=asyncio.FIRST_COMPLETED)
        if heard in done:
            message = json.loads(heard.result())
            for found in entries(message.get("put") or {}) if isinstance(message, dict) else []:
                print(dumps({"key": found[1], "value": found[2]}), flush=True)
        else:
            heard.cancel()
            print("null", flush=True)


async def hold(url, soul):
    ended = end_of_input()
    while not ended.done():
        try:
            async with connect(url, open_timeout=60) as socket:
                client = await Client(socket).hello()
                print("ready", flush=True)
                await follow(client, soul, ended)
        except (OSError, WebSocketException):
            await asyncio.sleep(0.05)


RELAYS = {"relay": Relay, "liar": Liar, "mortal": Mortal}


async def main(command, *arguments):
    if command in RELAYS:
        return await relay(RELAYS[command](), *map(int, arguments))
    if command == "wire":
        return await wire(int(arguments[0]))
    if command == "hold":
        return await hold(*arguments)
    url, *rest = arguments
    async with connect(url, open_timeout=60) as socket:
        client = await Client(socket).hello()
        if command == "read":
            node = await client.read(*rest)
            print(dumps(node[rest[1]] if node else None))
        elif command == "write":
            print(dumps(await client.write(rest[0], rest[1], json.loads(rest[2])), ordered=True))
        elif command == "sign":
            print(dumps(await sign_and_read(client, rest[0], rest[1], json.loads(rest[2]))))
        elif command == "open":
            print(dumps(await open_account(client, *rest)))
        elif command == "follow":
            print("ready", flush=True)
            await follow(client, *rest, end_of_input())


asyncio.run(main(*sys.argv[1:]))
