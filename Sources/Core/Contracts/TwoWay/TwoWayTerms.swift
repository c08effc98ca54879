// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives
public import FarthingStacks

/// What the parties of a two-way channel agree on: who puts in how much, and how long an end may be challenged.
///
/// Either party may put in nothing, but not both. The channel is open when all that was agreed on is in.
///
/// - Source: the dual-signed balances of Hedgehog's PaymentChannel, and the two deposits of MicroSTX.
public struct TwoWayTerms: StacksTerms {
    public var first: Address
    public var second: Address
    public var token: Address
    /// What the first party puts in at the opening.
    ///
    /// - Unit: atomic units of the token.
    public var firstDeposit: Amount
    /// What the second party puts in at the opening.
    ///
    /// - Unit: atomic units of the token.
    public var secondDeposit: Amount
    /// For how long an end that one party asked for can be challenged, from the block in which it did.
    ///
    /// - Unit: seconds.
    /// - Range: ``challengePeriods``.
    public var challengeSeconds: UInt64
    /// Tells apart channels that are the same otherwise.
    public var salt: Hash32

    /// Long enough to be seen and answered, and short enough to wait for.
    ///
    /// - Unit: seconds: 15 minutes through 30 days.
    public static let challengePeriods: ClosedRange<UInt64> = 900...2_592_000

    public init(
        first: Address, second: Address, token: Address, firstDeposit: Amount, secondDeposit: Amount,
        challengeSeconds: UInt64, salt: Hash32
    ) {
        self.first = first
        self.second = second
        self.token = token
        self.firstDeposit = firstDeposit
        self.secondDeposit = secondDeposit
        self.challengeSeconds = challengeSeconds
        self.salt = salt
    }

    public var parties: [Address] { [first, second] }

    /// What both put in; `nil` when that is more than an amount can hold.
    public var deposit: Amount? { firstDeposit.adding(secondDeposit) }

    /// What the channel begins with: what each put in, with nonce 0.
    public var opening: TwoWayState {
        TwoWayState(nonce: 0, firstBalance: firstDeposit, secondBalance: secondDeposit)
    }

    public func party(_ side: TwoWaySide) -> Address { side == .first ? first : second }

    public func deposit(of side: TwoWaySide) -> Amount { side == .first ? firstDeposit : secondDeposit }

    /// Which party an account is; `nil` when it is none.
    public func side(of account: Address) -> TwoWaySide? {
        TwoWaySide.allCases.first { party($0) == account }
    }

    /// The terms as the contract on Stacks takes them, with what a party puts in, at the opening or later.
    ///
    /// - Source: `Contracts/Clarity/two-way-channels.md`, `fund`.
    public func fundingCall(_ amount: Amount, in contract: StacksContract) -> StacksTransaction.ContractCall? {
        let value = StacksContract.tuple([
            ("first", contract.principal(first)), ("second", contract.principal(second)),
            ("token", contract.token(token)), ("first-deposit", .uint(firstDeposit.units)),
            ("second-deposit", .uint(secondDeposit.units)),
            ("challenge-seconds", .uint(UInt128(challengeSeconds))), ("salt", .buffer(salt.bytes)),
        ])
        return contract.call("fund", [value, .uint(amount.units), contract.token(token)])
    }

    public func channelID(in domain: ContractDomain) -> ChannelID {
        ChannelID(
            domain.digest(
                of: Self.channelType,
                [
                    .address(first), .address(second), .address(token), .uint(firstDeposit), .uint(secondDeposit),
                    .uint(challengeSeconds), .bytes32(salt),
                ]))
    }

    private static let channelType = EIP712.TypeHash(
        "TwoWayChannel(address first,address second,address token,uint128 firstDeposit,uint128 secondDeposit,"
            + "uint64 challengeSeconds,bytes32 salt)")
}
