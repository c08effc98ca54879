# SPDX-License-Identifier: Apache-2.0
"""Kills, starves and floods real nodes on real stores, and looks whether anything was lost; see Scripts/torture."""
import argparse
import asyncio
import pathlib
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))

import node  # noqa: E402
import scenarios  # noqa: E402
import points  # noqa: E402, F401  (a scenario too)
from payer import Short, Violation  # noqa: E402


async def play(name, options):
    """Plays one scenario, and prints its line. Returns whether all held."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"farthing-torture-{name}-"))
    stage = scenarios.Stage(name, folder, random.Random(f"{options.seed} {name}"), options)
    start = time.monotonic()
    try:
        told = await scenarios.ALL[name](stage)
        verdict = "ok"
    except Violation as violation:
        verdict, told = "VIOLATED", f"{violation}"
    except Short as short:
        verdict, told = "SHORT", f"{short}"
    except Exception:  # a scenario that breaks has shown nothing
        verdict, told = "BROKEN", traceback.format_exc()
    finally:
        await stage.close()
    print(f"{name:10}  {verdict:8}  {time.monotonic() - start:6.0f} s  {told}", flush=True)
    if verdict == "ok":
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"{'':10}  seed {options.seed}; what is left of it lies in {folder}", flush=True)
    return verdict == "ok"


def main():
    parser = argparse.ArgumentParser(prog="Scripts/torture")
    parser.add_argument("--only", nargs="+", choices=list(scenarios.ALL), help="these scenarios alone")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--scale", type=float, default=1.0,
                        help="1 is the long form: 1,000 kills, 10,000 connections, 1,000,000 bad requests")
    parser.add_argument("--minutes", type=float, default=30,
                        help="the most that one scenario may take; one that is not done by then fails as short")
    parser.add_argument("--ready", type=float, default=10,
                        help="the most seconds that a start may take; a machine that does much else may need more")
    parser.add_argument("--quiet", action="store_true", help="no progress, only a line for each scenario")
    options = parser.parse_args()
    node.READY_SECONDS = options.ready
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(f"seed {options.seed}, with {scenarios.program()}", flush=True)
    went_well = [asyncio.run(play(name, options)) for name in options.only or scenarios.ALL]
    print(f"{len(went_well)} scenarios, {went_well.count(False)} failed", flush=True)
    return 0 if all(went_well) else 1


if __name__ == "__main__":
    sys.exit(main())
