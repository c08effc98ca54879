#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A peer made of go-libp2p: `go_peer.py serve KEY` or `go_peer.py dial KEY ADDRESS`, KEY being ed25519, secp256k1, rsa or ecdsa.

As a server it writes one line of JSON with its address and serves until its standard input ends. As a client it goes
through the services of the peer at ADDRESS and writes one line of JSON with what came of it. The services, which both
sides offer, are described in README.md.
"""
import asyncio
import hashlib
import json
import os
import sys
import time

from libp2p import (
    DefaultMuxers, DefaultTransports, DisableRelay, Host, Identity, ListenAddrStrings, NoListenAddrs, SecurityNoise)
from libp2p.crypto import KeyType, crypto_generate_keypair
from libp2p.peer import addr_info_from_p2p_addr

ECHO, SUM, SOURCE, RESET = (f"/farthing/{name}/1.0.0" for name in ("echo", "sum", "source", "reset"))
PING = "/ipfs/ping/1.0.0"
KEYS = {"ed25519": KeyType.Ed25519, "secp256k1": KeyType.Secp256k1, "rsa": KeyType.RSA, "ecdsa": KeyType.ECDSA}
LONG = 700_000


def pattern(count):
    return bytes(i * 7 & 255 for i in range(count))


async def read_exactly(stream, count):
    data = b""
    while len(data) < count:
        read, piece = await stream.read_bytes(count - len(data))
        if read == 0:
            raise EOFError(f"{len(data)} of {count} bytes")
        data += piece[:read]
    return data


def guarded(handler):
    async def serve(stream):
        try:
            await handler(stream)
        except Exception as error:
            print("handler:", repr(error), file=sys.stderr, flush=True)
    return serve


async def echo(stream):
    head = await read_exactly(stream, 4)
    body = await read_exactly(stream, int.from_bytes(head, "big"))
    await stream.write(head + body)
    await stream.close()


async def sum_up(stream):
    data = await stream.read_all()
    await stream.write(f"{len(data)} {hashlib.sha256(data).hexdigest()}\n".encode())
    await stream.close()


async def source(stream):
    await stream.write(pattern(LONG))
    await stream.close()


async def reset(stream):
    await stream.read_bytes(1)
    await stream.reset()


async def ask_echo(host, peer, body):
    stream = await host.new_stream(peer, ECHO)
    head = len(body).to_bytes(4, "big")
    await stream.write(head + body)
    got = await read_exactly(stream, 4 + len(body))
    await stream.close()
    return got == head + body


async def dial(host, address):
    info = addr_info_from_p2p_addr(address)
    peer = info.id
    await host.connect(info)
    result = {"peer": host.id.string}
    result["short"] = await ask_echo(host, peer, b"hello")
    result["long"] = await ask_echo(host, peer, pattern(LONG))
    stream = await host.new_stream(peer, SOURCE)
    result["source"] = await stream.read_all() == pattern(LONG)
    stream = await host.new_stream(peer, RESET)
    try:
        await stream.write(b"x")
        result["reset"] = f"read {len(await stream.read_all())}"
    except Exception as error:
        result["reset"] = str(error)
    stream = await host.new_stream(peer, SUM)
    await stream.write(b"half")
    await stream.reset()
    many = await asyncio.gather(*(ask_echo(host, peer, f"stream {i}".encode() * 1000) for i in range(64)))
    result["many"] = sum(many)
    # The binding's own ping service takes the text of a peer id for its bytes.
    stream = await host.new_stream(peer, PING)
    times = []
    for _ in range(2):
        sent, start = os.urandom(32), time.monotonic()
        await stream.write(sent)
        if await read_exactly(stream, 32) == sent:
            times.append(time.monotonic() - start)
    await stream.close()
    result["ping"] = times
    print(json.dumps(result, default=str), flush=True)


async def main(mode, kind, *rest):
    private, _ = crypto_generate_keypair(KEYS[kind], 2048)
    listening = ListenAddrStrings("/ip4/127.0.0.1/tcp/0") if mode == "serve" else NoListenAddrs
    host = Host(listening, Identity(private), DefaultTransports, SecurityNoise, DefaultMuxers, DisableRelay)
    for name, handler in ((ECHO, echo), (SUM, sum_up), (SOURCE, source), (RESET, reset)):
        host.set_stream_handler(name, guarded(handler))
    if mode == "dial":
        await dial(host, *rest)
    else:
        address = f"{host.network.listen_addresses()[0]}/p2p/{host.id.string}"
        print(json.dumps({"listening": address}), flush=True)
        # As long as whoever started this one lives.
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    sys.stdout.flush()
    # The threads of Go would keep the program.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
