#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A peer made of py-libp2p: `py_peer.py serve KEY` or `py_peer.py dial KEY ADDRESS`, KEY being ed25519, secp256k1 or rsa.

As a server it writes one line of JSON with its address and serves until its standard input ends. As a client it goes
through all services of the peer at ADDRESS and writes one line of JSON with what came of it. The services, which both
sides offer, are described in README.md.
"""
import hashlib
import json
import sys

import libp2p.crypto.ed25519
import libp2p.crypto.rsa
import libp2p.crypto.secp256k1
import multiaddr
import trio
from libp2p import create_yamux_muxer_option, new_host
from libp2p.custom_types import TProtocol
from libp2p.discovery.rendezvous import RendezvousClient, RendezvousService
from libp2p.host.ping import PingService, handle_ping
from libp2p.peer.peerinfo import info_from_p2p_addr

ECHO, SUM, SOURCE, RESET = (
    TProtocol(f"/farthing/{name}/1.0.0") for name in ("echo", "sum", "source", "reset"))
LONG = 700_000


def pattern(count):
    return bytes(i * 7 & 255 for i in range(count))


async def read_exactly(stream, count):
    data = b""
    while len(data) < count:
        piece = await stream.read(count - len(data))
        if not piece:
            raise EOFError(f"{len(data)} of {count} bytes")
        data += piece
    return data


async def read_to_end(stream):
    pieces = []
    try:
        while piece := await stream.read(65536):
            pieces.append(piece)
    except Exception as error:  # py-libp2p tells the end of a stream by an exception
        if type(error).__name__ != "StreamEOF":
            raise
    return b"".join(pieces)


def guarded(handler):
    """An exception that leaves a handler would take the whole host with it."""
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
    data = await read_to_end(stream)
    await stream.write(f"{len(data)} {hashlib.sha256(data).hexdigest()}\n".encode())
    await stream.close()


async def source(stream):
    await stream.write(pattern(LONG))
    await stream.close()


async def reset(stream):
    await stream.read(1)
    await stream.reset()


async def ask_echo(host, peer, body):
    stream = await host.new_stream(peer, [ECHO])
    head = len(body).to_bytes(4, "big")
    await stream.write(head + body)
    got = await read_exactly(stream, 4 + len(body))
    await stream.close()
    return got == head + body


async def dial(host, address):
    info = info_from_p2p_addr(multiaddr.Multiaddr(address))
    peer = info.peer_id
    await host.connect(info)
    result = {"peer": str(host.get_id())}
    result["ping"] = await PingService(host).ping(peer, 2)
    result["short"] = await ask_echo(host, peer, b"hello")
    result["long"] = await ask_echo(host, peer, pattern(LONG))

    stream = await host.new_stream(peer, [SUM])
    await stream.write(pattern(LONG))
    await stream.close_write()
    result["sum"] = (await read_to_end(stream)).decode()

    stream = await host.new_stream(peer, [SOURCE])
    result["source"] = await read_to_end(stream) == pattern(LONG)

    stream = await host.new_stream(peer, [RESET])
    try:
        await stream.write(b"x")
        result["reset"] = f"read {len(await read_to_end(stream))}"
    except Exception as error:
        result["reset"] = type(error).__name__

    stream = await host.new_stream(peer, [SUM])
    await stream.write(b"half")
    await stream.reset()

    many = []

    async def one(index):
        many.append(await ask_echo(host, peer, f"stream {index}".encode() * 1000))
    async with trio.open_nursery() as nursery:
        for index in range(64):
            nursery.start_soon(one, index)
    result["many"] = sum(many)
    # Identify has come by now.
    result["protocols"] = sorted(host.get_peerstore().get_protocols(peer))
    print(json.dumps(result, default=str), flush=True)


async def rendezvous(host, address, namespace):
    info = info_from_p2p_addr(multiaddr.Multiaddr(address))
    await host.connect(info)
    client = RendezvousClient(host, info.peer_id)
    async with trio.open_nursery() as nursery:
        client.set_nursery(nursery)
        ttl = await client.register(namespace, 7200)
        peers, cookie = await client.discover(namespace, 10)
        print(json.dumps({
            "peer": str(host.get_id()), "ttl": ttl,
            "found": [{"peer": str(p.peer_id), "addresses": [str(a) for a in p.addrs]} for p in peers]}), flush=True)
        await client.close()
        nursery.cancel_scope.cancel()


async def main(mode, kind, *rest):
    keys = {"ed25519": libp2p.crypto.ed25519, "secp256k1": libp2p.crypto.secp256k1, "rsa": libp2p.crypto.rsa}[kind]
    host = new_host(key_pair=keys.create_new_key_pair(), muxer_opt=create_yamux_muxer_option())
    async with host.run(listen_addrs=[multiaddr.Multiaddr("/ip4/127.0.0.1/tcp/0")]):
        for name, handler in ((ECHO, echo), (SUM, sum_up), (SOURCE, source), (RESET, reset)):
            host.set_stream_handler(name, guarded(handler))
        host.set_stream_handler(TProtocol("/ipfs/ping/1.0.0"), guarded(handle_ping))
        if mode == "dial":
            await dial(host, *rest)
        elif mode == "rendezvous":
            await rendezvous(host, *rest)
        else:
            RendezvousService(host)
            print(json.dumps({"listening": str(host.get_addrs()[0])}), flush=True)
            # As long as whoever started this one lives.
            await trio.to_thread.run_sync(sys.stdin.read)


if __name__ == "__main__":
    trio.run(main, *sys.argv[1:])
