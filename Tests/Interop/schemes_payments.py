# SPDX-License-Identifier: Apache-2.0
"""What a payer signs, hashes and checks in each scheme that fills a purse, written from Specs/ alone.

A class for each of two-way, hash-chain, merkle-token and lottery: its terms, its payments, what it believes of the
payee's answers, and what it should not get away with.
"""
from eth_keys import keys
from eth_utils import keccak, to_checksum_address

from schemes_purse import DAY, Lie, Prepaid, hexed, raw, sign, signer, word


class TwoWay(Prepaid):
    kind, domain_name, closed = "two-way", "Farthing Two-Way", None
    STATE = "TwoWayState(bytes32 channelId,uint64 nonce,uint128 firstBalance,uint128 secondBalance)"
    CLOSE = "TwoWayClose(bytes32 channelId,uint64 nonce,uint128 firstBalance,uint128 secondBalance)"

    def open(self, requests):
        self.deposit, self.challenge = requests * self.price, 900
        self.id = self.domain.digest(
            "TwoWayChannel(address first,address second,address token,uint128 firstDeposit,uint128 secondDeposit,"
            "uint64 challengeSeconds,bytes32 salt)", self.payer, self.authorizer, self.token, self.deposit, 0,
            self.challenge, self.salt)
        self.nonce, self.newest = 0, 0

    def terms(self):
        return {
            "first": to_checksum_address(self.payer), "second": to_checksum_address(self.authorizer),
            "token": to_checksum_address(self.token), "firstDeposit": str(self.deposit), "secondDeposit": "0",
            "challengeSeconds": str(self.challenge), "salt": hexed(self.salt)}

    def state(self, nonce, second, key=None):
        first = self.deposit - second
        digest = self.domain.digest(self.STATE, self.id, nonce, first, second)
        return {
            "nonce": str(nonce), "firstBalance": str(first), "secondBalance": str(second),
            "signature": hexed(sign(key or self.key, digest))}

    def payment(self):
        if self.missing or self.nonce == 0:
            self.given = max(self.given, self.authorised + self.missing)
            self.nonce += 2 if self.nonce else 1
        return self.state(self.nonce, self.given)

    def check(self, state):
        nonce, second = int(state["nonce"]), int(state["secondBalance"])
        if int(state["authorised"]) != second or int(state["firstBalance"]) + second != self.deposit:
            raise Lie(f"balances that do not fit: {state}")
        if nonce == 0 and second == 0 and "signature" not in state and "countersignature" not in state:
            return  # only the base is there
        if (nonce, second) != (self.nonce, self.given):
            raise Lie(f"state {nonce} with {second}, which was not proposed")
        digest = self.domain.digest(self.STATE, self.id, nonce, self.deposit - second, second)
        if signer(digest, raw(state["signature"])) != self.payer:
            raise Lie("not our signature")
        if signer(digest, raw(state["countersignature"])) != self.authorizer:
            raise Lie("not the payee's signature")
        self.newest = nonce

    def check_service(self, _state):
        if self.newest != self.nonce:
            raise Lie("served, and not countersigned")

    def closing(self):
        """The end: the payee has what was charged and delivered."""
        second = self.charged - self.credit
        first = self.deposit - second
        digest = self.domain.digest(self.CLOSE, self.id, self.nonce, first, second)
        return {
            "nonce": str(self.nonce), "firstBalance": str(first), "secondBalance": str(second),
            "closeSignature": hexed(sign(self.key, digest))}

    def misuses(self):
        more = self.given + self.price
        stranger = keys.PrivateKey(keccak(b"a stranger"))
        yield "another state under the same nonce", self.state(self.nonce, more), "invalid_two_way_nonce_taken"
        yield "a stranger's signature", self.state(self.nonce + 2, more, stranger), "invalid_two_way_signature"
        yield "the payee's nonce", self.state(self.nonce + 1, more), "invalid_two_way_wrong_nonce"
        yield "the same state again", self.state(self.nonce, self.given), "invalid_two_way_insufficient"


