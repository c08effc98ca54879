# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
"""A contract that does what tests of the chain want to see done."""

event Stored:
    who: indexed(address)
    value: uint256
    note: String[32]

value: public(uint256)
values: public(HashMap[uint256, uint256])
owner: public(immutable(address))


@deploy
def __init__(first: uint256):
    owner = msg.sender
    self.value = first


@external
@payable
def store(amount: uint256):
    self.value = amount
    log Stored(who=msg.sender, value=amount, note="stored")


@external
def fill(count: uint256):
    for index: uint256 in range(count, bound=10000):
        self.values[index] = index + 1


@external
def clear(count: uint256):
    for index: uint256 in range(count, bound=10000):
        self.values[index] = 0


@external
def refuse():
    raise "stale"


@external
def refuse_with(number: uint256):
    raw_revert(abi_encode(number, msg.sender, method_id=method_id("Stale(uint256,address)")))


@external
def spin():
    for index: uint256 in range(max_value(uint256)):
        pass


@external
@view
def around() -> (uint256, uint256, uint256, uint256):
    return block.number, block.timestamp, block.basefee, chain.id


@external
@view
def earlier(number: uint256) -> bytes32:
    return blockhash(number)


@external
@nonreentrant
def into(target: address):
    raw_call(target, abi_encode(target, method_id=method_id("into(address)")))
