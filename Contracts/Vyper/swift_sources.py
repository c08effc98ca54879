#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what was compiled into Swift sources, so that a Swift build needs no Python and no file beside it.

    swift_sources.py            writes all that the program deploys
    swift_sources.py --check    fails where what is committed differs
"""
import json
import pathlib
import sys

from eth_utils import function_abi_to_4byte_selector

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parents[1] / "Sources/Settlements/EVMSettlement/Deploying/Compiled"
DEPLOYED = [
    "BatchSettlement", "ERC3009Collector", "Permit2Collector", "TestUSDC", "VoucherChannels", "TwoWayChannels",
    "HashChains", "MerkleTokens", "Lottery", "Lots"]
WIDTH = 100


def text(artifact):
    creation, runtime = (bytes.fromhex(artifact[key].removeprefix("0x")) for key in ("bytecode", "bytecode_runtime"))
    start = creation.find(runtime)
    if start < 0:
        sys.exit(f"{artifact['name']}: what runs is no part of what creates it")
    name = artifact["name"]
    lines = "".join(
        f"            {creation.hex()[at:at + WIDTH]}\\\n" for at in range(0, len(creation.hex()), WIDTH)).rstrip("\\\n")
    return f'''// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.
//
// Made by Scripts/contracts from Contracts/Vyper/artifacts/{name}.json, {artifact["compiler"]}. Not to be edited.

extension CompiledContract {{
    static let {name[0].lower() + name[1:] if not name.startswith("ERC") else "erc" + name[3:]} = CompiledContract(
        name: "{name}", compiler: "{artifact["compiler"]}",
        functions: [
{functions(artifact)}
        ],
        runtime: {start}..<{start + len(runtime)},
        creation: """
{lines}
            """)
}}
'''


def functions(artifact):
    """The names of what changes something, by selector."""
    found = {
        function_abi_to_4byte_selector(entry).hex(): entry["name"] for entry in artifact["abi"]
        if entry["type"] == "function" and entry["stateMutability"] in ("nonpayable", "payable")}
    lines = [f'            "{selector}": "{name}"' for selector, name in sorted(found.items())]
    # As the formatter has it.
    return ",\n".join(lines) + ("," if len(lines) > 1 else "")


def main():
    stale = []
    for name in DEPLOYED:
        artifact = HERE / "artifacts" / f"{name}.json"
        if not artifact.exists():
            continue
        made, target = text(json.loads(artifact.read_text())), TARGET / f"CompiledContract+{name}.swift"
        if sys.argv[1:] == ["--check"]:
            if not target.exists() or target.read_text() != made:
                stale.append(target.name)
        else:
            TARGET.mkdir(exist_ok=True)
            target.write_text(made)
    if stale:
        sys.exit("Swift sources differ from the artifacts: " + ", ".join(stale))


if __name__ == "__main__":
    main()
