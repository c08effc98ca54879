#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts the measured gas of all contracts into `gas.json`, and beside that of their peers into `GAS.md`.

`gas/NAME.json` is what the tests measured, `gas/floors/NAME.json` what of it no code could save,
`gas/peers/NAME.json` what else is known of the same operations, and `gas/notes/NAME.md` what is to be said about it. Operations that end in ", native" are those of the native coin, and
become a column.

    gas_tables.py            writes both
    gas_tables.py --check    fails where what is committed differs
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
NATIVE = ", native"
BEGINNING = """# Gas

What a receipt says (`gasUsed`) on Osaka, refunds and the calldata floor included, as the tests measure it with
`Scripts/contracts --gas`. A test fails when one rises. Contracts are compiled with Vyper 0.4.3, `optimize gas`, without
its experimental code generator: that one does not compile all of them.

*Floor*: what of a transaction no code could save, counted while it runs: 21,000, calldata, slots read and kept, logs,
precompiled contracts, accounts called and coins sent, the token's own of these, less the refund. What is left is
arithmetic, hashes, memory and the order of the code, the token's included.
"""


def number(value):
    return "" if value is None else f"{value:,}"


def table(operations, floors, peers):
    columns = list(peers.get("columns", {}))
    has_native = any(name.endswith(NATIVE) for name in operations)
    head = ["operation", "gas"] + (["native coin"] if has_native else []) + ["floor"] + columns
    yield "| " + " | ".join(head) + " |"
    yield "|---" + "|--:" * (len(head) - 1) + "|"
    for name, gas in operations.items():
        if name.endswith(NATIVE):
            continue
        row = [name, number(gas)] + ([number(operations.get(name + NATIVE))] if has_native else [])
        row.append(number(floors.get(name)))
        others = peers.get("rows", {}).get(name, {})
        yield "| " + " | ".join(row + [number(others.get(column)) for column in columns]) + " |"


def page(books):
    yield BEGINNING
    for name, operations in books.items():
        path, note = HERE / "gas" / "peers" / f"{name}.json", HERE / "gas" / "notes" / f"{name}.md"
        peers = json.loads(path.read_text()) if path.exists() else {}
        floors = json.loads((HERE / "gas" / "floors" / f"{name}.json").read_text())
        yield f"## {name}\n"
        yield from table(operations, floors, peers)
        yield ""
        for column, meaning in peers.get("columns", {}).items():
            yield f"- *{column}*: {meaning}."
        if peers.get("columns"):
            yield ""
        if note.exists():
            yield note.read_text()


def main():
    books = {path.stem: json.loads(path.read_text()) for path in sorted((HERE / "gas").glob("*.json"))}
    made = {
        HERE / "gas.json": json.dumps(books, indent=2, ensure_ascii=False) + "\n",
        HERE / "GAS.md": "\n".join(page(books)).rstrip() + "\n"}
    for path, text in made.items():
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            sys.exit(f"{path.name} differs from what was measured: run Scripts/contracts --gas")


if __name__ == "__main__":
    main()
