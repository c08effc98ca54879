# SPDX-License-Identifier: Apache-2.0
"""The contracts of x402 batch-settlement at calldata level: what they take, keep, refuse, emit and answer.

Not an EVM: Python that follows the Solidity rule by rule and in its order, so that a peer sees the same answers. Here
are x402BatchSettlement, its collectors for ERC-3009 and Permit2, Permit2 itself (nonces and witness transfers),
Multicall3 and a USDC. Accounts are keys; no account is a contract. Addresses are lower-case throughout.
"""
import copy
from dataclasses import dataclass, field

from eth_abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_abi.grammar import parse
from eth_keys import keys
from eth_utils import keccak

SETTLEMENT = "0x4020074e9df2ce1dee5a9c1b5c3f541d02a10003"
ERC3009_COLLECTOR = "0x4020806089470a89826cb9fb1f4059150b550004"
PERMIT2_COLLECTOR = "0x4020425faf3b746c082c2f942b4e5159887b0005"
PERMIT2 = "0x000000000022d473030f116ddee9f6b43ac78ba3"
MULTICALL3 = "0xca11bde05977b3631167028862be2a173976ca11"
USDC = "0x036cbd53842c5426634e7929541ec2318f3dcf7e"
ZERO = "0x" + "00" * 20

CONFIG = "(address,address,address,address,address,uint40,bytes32)"
PAYER, PAYER_AUTHORIZER, RECEIVER, RECEIVER_AUTHORIZER, TOKEN, WITHDRAW_DELAY, _SALT = range(7)
CLAIMS = f"(({CONFIG},uint128),bytes,uint128)[]"
AUTHORIZATION = "address,address,uint256,uint256,uint256,bytes32"
SHORTEST_DELAY, LONGEST_DELAY = 900, 2_592_000
U128 = 2**128 - 1
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0

CONFIG_TYPE = (
    "ChannelConfig(address payer,address payerAuthorizer,address receiver,address receiverAuthorizer,address token,"
    "uint40 withdrawDelay,bytes32 salt)")
ENTRY_TYPE = "ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)"
PERMISSIONS_TYPE = "TokenPermissions(address token,uint256 amount)"
WITNESS_TYPE = "DepositWitness(bytes32 channelId)"
PERMIT_TYPE = (
    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
    f"DepositWitness witness){WITNESS_TYPE}{PERMISSIONS_TYPE}")


class Revert(Exception):
    """A refusal, with the data that a contract returns then."""

    def __init__(self, error, *values):
        super().__init__(error)
        types = error[error.index("(") + 1:-1] if error else ""
        self.data = keccak(text=error)[:4] + encode(types.split(","), values) if types else (
            keccak(text=error)[:4] if error else b"")


class Refusal(Revert):
    """A `require` with a text."""

    def __init__(self, text):
        super().__init__("Error(string)", text)
        self.args = (text,)


@dataclass
class Channel:
    config: tuple
    balance: int = 0
    claimed: int = 0
    withdrawal: int = 0
    withdrawal_asked: int = 0
    refund_nonce: int = 0


@dataclass
class State:
    """All that the contracts keep."""

    balances: dict = field(default_factory=dict)
    allowances: dict = field(default_factory=dict)
    authorizations: set = field(default_factory=set)
    permit2_nonces: set = field(default_factory=set)
    channels: dict = field(default_factory=dict)
    receivers: dict = field(default_factory=dict)  # what was claimed, and what was settled of that


def struct(declaration, types, values):
    return keccak(keccak(text=declaration) + encode(types, values))


def domain(name, version, chain, contract):
    """The EIP-712 domain separator; Permit2 has no version."""
    if version is None:
        declaration = "EIP712Domain(string name,uint256 chainId,address verifyingContract)"
        return struct(declaration, ["bytes32", "uint256", "address"], [keccak(text=name), chain, contract])
    declaration = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    return struct(
        declaration, ["bytes32", "bytes32", "uint256", "address"],
        [keccak(text=name), keccak(text=version), chain, contract])


def digest(separator, hashed):
    return keccak(b"\x19\x01" + separator + hashed)


def recover(hashed, signature):
    """As OpenZeppelin's ECDSA.recover does: 65 bytes, v 27 or 28, low s, or one of its own errors."""
    if len(signature) != 65:
        raise Revert("ECDSAInvalidSignatureLength(uint256)", len(signature))
    if int.from_bytes(signature[32:64], "big") > HALF_ORDER:
        raise Revert("ECDSAInvalidSignatureS(bytes32)", signature[32:64])
    if signature[64] not in (27, 28):
        raise Revert("ECDSAInvalidSignature()")
    try:
        signed = keys.Signature(signature[:64] + bytes([signature[64] - 27]))
        return signed.recover_public_key_from_msg_hash(hashed).to_address()
    except Exception:  # the library has several, for r or s out of range and for points off the curve
        raise Revert("ECDSAInvalidSignature()") from None


