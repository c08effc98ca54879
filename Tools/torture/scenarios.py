# SPDX-License-Identifier: Apache-2.0
"""What is done to a node. Each scenario returns a line that says what was seen, or raises a violation."""
import asyncio
import functools
import os
import shutil
import subprocess
import sys
import time

from crowd import Crowd, Unserved
from node import MINTED, Node, program
from payer import Short, Violation
from signing import ROOT
from wire import Upstream

__all__ = ["ALL", "Stage", "program"]
ALL = {}


def scenario(play):
    ALL[play.__name__] = play
    return play


class Stage:
    """Everything that takes part in one scenario."""

    def __init__(self, name, folder, random, options):
        self.name, self.folder, self.random, self.options = name, folder, random, options
        self.end = time.monotonic() + options.minutes * 60
        self.upstream, self.node, self.crowd, self.minted = None, None, None, 0
        self._told = time.monotonic()

    def count(self, number):
        """How many of something that is done `number` times in the long form."""
        return max(1, round(number * self.options.scale))

    async def open(self, payers=24, arguments=("--claim-every", "1"), requests_a_deposit=1_000_000_000, **start):
        """A node with money minted for a crowd, that was served once."""
        self.upstream = await Upstream().start()
        self.node = Node(self.folder / "node", self.upstream, arguments)
        self.crowd = Crowd(self.node, self.upstream, f"{self.options.seed}", requests_a_deposit)
        self.node.mint(self.crowd.key.address, MINTED * 1000)
        self.minted = MINTED * 1000
        await self.node.start(**start)
        await self.crowd.join(payers)
        await self.crowd.one_each()

    async def finish(self):
        """Stops the node in good order, and looks at everything once more."""
        await self.crowd.one_each()
        await self.node.stop()
        # What was left to do when the trouble came is done at a start.
        await self.node.start()
        await self.node.stop()
        self.crowd.check(self.minted)

    async def close(self):
        if self.node and self.node.process:
            await self.node.kill()
        if self.upstream:
            self.upstream.close()

    def is_over(self):
        return time.monotonic() > self.end

    def tell(self, text):
        """Progress, at most every ten seconds."""
        if not self.options.quiet and time.monotonic() - self._told > 10:
            self._told = time.monotonic()
            print(f"{self.name:10}  …  {text}", flush=True)


