# SPDX-License-Identifier: Apache-2.0
"""Builds what a disk may hold after the power went, from a trace that the fault shim wrote.

What was synced is there. Of what was written after the last sync, each file keeps nothing, the beginning, or any
sectors in any order; a directory keeps the beginning of what was done to its names. A sync that had begun and not
ended has promised nothing. Metadata is taken to be journalled in order, as ext4 and XFS do: a sync of a file keeps the
names made before it.
"""
import os
import pathlib
import shutil
import struct

HEADER = struct.Struct("<IIQQQQ")
MAGIC = 0x46544C54
OPEN, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, RENAME, UNLINK, LINK, ALLOCATE = range(1, 10)
SECTOR = 512
POLICIES = ("nothing", "beginning", "sectors", "everything")


class Record:
    __slots__ = ("kind", "moment", "inode", "offset", "payload")

    def __init__(self, kind, moment, inode, offset, payload):
        self.kind, self.moment, self.inode, self.offset, self.payload = kind, moment, inode, offset, payload


def records(path):
    """All whole records of a trace; a killed program may leave a piece of one at the end."""
    data = pathlib.Path(path).read_bytes()
    place = 0
    while place + HEADER.size <= len(data):
        magic, kind, nanoseconds, inode, offset, length = HEADER.unpack_from(data, place)
        if magic != MAGIC:
            raise ValueError(f"no record at byte {place} of {path}")
        place += HEADER.size
        if place + length > len(data):
            return
        yield Record(kind, nanoseconds / 1e9, inode, offset, data[place:place + length])
        place += length


class File:
    """What is on the disk for sure, and what was done since, in order: (number of the record, step)."""

    def __init__(self, content=b""):
        self.durable = bytearray(content)
        self.pending = []


def apply(content, step):
    kind, offset, payload = step
    if kind == WRITE:
        if len(content) < offset:
            content.extend(bytes(offset - len(content)))
        content[offset:offset + len(payload)] = payload
    elif kind == TRUNCATE:
        if offset < len(content):
            del content[offset:]
        else:
            content.extend(bytes(offset - len(content)))
    elif kind == ALLOCATE and len(content) < offset:
        content.extend(bytes(offset - len(content)))


def rename(names, step):
    kind, first, second = step
    if kind == "make":
        names[first] = second
    elif kind == "unlink":
        names.pop(first, None)
    elif kind == "rename" and first in names:
        names[second] = names.pop(first)
    elif kind == "link" and first in names:
        names[second] = names[first]


class Disk:
    """Follows a trace, record by record."""

    def __init__(self, base, is_kept=lambda path: not path.endswith("-shm")):
        """`base` is the folder as it was before the program started, under its own path."""
        self._is_kept = is_kept
        self._inodes, self._begun, self._number = {}, {}, 0
        self.names = {str(path): File(path.read_bytes()) for path in pathlib.Path(base).iterdir()
                      if path.is_file() and is_kept(str(path))}
        self.durable_names = dict(self.names)
        self.pending_names = []

    def _change_name(self, *step):
        rename(self.names, step)
        self.pending_names.append((self._number, step))

    def _step(self, record):
        if (file := self._inodes.get(record.inode)) is not None:
            file.pending.append((self._number, (record.kind, record.offset, record.payload)))

    def follow(self, record):
        self._number += 1
        kind = record.kind
        if kind == OPEN:
            path = record.payload.decode()
            if os.path.isdir(path) or not self._is_kept(path):
                return
            if path not in self.names:
                self._change_name("make", path, File())
            self._inodes[record.inode] = self.names[path]
            if record.offset & os.O_TRUNC:
                self.names[path].pending.append((self._number, (TRUNCATE, 0, b"")))
        elif kind in (WRITE, TRUNCATE, ALLOCATE):
            self._step(record)
        elif kind == SYNC_BEGIN:
            self._begun[record.offset] = self._number
        elif kind == SYNC_END:
            self._sync(record.inode, self._begun.pop(record.offset))
        elif kind in (RENAME, LINK):
            first, second = (part.decode() for part in record.payload.split(b"\0"))
            self._change_name("rename" if kind == RENAME else "link", first, second)
        elif kind == UNLINK:
            self._change_name("unlink", record.payload.decode(), None)

    def _sync(self, inode, begun):
        if (file := self._inodes.get(inode)) is not None:
            for number, step in file.pending:
                if number < begun:
                    apply(file.durable, step)
            file.pending = [(number, step) for number, step in file.pending if number >= begun]
        for number, step in self.pending_names:
            if number < begun:
                rename(self.durable_names, step)
        self.pending_names = [(number, step) for number, step in self.pending_names if number >= begun]

    def image(self, folder, policy, random):
        """Writes into `folder` what may be left, in place of the files of the same name there."""
        names = dict(self.durable_names)
        kept = {"nothing": 0, "everything": len(self.pending_names)}.get(policy)
        for _, step in self.pending_names[:random.randint(0, len(self.pending_names)) if kept is None else kept]:
            rename(names, step)
        folder = pathlib.Path(folder)
        for old in folder.iterdir():
            if old.is_file() and not old.name.startswith("log-"):
                old.unlink()
        for path, file in names.items():
            (folder / os.path.basename(path)).write_bytes(self._content(file, policy, random))
            (folder / os.path.basename(path)).chmod(0o600)

    @staticmethod
    def _content(file, policy, random):
        content = bytearray(file.durable)
        steps = [step for _, step in file.pending]
        if policy == "nothing":
            return content
        if policy == "beginning":
            steps = steps[:random.randint(0, len(steps))]
            if steps and steps[-1][0] == WRITE:  # the last of them is torn
                kind, offset, payload = steps[-1]
                steps[-1] = (kind, offset, payload[:random.randint(0, len(payload) // SECTOR) * SECTOR])
        for step in steps:
            if policy == "sectors":
                apply_torn(content, step, random)
            else:
                apply(content, step)
        return content


def apply_torn(content, step, random):
    kind, offset, payload = step
    if kind != WRITE:
        if random.random() < 0.5:
            apply(content, step)
        return
    place = 0
    while place < len(payload):
        length = SECTOR - (offset + place) % SECTOR
        if random.random() < 0.5:
            apply(content, (WRITE, offset + place, payload[place:place + length]))
        place += length


def copy_folder(source, target):
    if os.path.exists(target):
        shutil.rmtree(target)
    shutil.copytree(source, target)
