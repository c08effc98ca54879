# SPDX-License-Identifier: Apache-2.0
"""The contract x402BatchSettlement at calldata level, check by check in its own order."""
from eth_abi import encode
from eth_utils import keccak

from contracts import (
    CLAIMS, CONFIG, CONFIG_TYPE, ENTRY_TYPE, LONGEST_DELAY, PAYER, PAYER_AUTHORIZER, RECEIVER, RECEIVER_AUTHORIZER,
    SHORTEST_DELAY, TOKEN, U128, WITHDRAW_DELAY, ZERO, Channel, Contract, Revert, digest, domain, external, is_signed,
    recover, struct)


class Settlement(Contract):
    def __init__(self, chain, address):
        super().__init__(chain, address)
        self.separator = domain("x402 Batch Settlement", "1", chain.id, address)

    # What is signed

    def identify(self, config):
        return digest(self.separator, keccak(keccak(text=CONFIG_TYPE) + encode([CONFIG], [config])))

    @external(f"getChannelId({CONFIG})", "bytes32")
    def channel_id(self, _, config):
        return [self.identify(config)]

    @external("getVoucherDigest(bytes32,uint128)", "bytes32")
    def voucher_digest(self, _, channel, ceiling):
        declaration = "Voucher(bytes32 channelId,uint128 maxClaimableAmount)"
        return [digest(self.separator, struct(declaration, ["bytes32", "uint128"], [channel, ceiling]))]

    @external("getRefundDigest(bytes32,uint256,uint128)", "bytes32")
    def refund_digest(self, _, channel, nonce, amount):
        declaration = "Refund(bytes32 channelId,uint256 nonce,uint128 amount)"
        hashed = struct(declaration, ["bytes32", "uint256", "uint128"], [channel, nonce, amount])
        return [digest(self.separator, hashed)]

    @external(f"getClaimBatchDigest({CLAIMS})", "bytes32")
    def claim_digest(self, _, claims):
        entries = b"".join(
            struct(ENTRY_TYPE, ["bytes32", "uint128", "uint128"], [self.identify(config), ceiling, total])
            for (config, ceiling), _signature, total in claims)
        declaration = f"ClaimBatch(ClaimEntry[] claims){ENTRY_TYPE}"
        return [digest(self.separator, struct(declaration, ["bytes32"], [keccak(entries)]))]

    @external("eip712Domain()", "bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]")
    def eip712_domain(self, _):
        return [b"\x0f", "x402 Batch Settlement", "1", self.chain.id, self.address, bytes(32), []]

    # What is kept

    def channel(self, config):
        channel = self.identify(config)
        return channel, self.state.channels.setdefault(channel, Channel(config))

    def kept(self, channel):
        return self.state.channels.get(channel, Channel(()))

    @external("channels(bytes32)", "uint128", "uint128")
    def channels(self, _, channel):
        return [self.kept(channel).balance, self.kept(channel).claimed]

    @external("pendingWithdrawals(bytes32)", "uint128", "uint40")
    def pending_withdrawals(self, _, channel):
        return [self.kept(channel).withdrawal, self.kept(channel).withdrawal_asked]

    @external("refundNonce(bytes32)", "uint256")
    def refund_nonce(self, _, channel):
        return [self.kept(channel).refund_nonce]

    @external("receivers(address,address)", "uint128", "uint128")
    def receivers(self, _, receiver, token):
        return self.state.receivers.get((receiver, token), [0, 0])

    # Money in

    @external(f"deposit({CONFIG},uint128,address,bytes)")
    def deposit(self, sender, config, amount, collector, data):
        if ZERO in (config[PAYER], config[RECEIVER], config[RECEIVER_AUTHORIZER], config[TOKEN]):
            raise Revert("InvalidChannel()")
        if not SHORTEST_DELAY <= config[WITHDRAW_DELAY] <= LONGEST_DELAY:
            raise Revert("WithdrawDelayOutOfRange()")
        if amount == 0:
            raise Revert("ZeroDeposit()")
        if collector == ZERO:
            raise Revert("InvalidCollector()")
        identifier, channel = self.channel(config)
        if channel.balance + amount > U128:
            raise Revert("DepositOverflow()")
        channel.balance += amount
        money = self.chain.contracts.get(config[TOKEN])
        if not hasattr(money, "balance_of"):
            raise Revert("")
        held, = money.balance_of(self.address, self.address)
        collect = keccak(text="collect(address,address,uint256,bytes32,bytes)")[:4] + encode(
            ["address", "address", "uint256", "bytes32", "bytes"],
            [config[PAYER], config[TOKEN], amount, identifier, data])
        self.chain.contract_call(self.address, collector, collect)
        if money.balance_of(self.address, self.address) != [held + amount]:
            raise Revert("DepositCollectionFailed()")
        if channel.balance == amount and channel.claimed == 0:
            self.emit(f"ChannelCreated(bytes32,{CONFIG})", [("bytes32", identifier)], [CONFIG], [config])
        self.emit("Deposited(bytes32,address,uint128,uint128)", [("bytes32", identifier), ("address", sender)],
                  ["uint128", "uint128"], [amount, channel.balance])

    # Money to the receiver

    @external(f"claim({CLAIMS})")
    def claim(self, sender, claims):
        if not claims:
            raise Revert("EmptyBatch()")
        for row in claims:
            if sender not in (row[0][0][RECEIVER], row[0][0][RECEIVER_AUTHORIZER]):
                raise Revert("NotAuthorizedToClaim()")
            self.take(sender, *row)

    @external(f"claimWithSignature({CLAIMS},bytes)")
    def claim_with_signature(self, sender, claims, signature):
        if not claims:
            raise Revert("EmptyBatch()")
        authorizer = claims[0][0][0][RECEIVER_AUTHORIZER]
        if not is_signed(*self.claim_digest(sender, claims), signature, authorizer):
            raise Revert("InvalidSignature()")
        for row in claims:
            if row[0][0][RECEIVER_AUTHORIZER] != authorizer:
                raise Revert("NotReceiverAuthorizer()")
            self.take(sender, *row)

    def take(self, sender, voucher, signature, total):
        """One row of a claim; what was claimed before is passed over, its signature unseen."""
        config, ceiling = voucher
        identifier = self.identify(config)
        channel = self.kept(identifier)
        if total <= channel.claimed:
            return
        if total > ceiling:
            raise Revert("ClaimExceedsCeiling()")
        if total > channel.balance:
            raise Revert("ClaimExceedsBalance()")
        hashed, = self.voucher_digest(sender, identifier, ceiling)
        if config[PAYER_AUTHORIZER] != ZERO:
            is_good = recover(hashed, signature) == config[PAYER_AUTHORIZER]
        else:
            is_good = is_signed(hashed, signature, config[PAYER])
        if not is_good:
            raise Revert("InvalidSignature()")
        claimed, channel.claimed = total - channel.claimed, total
        self.state.receivers.setdefault((config[RECEIVER], config[TOKEN]), [0, 0])[0] += claimed
        self.emit("Claimed(bytes32,address,uint128,uint128)", [("bytes32", identifier), ("address", sender)],
                  ["uint128", "uint128"], [claimed, total])

    @external("settle(address,address)")
    def settle(self, sender, receiver, token):
        sums = self.state.receivers.get((receiver, token), [0, 0])
        amount = sums[0] - sums[1]
        if amount == 0:
            return
        sums[1] = sums[0]
        self.chain.contracts[token].move(self.address, receiver, amount)
        self.emit("Settled(address,address,address,uint128)",
                  [("address", receiver), ("address", token), ("address", sender)], ["uint128"], [amount])

    # Money back to the payer

    @external(f"initiateWithdraw({CONFIG},uint128)")
    def initiate_withdraw(self, sender, config, amount):
        if sender not in (config[PAYER], config[PAYER_AUTHORIZER]):
            raise Revert("InvalidChannel()")
        if amount == 0:
            raise Revert("NothingToWithdraw()")
        identifier = self.identify(config)
        channel = self.kept(identifier)
        if channel.withdrawal_asked:
            raise Revert("WithdrawalAlreadyPending()")
        if amount > channel.balance - channel.claimed:
            raise Revert("WithdrawAmountExceedsAvailable()")
        channel.withdrawal, channel.withdrawal_asked = amount, self.chain.now
        self.emit("WithdrawInitiated(bytes32,uint128,uint40)", [("bytes32", identifier)], ["uint128", "uint40"],
                  [amount, self.chain.now + config[WITHDRAW_DELAY]])

    @external(f"finalizeWithdraw({CONFIG})")
    def finalize_withdraw(self, sender, config):
        if sender not in (config[PAYER], config[PAYER_AUTHORIZER]):
            raise Revert("NotAuthorizedToFinalizeWithdraw()")
        identifier = self.identify(config)
        channel = self.kept(identifier)
        if not channel.withdrawal_asked:
            raise Revert("WithdrawalNotPending()")
        if self.chain.now < channel.withdrawal_asked + config[WITHDRAW_DELAY]:
            raise Revert("WithdrawDelayNotElapsed()")
        amount = min(channel.withdrawal, channel.balance - channel.claimed)
        channel.withdrawal = channel.withdrawal_asked = 0
        self.pay_back(sender, "WithdrawFinalized", identifier, channel, config, amount)

    @external(f"refund({CONFIG},uint128)")
    def refund(self, sender, config, amount):
        if sender not in (config[RECEIVER], config[RECEIVER_AUTHORIZER]):
            raise Revert("NotAuthorizedToRefund()")
        self.give_back(sender, config, amount)

    @external(f"refundWithSignature({CONFIG},uint128,uint256,bytes)")
    def refund_with_signature(self, sender, config, amount, nonce, signature):
        identifier = self.identify(config)
        if nonce != self.kept(identifier).refund_nonce:
            raise Revert("InvalidRefundNonce()")
        hashed, = self.refund_digest(sender, identifier, nonce, amount)
        if not is_signed(hashed, signature, config[RECEIVER_AUTHORIZER]):
            raise Revert("InvalidSignature()")
        self.give_back(sender, config, amount)

    def give_back(self, sender, config, amount):
        if amount == 0:
            raise Revert("ZeroRefund()")
        identifier, channel = self.channel(config)
        channel.refund_nonce += 1
        amount = min(amount, channel.balance - channel.claimed)
        if amount == 0:
            return
        if amount >= channel.withdrawal:
            channel.withdrawal = channel.withdrawal_asked = 0
        else:
            channel.withdrawal -= amount
        self.pay_back(sender, "Refunded", identifier, channel, config, amount)

    def pay_back(self, sender, event, identifier, channel, config, amount):
        channel.balance -= amount
        self.emit(f"{event}(bytes32,address,uint128)", [("bytes32", identifier), ("address", sender)], ["uint128"],
                  [amount])
        if channel.balance == 0 and channel.claimed == 0:
            self.emit(f"ChannelClosed(bytes32,{CONFIG})", [("bytes32", identifier)], [CONFIG], [config])
        if amount:
            self.chain.contracts[config[TOKEN]].move(self.address, config[PAYER], amount)

    @external("multicall(bytes[])", "bytes[]")
    def multicall(self, sender, calls):
        return [[self.call(sender, data) for data in calls]]
