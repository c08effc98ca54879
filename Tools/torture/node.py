# SPDX-License-Identifier: Apache-2.0
"""A real node on a real store, as its operator sees it: a command line, files, and a port."""
import asyncio
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import time

from payer import Violation
from signing import ROOT

PRICE = 1000
RECEIVER = "0x1563915e194D8CfBA1943570603F7606A3115508"
MINTED = 10 ** 15
# A node that is not ready by then has failed.
READY_SECONDS = 10


def program():
    """FARTHING_BINARY, or the newest build there is."""
    if named := os.environ.get("FARTHING_BINARY"):
        return named
    built = [path for kind in ("release", "debug") if (path := ROOT / ".build" / kind / "farthing").exists()]
    if not built:
        raise SystemExit("There is no build of farthing; run swift build -c release --product farthing.")
    return str(built[0])


class Node:
    def __init__(self, folder, upstream, arguments=()):
        self.folder, self.upstream, self.arguments = pathlib.Path(folder), upstream, list(arguments)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process, self.port, self.starts, self.slowest = None, None, 0, 0.0
        self._log = None

    @property
    def store(self):
        return str(self.folder / "store")

    def run(self, *arguments, check=True):
        """Runs a command on the store, and returns what it says in JSON."""
        done = subprocess.run([program(), *arguments, "--store", self.store, "--json"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=120)
        if check and done.returncode:
            raise Violation(f"farthing {' '.join(arguments)} ended with {done.returncode}: {done.stdout[-800:]} "
                            f"{done.stderr[-800:]}")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def mint(self, account, units=MINTED):
        self.run("ledger", "mint", "--create", "--to", account, "--amount", str(units))

    async def start(self, environment=None, files=None, wait=True):
        """Starts it, and returns the seconds until it could answer."""
        self._log = open(self.folder / f"log-{self.starts % 4}", "wb")
        self.starts += 1
        begin = time.monotonic()
        limits = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))) if files else None
        self.process = await asyncio.create_subprocess_exec(
            program(), "serve", "--listen", "127.0.0.1:0", "--json", "--upstream", self.upstream.url, "--price",
            str(PRICE), "--pay-to", RECEIVER, "--store", self.store, "--log-level", "error", *self.arguments,
            stdout=subprocess.PIPE, stderr=self._log, env=os.environ | (environment or {}), preexec_fn=limits)
        if not wait:
            return None
        line = b""
        try:
            line = await asyncio.wait_for(self.process.stdout.readline(), READY_SECONDS * 3)
            self.port = int(json.loads(line)["listening"].rsplit(":", 1)[1])
        except (asyncio.TimeoutError, ValueError, KeyError):
            raise Violation(f"the node did not start: {line!r} {self.log()[-800:]}") from None
        seconds = time.monotonic() - begin
        self.slowest = max(self.slowest, seconds)
        if seconds > READY_SECONDS:
            raise Violation(f"the node was ready after {seconds:.1f} s only")
        return seconds

    def log(self):
        self._log.flush()
        return pathlib.Path(self._log.name).read_text("utf-8", "replace")

    async def kill(self):
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self, within=60):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = await asyncio.wait_for(self.process.wait(), within)
        except asyncio.TimeoutError:
            await self.kill()
            raise Violation(f"the node did not stop within {within} s of SIGTERM") from None
        if code:
            raise Violation(f"the node ended with {code}: {self.log()[-800:]}")

    def verify(self):
        """`farthing store verify` must be clean."""
        found = self.run("store", "verify", check=False)
        if not found.get("ok"):
            raise Violation(f"store verify: {json.dumps(found)[:1200]}")
        return found

    def books(self):
        """What the store says of each channel, by channel id."""
        return {row["id"]: row for row in self.run("channels", "list", "--limit", "100000")["channels"]}

    def money(self):
        return sum(int(row["units"]) for row in self.run("ledger", "accounts")["accounts"])

    def memory(self):
        """The node's resident memory, in bytes."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) * 1024

    def copy(self, to):
        shutil.copytree(self.folder, to, ignore=shutil.ignore_patterns("log-*"))
