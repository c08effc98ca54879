// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives
public import FarthingX402

/// What a payee asks for under the scheme `exact`: so much of a token, to an account.
public struct ExactOffer: Hashable, Sendable {
    public var receiver: Address
    public var amount: Amount
    /// How the payee says that the token names itself; whether it does is known to the settlement alone.
    public var token: TokenDomain

    public init(receiver: Address, amount: Amount, token: TokenDomain) {
        self.receiver = receiver
        self.amount = amount
        self.token = token
    }

    /// - Throws: ``ExactPayment/Refusal/missingDomain`` when `extra` has no `name` or no `version`.
    public init(_ requirements: PaymentRequirements) throws(ExactPayment.Refusal) {
        guard let name = requirements.extra["name"]?.stringValue,
            let version = requirements.extra["version"]?.stringValue
        else { throw .missingDomain }
        self.init(
            receiver: requirements.payTo, amount: requirements.amount,
            token: TokenDomain(address: requirements.asset, name: name, version: version))
    }
}