def is_signed(hashed, signature, signer):
    """As OpenZeppelin's SignatureChecker does for an account that is a key."""
    try:
        return recover(hashed, signature) == signer
    except Revert:
        return False


def types_of(signature):
    types = signature[signature.index("("):]
    return [] if types == "()" else [part.to_type_str() for part in parse(types).components]


def external(signature, *returns):
    """A function that can be called from outside, under its selector."""

    def mark(function):
        function.selector, function.name = keccak(text=signature)[:4], signature[:signature.index("(")]
        function.takes, function.returns = types_of(signature), returns
        return function

    return mark


class Contract:
    """One contract of a chain; what it keeps is in the chain's state."""

    def __init__(self, chain, address):
        self.chain, self.address = chain, address
        functions = [getattr(self, name) for name in dir(type(self)) if hasattr(getattr(type(self), name), "selector")]
        self.functions = {function.selector: function for function in functions}

    @property
    def state(self):
        return self.chain.state

    def call(self, sender, data):
        function = self.functions.get(data[:4])
        if function is None:
            raise Revert("")
        try:
            arguments = decode(function.takes, data[4:])
        except DecodingError:
            raise Revert("") from None
        answer = function(sender, *arguments)
        return encode(function.returns, answer) if function.returns else b""

    def emit(self, event, indexed, types=(), values=()):
        topics = [keccak(text=event)] + [encode([kind], [value]) for kind, value in indexed]
        self.chain.emitted.append((self.address, topics, encode(types, values)))


class Token(Contract):
    """A USDC: ERC-20, and ERC-3009 as FiatToken 2.2 has it."""

    def __init__(self, chain, address):
        super().__init__(chain, address)
        self.separator = domain("USDC", "2", chain.id, address)

    @external("name()", "string")
    def name(self, _):
        return ["USDC"]

    @external("symbol()", "string")
    def symbol(self, _):
        return ["USDC"]

    @external("version()", "string")
    def version(self, _):
        return ["2"]

    @external("decimals()", "uint8")
    def decimals(self, _):
        return [6]

    @external("DOMAIN_SEPARATOR()", "bytes32")
    def domain_separator(self, _):
        return [self.separator]

    @external("balanceOf(address)", "uint256")
    def balance_of(self, _, owner):
        return [self.state.balances.get(owner, 0)]

    @external("allowance(address,address)", "uint256")
    def allowance(self, _, owner, spender):
        return [self.state.allowances.get((owner, spender), 0)]

    @external("approve(address,uint256)", "bool")
    def approve(self, sender, spender, amount):
        self.state.allowances[sender, spender] = amount
        self.emit("Approval(address,address,uint256)", [("address", sender), ("address", spender)], ["uint256"],
                  [amount])
        return [True]

    @external("transfer(address,uint256)", "bool")
    def transfer(self, sender, recipient, amount):
        return [self.move(sender, recipient, amount)]

    @external("transferFrom(address,address,uint256)", "bool")
    def transfer_from(self, sender, owner, recipient, amount):
        left = self.state.allowances.get((owner, sender), 0) - amount
        if left < 0:
            raise Refusal("ERC20: transfer amount exceeds allowance")
        self.state.allowances[owner, sender] = left
        return [self.move(owner, recipient, amount)]

    @external("authorizationState(address,bytes32)", "bool")
    def authorization_state(self, _, owner, nonce):
        return [(owner, nonce) in self.state.authorizations]

    @external(f"transferWithAuthorization({AUTHORIZATION},bytes)")
    def transfer_with_authorization(self, _, *signed):
        self.authorized("TransferWithAuthorization", *signed)

    @external(f"transferWithAuthorization({AUTHORIZATION},uint8,bytes32,bytes32)")
    def transfer_with_authorization_in_parts(self, _, *signed):
        *terms, v, r, s = signed
        self.authorized("TransferWithAuthorization", *terms, r + s + bytes([v]))

    @external(f"receiveWithAuthorization({AUTHORIZATION},bytes)")
    def receive_with_authorization(self, sender, *signed):
        if sender != signed[1]:
            raise Refusal("FiatTokenV2: caller must be the payee")
        self.authorized("ReceiveWithAuthorization", *signed)

    def authorized(self, kind, owner, recipient, amount, after, before, nonce, signature):
        if self.chain.now <= after:
            raise Refusal("FiatTokenV2: authorization is not yet valid")
        if self.chain.now >= before:
            raise Refusal("FiatTokenV2: authorization is expired")
        if (owner, nonce) in self.state.authorizations:
            raise Refusal("FiatTokenV2: authorization is used or canceled")
        declaration = (
            f"{kind}(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)")
        hashed = struct(declaration, AUTHORIZATION.split(","), [owner, recipient, amount, after, before, nonce])
        if not is_signed(digest(self.separator, hashed), signature, owner):
            raise Refusal("FiatTokenV2: invalid signature")
        self.state.authorizations.add((owner, nonce))
        self.emit("AuthorizationUsed(address,bytes32)", [("address", owner), ("bytes32", nonce)])
        self.move(owner, recipient, amount)

    def move(self, owner, recipient, amount):
        balances = self.state.balances
        if balances.get(owner, 0) < amount:
            raise Refusal("ERC20: transfer amount exceeds balance")
        balances[owner] -= amount
        self.credit(owner, recipient, amount)
        return True

    def credit(self, owner, recipient, amount):
        self.state.balances[recipient] = self.state.balances.get(recipient, 0) + amount
        self.emit("Transfer(address,address,uint256)", [("address", owner), ("address", recipient)], ["uint256"],
                  [amount])


