# SPDX-License-Identifier: Apache-2.0
"""A payer with one channel, who knows what it signed and what was answered, and notices when books differ."""
import base64
import json

from signing import domain, keccak, struct_hash, word

SETTLEMENT = "0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003"
COLLECTOR = "0x4020806089470a89826cB9fB1f4059150b550004"
CHANNEL_CONFIG = ("ChannelConfig(address payer,address payerAuthorizer,address receiver,address receiverAuthorizer,"
                  "address token,uint40 withdrawDelay,bytes32 salt)")
VOUCHER = "Voucher(bytes32 channelId,uint128 maxClaimableAmount)"
RECEIVE = ("ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
           "bytes32 nonce)")
FOREVER = 4_102_444_800
# Refusals that say nothing of the books: an earlier request is under way, or the ledger could not take the deposit.
PUT_OFF = ("_channel_busy", "_deposit_transaction_failed")


class Violation(Exception):
    """The payee's books are not what its answers said."""


class Short(Exception):
    """All was well, but there was no time for all that was to be tried."""


def decoded(header):
    return json.loads(base64.b64decode(header))


def refusal_of(answer):
    """What an answer says against its payment, for people."""
    if answer.status == 200:
        return None
    if demand := answer.headers.get("payment-required"):
        return f"{answer.status} {decoded(demand).get('error')}"
    if receipt := answer.headers.get("payment-response"):
        return f"{answer.status} {decoded(receipt).get('errorReason')}"
    return f"{answer.status} {answer.body[:200]}"


class Payer:
    """One channel. At most one payment is under way, and so at most one in doubt."""

    def __init__(self, key, offer, salt, requests_a_deposit):
        self.key, self.offer = key, offer
        self.price = int(offer["amount"])
        self.deposit_units = self.price * requests_a_deposit
        self.chain = int(offer["network"].split(":")[1])
        extra = offer["extra"]
        self.token = domain(extra["name"], extra["version"], self.chain, offer["asset"])
        self.settlement = domain("x402 Batch Settlement", "1", self.chain, SETTLEMENT)
        self.salt = keccak(f"salt {salt}".encode())
        self.terms = {
            "payer": key.address, "payerAuthorizer": key.address, "receiver": offer["payTo"],
            "receiverAuthorizer": extra["receiverAuthorizer"], "token": offer["asset"],
            "withdrawDelay": extra["withdrawDelay"], "salt": "0x" + self.salt.hex()}
        config = struct_hash(CHANNEL_CONFIG, key.address, key.address, offer["payTo"], extra["receiverAuthorizer"],
                             offer["asset"], extra["withdrawDelay"], self.salt)
        self.channel_bytes = keccak(b"\x19\x01" + self.settlement + config)
        self.channel = "0x" + self.channel_bytes.hex()
        self.charged = 0          # what answers said
        self.balance = 0          # what answers said lies in the channel
        self.doubt = None         # (price, deposit) of a payment whose answer was lost
        self.deposits = 0
        self.answers = 0
        self.refusal = None       # what the last answer said that was none
        self.answered_at = []     # (moment, charged), of each answer, by the clock that only counts

    def header(self):
        """The next payment: the same one again while it is in doubt, without its deposit."""
        ceiling = self.charged + self.price
        payload = {"type": "voucher", "channelConfig": self.terms, "voucher": self._voucher(ceiling)}
        deposit = 0
        if self.doubt is None and self.balance < ceiling:
            deposit = self.deposit_units
            payload |= {"type": "deposit", "deposit": self._deposit(deposit)}
        if self.doubt is None:
            self.doubt = (self.price, deposit)
        payment = {"x402Version": 2, "accepted": self.offer, "payload": payload}
        return base64.b64encode(json.dumps(payment, separators=(",", ":")).encode())

    def _voucher(self, ceiling):
        signature = self.key.sign(self.settlement, struct_hash(VOUCHER, self.channel_bytes, ceiling))
        return {"channelId": self.channel, "maxClaimableAmount": str(ceiling), "signature": signature}

    def _deposit(self, units):
        self.deposits += 1
        salt = keccak(f"{self.channel} {self.deposits}".encode())
        nonce = keccak(self.channel_bytes + salt)
        signature = self.key.sign(self.token, struct_hash(
            RECEIVE, self.key.address, COLLECTOR, units, 0, FOREVER, word(nonce)))
        return {"amount": str(units), "authorization": {"erc3009Authorization": {
            "validAfter": "0", "validBefore": str(FOREVER), "salt": "0x" + salt.hex(), "signature": signature}}}

    def take(self, answer, moment, was_lost):
        """Compares an answer with the books.

        `was_lost` says that this payment had been sent before, and its answer was lost.
        Returns whether it was served; a put-off or a correction is no violation.
        """
        price, deposit = self.doubt
        self.refusal = refusal_of(answer)
        if (receipt := answer.headers.get("payment-response")) and answer.status == 200:
            state = decoded(receipt)["extra"]["channelState"]
            self._expect(state, {self.charged + price}, {self.balance + deposit, self.balance}, "the receipt")
            self.answers += 1
            self.answered_at.append((moment, self.charged))
            return True
        if answer.status == 402 and (demand := answer.headers.get("payment-required")):
            demand = decoded(demand)
            if demand["error"].endswith(PUT_OFF):
                return False
            state = next((offer["extra"]["channelState"] for offer in demand["accepts"]
                          if "channelState" in offer["extra"]), None)
            if state is None:
                if self.charged or not was_lost:
                    raise Violation(f"{self.channel}: {self.charged} was charged, and the payee does not know the "
                                    f"channel: {demand.get('error')}")
                self.doubt = None  # neither the payment nor its deposit ever was
                return False
            if not was_lost:
                raise Violation(f"{self.channel}: refused with {demand.get('error')}, {state}, though {self.charged} "
                                f"of {self.balance} were answered")
            self._expect(state, {self.charged, self.charged + price}, {self.balance, self.balance + deposit},
                         "the correction")
            return False
        if answer.status == 402 and receipt and decoded(receipt)["errorReason"].endswith(PUT_OFF):
            return False
        if answer.status in (500, 502, 503, 504):
            return False
        raise Violation(f"{self.channel}: {answer.status} {answer.body[:300]}")

    def _expect(self, state, charged, balance, where):
        told = (int(state["chargedCumulativeAmount"]), int(state["balance"]))
        if told[0] not in charged or told[1] not in balance:
            raise Violation(f"{self.channel}: {where} says {told[0]} charged of {told[1]}; it must be one of "
                            f"{sorted(charged)} of {sorted(balance)}")
        self.charged, self.balance = told
        self.doubt = None

    def check_books(self, books, before=None):
        """Compares a store's word, with nothing running: `before` is a moment after which nothing is promised."""
        least = self.charged
        if before is not None:
            least = max((charged for moment, charged in self.answered_at if moment < before), default=0)
        row = books.get(self.channel)
        told = int(row["charged"]) if row else 0
        most = self.charged + (self.doubt[0] if self.doubt else 0)
        if not least <= told <= most:
            raise Violation(f"{self.channel}: the store says {told} charged; {least} was answered and {most} signed")
