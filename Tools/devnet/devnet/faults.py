# SPDX-License-Identifier: Apache-2.0
"""What can be made to go wrong at one endpoint, while the chain behind it goes on as ever."""
import time
from dataclasses import asdict, dataclass

from ethereum.crypto.hash import keccak256

from .errors import REFUSED, BadParameters

KINDS = ("timeout", "slow", "close", "cut", "http", "garbage", "error", "wrong", "empty", "drop", "stale")
CONTROL = ("devnet_", "evm_", "anvil_", "hardhat_")
MOST_FAULTS = 100


@dataclass
class Fault:
    method: str
    kind: str
    count: int | None = 1
    """How many requests it hits; none means all, until faults are cleared."""
    after: int = 0
    """How many requests it lets pass first."""
    delay: float = 30.0
    status: int = 503
    code: int = REFUSED
    message: str = "injected fault"
    data: object = None
    blocks: int = 10
    value: object = None
    has_value: bool = False

    def shown(self):
        return {name: value for name, value in asdict(self).items() if name != "has_value"}


class Breakdown(Exception):
    """The connection has to do something else than to carry the answer."""

    def __init__(self, fault):
        super().__init__(fault.kind)
        self.fault = fault


class Faults:
    def __init__(self):
        self.planned = []

    def add(self, fault):
        if len(self.planned) >= MOST_FAULTS:
            raise BadParameters("too many faults")
        self.planned.append(fault)

    def take(self, method):
        """The fault that hits a request, if one does. Methods that control the chain are never hit by `*`."""
        for fault in self.planned:
            if fault.method != method and (fault.method != "*" or method.startswith(CONTROL)):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.count is not None:
                fault.count -= 1
                if fault.count <= 0:
                    self.planned.remove(fault)
            return fault
        return None


def wait(fault):
    """For `slow` and `timeout`: outside of the lock, so that nobody else waits."""
    time.sleep(fault.delay)


def dropped(raw):
    """What a node says that has taken a transaction and will never tell anybody of it."""
    return "0x" + keccak256(raw).hex()


def wrong(result):
    """A lie that looks like the truth: another amount, a failed receipt, a log left out, another hash."""
    if isinstance(result, bool):
        return not result
    if isinstance(result, str):
        return wrong_text(result)
    if isinstance(result, list):
        return result[:-1] if result else ["0x" + "ab" * 32]
    if isinstance(result, dict):
        return wrong_object(result)
    return "0x1"


def wrong_text(text):
    if not text.startswith("0x") or len(text) <= 2:
        return text + "1" if text.isdigit() else "0x" + "00" * 31 + "2a"
    if len(text) % 2 == 0 and len(text) >= 42:
        return text[:-2] + f"{int(text[-2:], 16) ^ 1:02x}"
    return hex(int(text, 16) + 1) if len(text) < 66 else text[:-1] + "1"


def wrong_object(value):
    lie = dict(value)
    if "status" in lie:
        lie["status"] = "0x0" if lie["status"] == "0x1" else "0x1"
        lie["logs"] = [] if lie["status"] == "0x0" else lie["logs"]
    elif lie.get("hash"):
        lie["hash"] = wrong_text(lie["hash"])
    else:
        for key, inner in lie.items():
            if isinstance(inner, str):
                lie[key] = wrong_text(inner)
                break
    return lie
