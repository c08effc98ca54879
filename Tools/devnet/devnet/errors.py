# SPDX-License-Identifier: Apache-2.0
"""What a node refuses, with the codes and the texts of the node that most others are measured by (geth)."""

REVERTED, REFUSED, LIMIT_EXCEEDED = 3, -32000, -32005
PARSE_ERROR, BAD_REQUEST, UNKNOWN_METHOD, BAD_PARAMETERS, INTERNAL = -32700, -32600, -32601, -32602, -32603


class Refused(Exception):
    """A request that a node answers with an error."""

    def __init__(self, text, code=REFUSED, data=None):
        super().__init__(text)
        self.code, self.data = code, data


class BadParameters(Refused):
    def __init__(self, text):
        super().__init__(text, BAD_PARAMETERS)


class Reverted(Refused):
    """A call that its contract refused; `output` is what the contract said."""

    def __init__(self, output):
        super().__init__("execution reverted" + reason(output), REVERTED, "0x" + output.hex())
        self.output = output


def reason(output):
    """The text of a revert, as far as it can be known without the contract's ABI."""
    if output[:4] == b"\x08\xc3\x79\xa0" and len(output) >= 68:
        size = int.from_bytes(output[36:68], "big")
        return ": " + output[68:68 + size].decode("utf-8", "replace")
    if output[:4] == b"\x4e\x48\x7b\x71" and len(output) >= 36:
        return f": panic code 0x{int.from_bytes(output[4:36], 'big'):02x}"
    return ""