@functools.cache
def shim():
    """The fault shim, built if need be."""
    return subprocess.run([ROOT / "Scripts/build-faults"], check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


@scenario
async def kills(stage):
    """kill -9 at random moments under load, a few of them while it starts."""
    await stage.open(requests_a_deposit=40)
    node, crowd = stage.node, stage.crowd
    wanted, done, early = stage.count(1000), 0, 0
    while done < wanted and not stage.is_over():
        load = asyncio.create_task(crowd.pay_all(30))
        await asyncio.sleep(stage.random.random() ** 2 * 0.6)
        await node.kill()
        await load
        done += 1
        if stage.random.random() < 0.2:
            await node.start(wait=False)
            await asyncio.sleep(stage.random.random() * 0.15)
            await node.kill()
            done, early = done + 1, early + 1
        node.verify()
        await node.start()
        stage.tell(f"{done} kills, {crowd.served} served")
    await stage.finish()
    if done < wanted:
        raise Short(f"only {done} of {wanted} kills in {stage.options.minutes} minutes")
    return (f"{done} kills, {early} of them while it started; {crowd.served} payments answered, {crowd.lost} answers "
            f"lost with their connection; slowest start {node.slowest:.2f} s")


@scenario
async def power(stage):
    """The power goes: what was not synced is dropped or torn."""
    wanted = stage.count(1000)
    images, rounds = await cut_power(stage, wanted)
    await stage.node.start()
    await stage.finish()
    if images < wanted:
        raise Short(f"only {images} of {wanted} cuts in {stage.options.minutes} minutes")
    return (f"{images} power cuts in {rounds} runs; {stage.crowd.served} payments answered; "
            f"slowest start {stage.node.slowest:.2f} s")


async def cut_power(stage, wanted, environment=None):
    """Has everybody pay, and looks at what a power cut leaves, at random moments and at the end of each run."""
    import replay
    await stage.open(payers=12, requests_a_deposit=20)
    node, crowd = stage.node, stage.crowd
    await node.stop()
    images, rounds = 0, 0
    while images < wanted and not stage.is_over():
        rounds += 1
        trace = stage.folder / "trace"
        trace.unlink(missing_ok=True)
        disk = replay.Disk(node.folder)
        base = stage.folder / "base"
        replay.copy_folder(node.folder, base)
        await node.start({"LD_PRELOAD": shim(), "FARTHING_FAULT_TRACE": str(trace),
                          "FARTHING_FAULT_PATHS": f"{node.folder}/store*"} | (environment or {}))
        load = asyncio.create_task(crowd.pay_all(30))
        await asyncio.sleep(0.1 + stage.random.random())
        await node.kill()
        await load
        records = list(replay.records(trace))
        cuts = sorted(stage.random.sample(range(1, len(records)), min(7, wanted - images, len(records) - 1)))
        place = 0
        for cut in cuts + [len(records)]:
            for record in records[place:cut]:
                disk.follow(record)
            place = cut
            moment = records[cut].moment if cut < len(records) else time.monotonic()
            image = Node(stage.folder / "image", stage.upstream, node.arguments)
            replay.copy_folder(base, image.folder)
            policy = stage.random.choice(replay.POLICIES)
            disk.image(image.folder, policy, stage.random)
            await examine(image, crowd, moment, stage.minted, f"record {cut} of {len(records)}, keeping {policy}")
            images += 1
        # Life goes on from the last of them.
        replay.copy_folder(image.folder, node.folder)
        stage.tell(f"{images} power cuts, {crowd.served} served")
    return images, rounds


async def examine(image, crowd, moment, minted, where):
    """What the power left must be whole, must hold all that was answered, and must start."""
    try:
        image.verify()
        books = image.books()
        for payer in crowd.payers:
            payer.check_books(books, moment)
        await image.start()
        await image.stop()
        image.verify()
        books = image.books()
        for payer in crowd.payers:
            payer.check_books(books, moment)
        if (money := image.money()) != minted:
            raise Violation(f"the ledger holds {money} units in all, and {minted} were minted")
    except Violation as violation:
        raise Violation(f"power cut at {where}: {violation}") from None
    finally:
        if image.process:
            await image.kill()


async def trouble(stage, kinds, episodes, may_restart=False):
    """Switches faults on and off while everybody pays, and sometimes kills the node in the midst of one.

    `may_restart` says that a node may want to be started again before it serves, as after a sync that failed: nobody
    knows then what the disk holds.
    """
    control = stage.folder / "control"
    environment = {"LD_PRELOAD": shim(), "FARTHING_FAULT_CONTROL": str(control)}
    await stage.open(requests_a_deposit=30)
    node, crowd = stage.node, stage.crowd
    await node.stop()
    environment["FARTHING_FAULT_PATHS"] = f"{node.folder}/store*"
    await node.start(environment)
    wanted, killed, restarts = stage.count(episodes), 0, 0
    # Each kind once before any comes again, so that a short run meets them too.
    kinds = stage.random.sample(kinds, len(kinds))
    for number in range(wanted):
        load = asyncio.create_task(crowd.pay_all(1.6))
        await asyncio.sleep(stage.random.random() * 0.4)
        temporary = control.with_suffix(".new")
        temporary.write_text(kinds[number % len(kinds)] + "\n")
        os.rename(temporary, control)
        await asyncio.sleep(stage.random.random() * 1.2)
        is_killed = stage.random.random() < 0.25
        if is_killed:
            killed += 1
            await node.kill()
        control.unlink()
        await load
        if is_killed:
            node.verify()
            await node.start(environment)
        if node.process.returncode is not None:
            raise Violation(f"the node ended by itself with {node.process.returncode}: {node.log()[-800:]}")
        # Once the trouble is over, everybody is served.
        try:
            await crowd.one_each(patience=5 if may_restart else 30)
        except Unserved:
            if not may_restart:
                raise
            restarts += 1
            await node.stop()
            node.verify()
            await node.start(environment)
            await crowd.one_each()
        stage.tell(f"{number + 1} episodes, {crowd.served} served, {crowd.put_off} put off")
        if stage.is_over():
            raise Short(f"only {number + 1} of {wanted} episodes in {stage.options.minutes} minutes")
    await stage.finish()
    return (f"{wanted} episodes, {killed} ended by a kill, {restarts} needed a restart; {crowd.served} payments "
            f"answered, {crowd.put_off} put off")


@scenario
async def full(stage):
    """The disk is full now and then."""
    return await trouble(stage, [
        "fail grow ENOSPC", "fail grow ENOSPC partial", "fail write ENOSPC after 3",
        "fail write ENOSPC after 20 partial", "fail open ENOSPC\nfail grow ENOSPC"], 60)


@scenario
async def broken(stage):
    """The disk fails, or can only be read, now and then."""
    return await trouble(stage, [
        "fail fsync EIO", "fail write EIO", "fail fsync EIO after 2", "fail change EROFS\nfail open EROFS",
        "fail open EMFILE", "fail write EIO after 7 partial"], 60, may_restart=True)


@scenario
async def slow(stage):
    """Every sync takes up to a second now and then."""
    return await trouble(stage, ["slow fsync 20", "slow fsync 200", "slow fsync 1000"], 20)


@scenario
async def files(stage):
    """More connections than the node may have files."""
    await stage.open(payers=8, files=160)
    node, crowd = stage.node, stage.crowd
    for number in range(stage.count(10)):
        load = asyncio.create_task(crowd.pay_all(2))
        await asyncio.sleep(0.2)
        held = []
        for _ in range(400):
            try:
                held.append(await asyncio.wait_for(asyncio.open_connection("127.0.0.1", node.port), 1))
            except (OSError, asyncio.TimeoutError):
                break
        await load
        await asyncio.sleep(0.2)
        for _, writer in held:
            writer.close()
        if node.process.returncode is not None:
            raise Violation(f"the node ended by itself with {node.process.returncode}: {node.log()[-800:]}")
        await crowd.one_each()
        stage.tell(f"{number + 1} times, {crowd.served} served")
    await stage.finish()
    return f"{stage.count(10)} times 400 connections on 160 files; {crowd.served} payments answered"


@scenario
async def clock(stage):
    """The wall clock jumps, forth and back."""
    shift = stage.folder / "clock"
    set_clock(shift, 0)
    await stage.open(payers=8)
    node, crowd = stage.node, stage.crowd
    await node.stop()
    environment = {"LD_PRELOAD": shim(), "FARTHING_FAULT_CLOCK": str(shift)}
    await node.start(environment)
    jumps = [1, -1, 60, -60, 3600, -3600, 86_400, -86_400, 400 * 86_400, -400 * 86_400, 40 * 365 * 86_400, 0]
    wanted = max(stage.count(60), 6)
    for number in range(wanted):
        load = asyncio.create_task(crowd.pay_all(0.6))
        await asyncio.sleep(stage.random.random() * 0.4)
        set_clock(shift, stage.random.choice(jumps))
        await load
        await crowd.one_each()
        if stage.random.random() < 0.2:
            await node.kill()
            node.verify()
            await node.start(environment)
        if node.process.returncode is not None:
            raise Violation(f"the node ended by itself with {node.process.returncode}: {node.log()[-800:]}")
        stage.tell(f"{number + 1} jumps, {crowd.served} served")
    set_clock(shift, 0)
    await stage.finish()
    return f"{wanted} jumps of up to 40 years; {crowd.served} payments answered, {crowd.put_off} put off"


def set_clock(path, seconds):
    with open(path, "r+b" if path.exists() else "wb") as file:
        file.write(f"{seconds:<32}".encode())


@scenario
async def idle(stage):
    """Thousands of connections that say nothing while others pay."""
    await stage.open(payers=8)
    node, crowd = stage.node, stage.crowd
    before, wanted, held = node.memory(), stage.count(10_000), []
    for _ in range(wanted):
        held.append(await asyncio.open_connection("127.0.0.1", node.port))
        if len(held) % 500 == 0:
            await asyncio.sleep(0.02)
    # Half of them have begun a request.
    for _, writer in held[::2]:
        writer.write(b"GET /pay HTTP/1.1\r\nHost: loc")
    seen, start = crowd.served, time.monotonic()
    await crowd.pay_all(max(3, 10 * stage.options.scale))
    rate = (crowd.served - seen) / (time.monotonic() - start)
    if crowd.served == seen:
        raise Violation(f"nobody was served beside {wanted} idle connections")
    each = (node.memory() - before) / wanted
    for _, writer in held:
        writer.close()
    await stage.finish()
    return f"{wanted} connections of {each / 1024:.1f} KiB each; {rate:.0f} payments a second beside them"


@scenario
async def bad(stage):
    """Bad requests as fast as they go, while others pay."""
    await stage.open(payers=4)
    node, crowd = stage.node, stage.crowd
    # A payment that was answered is never served again, however it is spelled.
    spent = crowd.payers[0]
    kept = spent.header()
    await crowd.one_each([spent])
    (stage.folder / "good").write_bytes(kept)
    wanted, start = stage.count(1_000_000), time.monotonic()
    flood = await asyncio.create_subprocess_exec(
        sys.executable, os.path.join(os.path.dirname(__file__), "flood.py"), str(node.port), str(stage.folder / "good"),
        str(wanted), str(stage.options.seed), stdout=asyncio.subprocess.PIPE)
    told, sizes = asyncio.create_task(flood.stdout.read()), []
    while not told.done():
        await crowd.pay_all(0.5)
        sizes.append(node.memory())
        stage.tell(f"{sizes[-1] >> 20} MiB after {time.monotonic() - start:.0f} s, {crowd.served} served")
        if stage.is_over():
            flood.kill()
            raise Short(f"not {wanted} requests in {stage.options.minutes} minutes")
    line = (await told).decode().strip()
    if await flood.wait():
        raise Violation(f"the flood: {line}")
    seconds = time.monotonic() - start
    # What is kept for bad requests would grow with them: the last quarter is held against the second one.
    quarter = max(1, len(sizes) // 4)
    second, last = max(sizes[quarter:2 * quarter] or sizes), max(sizes[-quarter:])
    if last > second * 1.25 + (24 << 20):
        raise Violation(f"memory grew from {second >> 20} to {last >> 20} MiB under {line}")
    await stage.finish()
    return (f"{line} in {seconds:.0f} s; memory {sizes[0] >> 20} MiB at first, {second >> 20} then, {last >> 20} at "
            f"the end; {crowd.served} payments answered in between")


@scenario
async def term(stage):
    """SIGTERM under load: what was answered is there, and the node ends in good order."""
    await stage.open(requests_a_deposit=40)
    node, crowd = stage.node, stage.crowd
    slowest, wanted = 0.0, stage.count(30)
    for number in range(wanted):
        load = asyncio.create_task(crowd.pay_all(20))
        await asyncio.sleep(0.05 + stage.random.random() * 0.5)
        start = time.monotonic()
        await node.stop(within=30)
        slowest = max(slowest, time.monotonic() - start)
        await load
        crowd.check(stage.minted)
        await node.start()
        stage.tell(f"{number + 1} times, {crowd.served} served")
    await stage.finish()
    return f"{wanted} times; {crowd.served} payments answered; slowest end {slowest:.2f} s"


@scenario
async def proof(stage):
    """What must be found is found: a disk that lies about its syncs, and a store that was put back."""
    try:
        await cut_power(stage, 60, {"FARTHING_FAULT_LIES": "1"})
    except Violation as violation:
        lied = str(violation)
    else:
        raise Violation("a disk lied about its syncs, and nobody noticed")
    await stage.close()
    shutil.rmtree(stage.folder)
    await stage.open(payers=4)
    node, crowd, old = stage.node, stage.crowd, stage.folder / "old"
    await node.kill()
    node.copy(old)
    await node.start()
    await crowd.one_each()
    await node.kill()
    shutil.rmtree(node.folder)
    shutil.copytree(old, node.folder)
    await node.start()
    try:
        await crowd.one_each()
    except Violation as violation:
        return f"noticed, as it must be: {lied[:110]} … and: {str(violation)[:110]} …"
    raise Violation("a payment that was answered was taken out of the store, and nobody noticed")
