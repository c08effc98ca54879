# SPDX-License-Identifier: Apache-2.0
"""Kills a node at each of its crash points: just before, and just after, each kind of change of each of its files.

Between two changes of its files a program that dies leaves the same behind wherever it dies, so these are all the
moments there are; which of them a node has is seen in a trace, and one that is not named here is a fault.
"""
import asyncio
import collections
import os
import re
import signal

import replay
from payer import Short, Violation
from scenarios import scenario, shim

FILES = {
    "store": "store", "store-wal": "store-wal", "ledger": "store.ledger", "ledger-wal": "store.ledger-wal",
    "journal": "store.journal-*", "lock": "store.lock",
}
POINTS = [
    "lock.cut", "lock.write", "store.write", "store.cut", "store.fsync", "store-wal.write", "store-wal.fsync",
    "store-wal.unlink", "ledger.write", "ledger.cut", "ledger.fsync", "ledger-wal.write", "ledger-wal.fsync",
    "ledger-wal.unlink", "journal.open", "journal.write", "journal.fsync", "journal.unlink", "folder.fsync",
]
# What SQLite keeps for those that have the file open: mapped, and made anew after a crash.
SHARED = "-shm"
OPERATIONS = {
    replay.WRITE: "write", replay.TRUNCATE: "cut", replay.SYNC_BEGIN: "fsync", replay.RENAME: "rename",
    replay.UNLINK: "unlink", replay.ALLOCATE: "write"}


def role(path, folder):
    """Which of a node's files a path is."""
    if path == str(folder):
        return "folder"
    name = re.sub(r"journal-\d+$", "journal-*", os.path.basename(path))
    return next((known for known, pattern in FILES.items() if pattern == name), name)


def passed(trace, folder):
    """How often a run came past each point."""
    seen, files = collections.Counter(), {}
    for record in replay.records(trace):
        if record.kind == replay.OPEN:
            files[record.inode] = role(record.payload.decode(), folder)
            if record.offset & os.O_CREAT and files[record.inode] == "journal":
                seen["journal.open"] += 1
        elif operation := OPERATIONS.get(record.kind):
            file = files.get(record.inode) or role(record.payload.split(b"\0")[0].decode(), folder)
            if not file.endswith(SHARED):
                seen[f"{file}.{operation}"] += 1
    return seen


@scenario
async def points(stage):
    """kill -9 before and after each kind of change of each file."""
    await stage.open(payers=12, requests_a_deposit=20)
    node, crowd = stage.node, stage.crowd
    await node.stop()
    trace = stage.folder / "trace"
    await node.start({"LD_PRELOAD": shim(), "FARTHING_FAULT_TRACE": str(trace),
                      "FARTHING_FAULT_PATHS": f"{node.folder}/store*"})
    await crowd.pay_all(2)
    await node.stop()
    seen = passed(trace, node.folder)
    trace.unlink()
    if unnamed := sorted(set(seen) - set(POINTS)):
        raise Violation(f"crash points without a name: {', '.join(unnamed)}")
    rounds, kills = stage.count(10), collections.Counter()
    for number in range(rounds):
        for point in POINTS:
            for done in ("", " done"):
                # Later and later, the first of each at once.
                most = max(1, seen[point] * number // rounds)
                rule = f"kill {point.rpartition('.')[2]} after {stage.random.randrange(most)}{done}"
                try:
                    kills[point + done] += await kill(stage, point, rule)
                except Violation as violation:
                    raise Violation(f"{point}, {rule}: {violation}") from None
                if stage.is_over():
                    raise Short(f"only {sum(kills.values())} kills in {stage.options.minutes} minutes")
                stage.tell(f"{sum(kills.values())} kills, {crowd.served} served")
    await node.start()
    await stage.finish()
    if never := [point + done for point in POINTS for done in ("", " done") if not kills[point + done]]:
        raise Violation(f"never killed at: {', '.join(never)}")
    return (f"{sum(kills.values())} kills at {len(POINTS)} points, before and after; {crowd.served} payments answered; "
            f"slowest start {node.slowest:.2f} s")


async def kill(stage, point, rule):
    """Has everybody pay until the node comes to the point, and looks at what it left. Returns whether it came there."""
    node, crowd = stage.node, stage.crowd
    name = FILES.get(point.rpartition(".")[0])
    try:
        await node.start({"LD_PRELOAD": shim(), "FARTHING_FAULT_RULES": rule,
                          "FARTHING_FAULT_PATHS": f"{node.folder}/{name}" if name else f"{node.folder}"})
    except Violation:
        if await node.process.wait() != -signal.SIGKILL:
            raise
    await crowd.pay_all(2)
    gone = asyncio.create_task(node.process.wait())
    # Who pays notices its end sooner than who waits for it.
    await asyncio.wait([gone], timeout=0.5)
    if not gone.done():  # a point that is come to at the end alone
        node.process.terminate()
    await gone
    node.verify()
    await node.start()
    await crowd.one_each()
    await node.stop()
    return gone.result() == -signal.SIGKILL