class HashChain(Prepaid):
    kind, domain_name, closed = "hash-chain", "Farthing Hash Chain", None

    def open(self, requests):
        self.step_amount = self.price * 2 // 5
        self.count = -(-requests * self.price // self.step_amount)
        self.deposit = self.count * self.step_amount
        self.tag = self.domain.digest(
            "HashChainTag(address payer,address receiver,address receiverAuthorizer,address token,uint32 stepCount,"
            "uint128 stepAmount,uint64 expiry,bytes32 salt)", self.payer, self.payee, self.authorizer, self.token,
            self.count, self.step_amount, self.expiry, self.salt)
        step = keccak(sign(self.key, self.domain.digest("HashChainSeed(bytes32 tag)", self.tag)))
        self.steps = [step]
        for index in range(self.count, 0, -1):
            step = keccak(self.tag + word(index) + step)
            self.steps.insert(0, step)
        self.id = self.domain.digest("HashChainChannel(bytes32 tag,bytes32 anchor)", self.tag, self.steps[0])
        self.revealed = 0

    def terms(self):
        return {
            "payer": to_checksum_address(self.payer), "receiver": to_checksum_address(self.payee),
            "receiverAuthorizer": to_checksum_address(self.authorizer), "token": to_checksum_address(self.token),
            "anchor": hexed(self.steps[0]), "stepCount": str(self.count), "stepAmount": str(self.step_amount),
            "expiry": str(self.expiry), "salt": hexed(self.salt)}

    def step(self, index, value=None):
        return {"index": str(index), "step": hexed(value or self.steps[index])}

    def payment(self):
        self.revealed = max(self.revealed, -(-(self.authorised + self.missing) // self.step_amount))
        self.given = self.revealed * self.step_amount
        return self.step(self.revealed)

    def check(self, state):
        index, redeemed = int(state["index"]), int(state["redeemed"])
        if int(state["authorised"]) != index * self.step_amount:
            raise Lie(f"steps that do not fit: {state}")
        if redeemed * self.step_amount > int(state["charged"]) - int(state["credit"]):
            raise Lie(f"more was redeemed than earned: {state}")

    def closing(self):
        """A step that lies after what may be redeemed; the payee's signature says for how many it is paid."""
        self.revealed = min(self.count, self.revealed + 1)
        return self.step(self.revealed)

    def misuses(self):
        after = self.revealed + 3
        yield "a step under another number", self.step(after, self.steps[after - 3]), "invalid_hash_chain_foreign_step"
        yield "a step that is none", self.step(after, keccak(b"forged")), "invalid_hash_chain_foreign_step"
        beyond = self.step(self.count + 1, self.steps[self.revealed])
        yield "a step beyond the end", beyond, "invalid_hash_chain_step_beyond_end"
        yield "the same step again", self.step(self.revealed), "invalid_hash_chain_insufficient"


class MerkleToken(Prepaid):
    kind, domain_name, closed = "merkle-token", "Farthing Merkle Token", "invalid_merkle_token_channel_not_closable"
    #: Who else can be paid out of the same deposit, with the tokens before and behind this payee's.
    OTHER, BEFORE, BEHIND = b"\x77" * 20, 3, 2

    def open(self, requests):
        self.token_amount = self.price * 2 // 5
        own = -(-requests * self.price // self.token_amount)
        self.payees = [self.OTHER] * self.BEFORE + [self.payee] * own + [self.OTHER] * self.BEHIND
        self.count = len(self.payees)
        self.deposit = self.count * self.token_amount
        self.tag = self.domain.digest(
            "MerkleTokenTag(address payer,address token,uint32 tokenCount,uint128 tokenAmount,uint64 expiry,"
            "bytes32 salt)", self.payer, self.token, self.count, self.token_amount, self.expiry, self.salt)
        seed = keccak(sign(self.key, self.domain.digest("MerkleTokenSeed(bytes32 tag)", self.tag)))
        self.secrets = [keccak(b"\x02" + seed + self.tag + index.to_bytes(4, "big")) for index in range(self.count)]
        leaves = [
            keccak(b"\0" + self.tag + payee + index.to_bytes(4, "big") + self.token_amount.to_bytes(16, "big") + secret)
            for index, (payee, secret) in enumerate(zip(self.payees, self.secrets))]
        self.levels = [leaves + [bytes(32)] * ((1 << (self.count - 1).bit_length()) - self.count)]
        while len(below := self.levels[-1]) > 1:
            self.levels.append(
                [keccak(b"\x01" + below[left] + below[left + 1]) for left in range(0, len(below), 2)])
        self.root = self.levels[-1][0]
        self.id = self.domain.digest("MerkleTokenChannel(bytes32 tag,bytes32 root)", self.tag, self.root)
        self.next = self.BEFORE

    def terms(self):
        return {
            "payer": to_checksum_address(self.payer), "token": to_checksum_address(self.token),
            "root": hexed(self.root), "tokenCount": str(self.count), "tokenAmount": str(self.token_amount),
            "expiry": str(self.expiry), "salt": hexed(self.salt)}

    def shown(self, index, secret=None):
        proof = [hexed(level[(index >> height) ^ 1]) for height, level in enumerate(self.levels[:-1])]
        return {
            "index": str(index), "amount": str(self.token_amount), "secret": hexed(secret or self.secrets[index]),
            "proof": proof}

    def payment(self):
        """The fewest tokens that are enough, beginning behind those that the payee owns up to."""
        first = self.BEFORE + self.authorised // self.token_amount
        until = first + -(-self.missing // self.token_amount)
        if until == first:  # nothing is missing: one is sent again, to show who asks
            return {"tokens": [self.shown(max(self.BEFORE, first - 1))]}
        self.next = max(self.next, until)
        self.given = (self.next - self.BEFORE) * self.token_amount
        return {"tokens": [self.shown(index) for index in range(first, until)]}

    def check(self, state):
        if int(state["floor"]) > self.next:
            raise Lie(f"tokens count as spent that were not shown: {state}")

    def closing(self):
        return {"tokens": [self.shown(self.next - 1)]}

    def misuses(self):
        wrong = self.shown(self.next, self.secrets[self.next - 1])
        yield "a token with another one's secret", {"tokens": [wrong]}, "invalid_merkle_token_not_proven"
        yield "another payee's token", {"tokens": [self.shown(0)]}, "invalid_merkle_token_not_proven"
        pair = [self.shown(self.next - 1), self.shown(self.next - 2)]
        yield "tokens in the wrong order", {"tokens": pair}, "invalid_merkle_token_unsorted"
        same = {"tokens": [self.shown(index) for index in range(self.next - 3, self.next)]}
        yield "the same tokens again", same, "invalid_merkle_token_insufficient"


class Lottery(Prepaid):
    kind, domain_name, closed = "lottery", "Farthing Lottery", "invalid_lottery_no_close"
    SEATS, ODDS = 4, 4

    def open(self, requests):
        self.deposit_alone, seat = requests * self.price * self.ODDS, self.price * 50
        self.reserve = seat * self.SEATS
        self.deposit = self.deposit_alone + self.reserve
        self.id = self.domain.digest(
            "LotteryChannel(address payer,address token,uint128 deposit,uint128 reserve,uint16 seats,uint64 expiry,"
            "bytes32 salt)", self.payer, self.token, self.deposit_alone, self.reserve, self.SEATS, self.expiry,
            self.salt)
        self.room, self.commitment, self.nonce, self.worth = seat, None, 0, 0

    def terms(self):
        return {
            "payer": to_checksum_address(self.payer), "token": to_checksum_address(self.token),
            "deposit": str(self.deposit_alone), "reserve": str(self.reserve), "seats": str(self.SEATS),
            "expiry": str(self.expiry), "salt": hexed(self.salt)}

    def first_payment(self):
        """The seat: whom this channel pays, and whose signature says which ticket."""
        digest = self.domain.digest(
            "LotterySeat(bytes32 channelId,address payee,address authorizer)", self.id, self.payee, self.authorizer)
        return {"seat": hexed(sign(self.key, digest))}

    def ticket(self, nonce, worth, key=None, commitment=None):
        face = worth * self.ODDS
        threshold = -(-(worth << 64) // face)
        expiry = self.now + DAY
        commitment = commitment or self.commitment
        digest = self.domain.digest(
            "LotteryTicket(bytes32 channelId,address payee,bytes32 commitment,uint64 nonce,uint128 faceValue,"
            "uint64 threshold,uint64 expiry)", self.id, self.payee, commitment, nonce, face, threshold, expiry)
        return {
            "payee": to_checksum_address(self.payee), "commitment": hexed(commitment), "nonce": str(nonce),
            "faceValue": str(face), "threshold": str(threshold), "expiry": str(expiry),
            "signature": hexed(sign(key or self.key, digest))}

    def payment(self):
        self.nonce += 1
        self.worth = max(1, self.missing)
        if self.worth * self.ODDS > self.room:
            raise Lie(f"the seat has no room for a ticket: {self.room}")
        self.given += self.worth
        return self.ticket(self.nonce, self.worth)

    def check(self, state):
        if int(state["nonce"]) > self.nonce:
            raise Lie(f"overstated-nonce: {state}")
        if int(state["authorised"]) < self.authorised:
            raise Lie(f"understated-tickets: {state}")
        self.floor = self.authorised + self.worth
        self.commitment, self.room = raw(state["commitment"]), int(state["seat"])

    def check_service(self, state):
        if int(state["authorised"]) < self.floor or int(state["nonce"]) != self.nonce:
            raise Lie(f"served, and the ticket is not owned up to: {state}")

    def closing(self):
        """A ticket of the least worth: it is not taken, but nothing keeps the payee from redeeming it."""
        self.nonce += 1
        self.given += 1
        return self.ticket(self.nonce, 1)

    def misuses(self):
        stranger = keys.PrivateKey(keccak(b"a stranger"))
        after, worth = self.nonce + 1, self.price
        yield "another ticket under the same nonce", self.ticket(self.nonce, worth), "invalid_lottery_stale_nonce"
        yield "a stranger's ticket", self.ticket(after, worth, stranger), "invalid_lottery_ticket_signature"
        invented = self.ticket(after, worth, commitment=keccak(b"a secret of our own"))
        yield "a commitment of the payer's own", invented, "invalid_lottery_commitment"


SCHEMES = {scheme.kind: scheme for scheme in (TwoWay, HashChain, MerkleToken, Lottery)}
