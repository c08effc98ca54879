# SPDX-License-Identifier: Apache-2.0
"""Sends a number of bad requests as fast as it can: mutations of a good one, most of them in pipelines.

    flood.py PORT FILE COUNT SEED

FILE holds the payment header of a request that was served already, so that nothing made of it may be served. A request
counts when it was answered, or when its connection was closed on it. Anything but a refusal ends with exit code 1.
"""
import collections
import pathlib
import random
import re
import socket
import sys

PIPELINE = 64
POOL = 20_000
STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
# 503 puts off; everything else from 500 on says that the node met something it did not expect.
REFUSALS = {400, 402, 404, 405, 408, 409, 411, 413, 414, 417, 431, 501, 503, 505}


def bitten(data, randomly, times):
    """Some bytes of it changed, left out, doubled, or cut off."""
    data = bytearray(data)
    for _ in range(times):
        place = randomly.randrange(len(data) + 1)
        length = randomly.randint(1, 40)
        kind = randomly.randrange(5)
        if kind == 0 and place < len(data):
            data[place] = randomly.randrange(256)
        elif kind == 1:
            del data[place:place + length]
        elif kind == 2:
            data[place:place] = data[place:place + length]
        elif kind == 3:
            data[place:place] = bytes(randomly.randrange(256) for _ in range(length))
        elif place:
            del data[place:]
    return bytes(data)


def framed(good, randomly):
    """A request that ends where it says, with a bad path, method, or payment."""
    header = good
    kind = randomly.randrange(6)
    if kind < 3:
        header = bytes(byte for byte in bitten(good, randomly, randomly.randint(1, 4)) if 0x20 < byte < 0x7F)
    elif kind == 3:
        header = bytes(randomly.choice(b"ABCDEFabcdef0123456789+/=") for _ in range(randomly.choice((0, 8, 900, 7000))))
    path = b"/pay"
    if kind == 4:
        path = b"/" + bytes(randomly.choice(b"abc/..%2f;?#\\*~") for _ in range(randomly.randint(1, 60)))
    method = randomly.choice((b"GET", b"GET", b"GET", b"HEAD", b"DELETE", b"BREW")) if kind == 5 else b"GET"
    return method + b" " + path + b" HTTP/1.1\r\nHost: localhost\r\nPAYMENT-SIGNATURE: " + header + b"\r\n\r\n"


def unframed(good, randomly):
    """Bytes of which nobody knows where the request ends."""
    head = b"POST /pay HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nPAYMENT-SIGNATURE: "
    whole = head + good + b"\r\n\r\nhello"
    return bitten(whole, randomly, randomly.randint(1, 6))


class Line:
    """A connection, and the answers that came over it."""

    def __init__(self, port):
        self.port, self.counts, self.closed = port, collections.Counter(), 0
        self.socket = None

    def open(self):
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def send(self, requests, are_framed):
        """Returns how many of them are done with."""
        self.open()
        answered = 0
        try:
            self.socket.sendall(b"".join(requests))
            if not are_framed:
                self.socket.shutdown(socket.SHUT_WR)
            tail = b""
            # Without a body in between that says HTTP/1.1: the node's own answers never do.
            while answered < len(requests) or not are_framed:
                if not (data := self.socket.recv(1 << 18)):
                    self.closed += 1
                    self.close()
                    break
                data = tail + data
                found = STATUS.findall(data)
                answered += len(found)
                for status in found:
                    self.counts[int(status)] += 1
                # What may be the beginning of a status line waits for its end.
                cut = data.rfind(b"HTTP/1.1 ", max(0, len(data) - 11))
                tail = data[cut:] if cut >= 0 and not STATUS.match(data, cut) else data[-8:] if len(data) > 8 else data
                if STATUS.search(tail):
                    tail = b""
        except (ConnectionError, socket.timeout) as error:
            if isinstance(error, socket.timeout):
                raise SystemExit(f"no answer for 30 s after {sum(self.counts.values())} answers")
            self.closed += 1
            self.close()
        if not are_framed:
            self.close()
        return max(answered, 1)


def main():
    port, count, randomly = int(sys.argv[1]), int(sys.argv[3]), random.Random(sys.argv[4])
    good = pathlib.Path(sys.argv[2]).read_bytes()
    pool = [framed(good, randomly) for _ in range(min(POOL, count))]
    strange = [unframed(good, randomly) for _ in range(min(POOL, count) // 4 + 1)]
    line, done = Line(port), 0
    while done < count:
        if randomly.random() < 0.2:
            line.close()
            done += line.send([randomly.choice(strange)], are_framed=False)
        else:
            done += line.send(randomly.choices(pool, k=min(PIPELINE, count - done)), are_framed=True)
    line.close()
    told = ", ".join(f"{status}: {number}" for status, number in sorted(line.counts.items()))
    print(f"{done} bad requests ({told}; {line.closed} connections closed on them)")
    return 0 if set(line.counts) <= REFUSALS else 1


sys.exit(main())
