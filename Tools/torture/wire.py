# SPDX-License-Identifier: Apache-2.0
"""As much of HTTP/1.1 as a payer and an upstream need, on bare sockets."""
import asyncio


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Connection:
    """One connection, with one request at a time."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer

    @staticmethod
    async def open(port, source=None):
        local = (source, 0) if source else None
        return Connection(*await asyncio.open_connection("127.0.0.1", port, local_addr=local, limit=1 << 20))

    async def get(self, path, *headers):
        lines = [f"GET {path} HTTP/1.1".encode(), b"Host: localhost"]
        lines += [name + b": " + value for name, value in headers]
        self._writer.write(b"\r\n".join(lines) + b"\r\n\r\n")
        return await self.answer()

    def send(self, data):
        self._writer.write(data)

    async def drain(self):
        await self._writer.drain()

    async def answer(self):
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if "chunked" in headers.get("transfer-encoding", ""):
            body = b""
            while (size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16)):
                body += (await self._reader.readexactly(size + 2))[:-2]
            await self._reader.readuntil(b"\r\n")
        else:
            body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(status, headers, body)

    def close(self):
        self._writer.close()


class Upstream:
    """An API that answers everything, and counts what it was asked for."""

    def __init__(self):
        self.calls = {}

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20, backlog=1024)
        self.url = "http://127.0.0.1:%d" % self._server.sockets[0].getsockname()[1]
        return self

    def close(self):
        self._server.close()

    async def _serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode("latin-1")
                self.calls[path] = self.calls.get(path, 0) + 1
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
