#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles the contracts of `src` into `artifacts`, and adds to each interface the errors that its source names.

    compilation.py [NAME …]            compiles all, or some
    compilation.py --check [NAME …]    compiles, and fails where what is committed differs
"""
import argparse
import hashlib
import json
import pathlib
import re
import sys

import vyper
from vyper.compiler import compile_from_file_input
from vyper.compiler.input_bundle import FilesystemInputBundle

HERE = pathlib.Path(__file__).resolve().parent
SOURCES, ARTIFACTS = HERE / "src", HERE / "artifacts"
EVM = "prague"  # the newest that this compiler knows; what it makes runs on Osaka as it is
ERROR = re.compile(r'method_id\(\s*"([A-Z]\w*)\(([^"]*)\)"')
ALSO = re.compile(r"^# also: (.*)$", re.MULTILINE)
IMPORT = re.compile(r"^(?:from \. )?import (\w+)", re.MULTILINE)


def sources(path):
    """A source and those beside it that it imports, in the order in which they are named."""
    found = [path]
    for current in found:
        for name in IMPORT.findall(current.read_text()):
            other = current.parent / f"{name}.vy"
            if other.exists() and other not in found:
                found.append(other)
    return found


def errors(paths):
    """The errors that are thrown with `raw_revert`: the language has no word for them, so its interface lacks them."""
    named = {match for path in paths for match in ERROR.findall(path.read_text())}
    return [
        {"type": "error", "name": name, "inputs": [{"name": "", "type": part} for part in types.split(",") if part]}
        for name, types in sorted(named)]


def dispatched(path, abi):
    """The functions that a source answers in `__default__`. A struct is that of another function's value so named."""
    known = {value["name"]: value for entry in abi for value in entry.get("inputs", [])}
    text = re.sub(r"(?<=,)\s+", "", "\n".join(ALSO.findall(path.read_text())))
    for name, values in re.findall(r"(\w+)\(([^)]*)\)", text):
        inputs = [dict(zip(("type", "name"), value.split())) for value in values.split(",")]
        inputs = [known[value["name"]] if value["type"][0].isupper() else value for value in inputs]
        yield {"type": "function", "name": name, "stateMutability": "nonpayable", "inputs": inputs, "outputs": []}


def compile_source(path):
    bundle = FilesystemInputBundle([path.parent])
    source = bundle.load_file(pathlib.PurePath(path.name))
    made = compile_from_file_input(
        source, input_bundle=bundle, output_formats=["abi", "bytecode", "bytecode_runtime", "layout"])
    paths = sources(path)
    return {
        "name": path.stem,
        "compiler": f"vyper {vyper.__version__.split('+')[0]}",
        "evm": EVM,
        "sources": {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in paths},
        "abi": made["abi"] + list(dispatched(path, made["abi"])) + errors(paths),
        "layout": made["layout"],
        "bytecode": made["bytecode"],
        "bytecode_runtime": made["bytecode_runtime"],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("names", nargs="*")
    chosen = parser.parse_args()
    paths = [p for p in sorted(SOURCES.glob("*.vy")) if not chosen.names or p.stem in chosen.names]
    for name in set(chosen.names) - {p.stem for p in paths}:
        sys.exit(f"there is no contract {name}")
    stale = []
    for path in paths:
        if f"# pragma evm-version {EVM}" not in path.read_text():
            sys.exit(f"{path.name} must name its EVM: # pragma evm-version {EVM}")
        text = json.dumps(compile_source(path), indent=1) + "\n"
        target = ARTIFACTS / f"{path.stem}.json"
        if chosen.check:
            if not target.exists() or target.read_text() != text:
                stale.append(target.name)
        else:
            ARTIFACTS.mkdir(exist_ok=True)
            target.write_text(text)
    if chosen.check:
        stale += sorted(p.name for p in ARTIFACTS.glob("*.json") if not (SOURCES / f"{p.stem}.vy").exists())
        if stale:
            sys.exit("artifacts differ from what their sources give: " + ", ".join(stale))


if __name__ == "__main__":
    main()
