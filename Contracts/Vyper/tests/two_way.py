# SPDX-License-Identifier: Apache-2.0
"""Two-way channels as their parties see them: terms, what is signed, and orders."""
from harness import ZERO
from prepaid import MOST, NO_SIGNATURE, UNLIMITED, World

CHANNEL = ("TwoWayChannel(address first,address second,address token,uint128 firstDeposit,uint128 secondDeposit,"
           "uint64 challengeSeconds,bytes32 salt)")
STATE = "TwoWayState(bytes32 channelId,uint64 nonce,uint128 firstBalance,uint128 secondBalance)"
CLOSE = STATE.replace("TwoWayState", "TwoWayClose")
START = "TwoWayStartClose(bytes32 channelId,uint64 nonce)"
CANCEL = "TwoWayCancel(bytes32 channelId)"
RESIZE = ("TwoWayResize(bytes32 channelId,uint64 nonce,uint128 firstBalance,uint128 secondBalance,"
          "uint128 firstWithdrawal,uint128 secondWithdrawal)")
UNKNOWN, OPENING, OPEN, CLOSING, CLOSED, CANCELLED = range(6)
PERIOD = 3_600


class TwoWay(World):
    def __init__(self, chain, minimum=0, maximum=MOST, channels=UNLIMITED, fee=0, receiver=ZERO, token="TestUSDC",
                 paid="TOKEN"):
        super().__init__(chain, "TwoWayChannels", "Farthing Two-Way", paid, minimum, maximum, channels, fee, receiver,
                         token=token)
        self.paid = self.token if paid == "TOKEN" else paid

    def channel(self, *deposits, salt=None, seconds=PERIOD, first=None, second=None):
        return Channel(self, first or self.payer, second or self.payee, *(deposits or (600, 400)), seconds,
                       salt or self.salt())


class Channel:
    def __init__(self, world, first, second, first_deposit, second_deposit, seconds, salt):
        self.world, self.first, self.second = world, first, second
        self.deposits, self.total = (first_deposit, second_deposit), first_deposit + second_deposit
        self.terms = (first, second, first_deposit, second_deposit, seconds, salt)
        self.id = world.digest(CHANNEL, first, second, world.paid.address if hasattr(world.paid, "address") else
                               world.paid, first_deposit, second_deposit, seconds, salt)

    # What is signed

    def both(self, digest):
        return self.first.compact(digest), self.second.compact(digest)

    def state(self, state):
        return self.world.digest(STATE, self.id, *state)

    def close(self, state):
        return self.world.digest(CLOSE, self.id, *state)

    def start(self, nonce):
        return self.world.digest(START, self.id, nonce)

    def resized(self, order):
        (nonce, first, second), *withdrawals = order
        return self.world.digest(RESIZE, self.id, nonce, first, second, *withdrawals)

    @property
    def cancel(self):
        return self.world.digest(CANCEL, self.id)

    # Orders

    def send(self, sender, name, *arguments, **how):
        return self.world.send(sender, name, self.terms, *arguments, **how)

    def fund(self, payer=None, amount=None, **how):
        payer = payer or self.first
        due = self.deposits[0 if payer is self.first else 1]
        return self.send(payer, "fund", due if amount is None else amount, **how)

    def opened(self):
        for party, due in zip((self.first, self.second), self.deposits):
            if due:
                self.fund(party)
        return self

    def start_close(self, state, starter=None, sender=None, signatures=None, start=None):
        return self.send(sender or self.world.relay, "startClose", state, *(signatures or self.both(self.state(state))),
                         start or (starter or self.first).compact(self.start(state[0])))

    def start_from_base(self, starter, nonce=0):
        return self.send(self.world.relay, "startClose", (0, 0, 0), NO_SIGNATURE, NO_SIGNATURE,
                         starter.compact(self.start(nonce)))

    def challenge(self, state, signatures=None):
        return self.send(self.world.relay, "challenge", state, *(signatures or self.both(self.state(state))))

    def close_together(self, state, signatures=None):
        return self.send(self.world.relay, "closeTogether", state, *(signatures or self.both(self.close(state))))

    def resize(self, order, signatures=None):
        return self.send(self.world.relay, "resize", order, *(signatures or self.both(self.resized(order))))

    def finalize(self):
        return self.send(self.world.relay, "finalize")

    # What is there

    @property
    def seen(self):
        return self.world.call("channel", self.terms)

    @property
    def phase(self):
        return self.seen[0]

    @property
    def newest(self):
        return self.seen[2]