class Permit2(Contract):
    """Uniswap's Permit2, as far as a deposit goes through it."""

    def __init__(self, chain, address):
        super().__init__(chain, address)
        self.separator = domain("Permit2", None, chain.id, address)

    @external("nonceBitmap(address,uint256)", "uint256")
    def nonce_bitmap(self, _, owner, word):
        return [sum(1 << bit for bit in range(256) if (owner, word << 8 | bit) in self.state.permit2_nonces)]

    def transfer(self, spender, owner, token, amount, nonce, deadline, channel, signature):
        """permitWitnessTransferFrom of all that is permitted, from owner to the settlement contract."""
        if self.chain.now > deadline:
            raise Revert("SignatureExpired(uint256)", deadline)
        if (owner, nonce) in self.state.permit2_nonces:
            raise Revert("InvalidNonce()")
        self.state.permit2_nonces.add((owner, nonce))
        permissions = struct(PERMISSIONS_TYPE, ["address", "uint256"], [token, amount])
        witness = struct(WITNESS_TYPE, ["bytes32"], [channel])
        hashed = struct(PERMIT_TYPE, ["bytes32", "address", "uint256", "uint256", "bytes32"],
                        [permissions, spender, nonce, deadline, witness])
        if not is_signed(digest(self.separator, hashed), signature, owner):
            raise Revert("InvalidSigner()")
        try:
            self.chain.contracts[token].transfer_from(self.address, owner, SETTLEMENT, amount)
        except Revert:
            raise Refusal("TRANSFER_FROM_FAILED") from None


class Collector(Contract):
    """Fetches the money of a deposit, for the settlement contract alone."""

    @external("collect(address,address,uint256,bytes32,bytes)")
    def collect(self, sender, payer, token, amount, channel, data):
        if sender != SETTLEMENT:
            raise Revert("OnlyX402BatchSettlement()")
        try:
            self.fetch(payer, token, amount, channel, data)
        except DecodingError:
            raise Revert("") from None


class ERC3009Collector(Collector):
    def fetch(self, payer, token, amount, channel, data):
        after, before, salt, signature = decode(["uint256", "uint256", "uint256", "bytes"], data)
        nonce = keccak(encode(["bytes32", "uint256"], [channel, salt]))
        money = self.chain.contracts[token]
        money.receive_with_authorization(self.address, payer, self.address, amount, after, before, nonce, signature)
        money.move(self.address, SETTLEMENT, amount)


class Permit2Collector(Collector):
    """Without the EIP-2612 permit that may precede: the payer has approved Permit2 before."""

    def fetch(self, payer, token, amount, channel, data):
        nonce, deadline, signature, _ = decode(["uint256", "uint256", "bytes", "bytes"], data)
        self.chain.contracts[PERMIT2].transfer(
            self.address, payer, token, amount, nonce, deadline, channel, signature)


class Multicall3(Contract):
    @external("tryAggregate(bool,(address,bytes)[])", "(bool,bytes)[]")
    def try_aggregate(self, _, is_all_required, calls):
        answers = []
        for target, data in calls:
            kept, emitted = copy.deepcopy(self.chain.state), len(self.chain.emitted)
            try:
                answers.append((True, self.chain.contract_call(self.address, target, data)))
            except Revert as revert:
                if is_all_required:
                    raise Refusal("Multicall3: call failed") from None
                self.chain.state = kept
                del self.chain.emitted[emitted:]
                answers.append((False, revert.data))
        return [answers]
