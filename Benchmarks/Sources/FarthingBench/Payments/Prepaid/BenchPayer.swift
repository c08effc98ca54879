// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingX402

/// One channel whose payments fill a purse, and the payer who makes them: all that differs from scheme to scheme.
///
/// Payments are made long before they are sent, so it goes by what the payee will have answered by then.
protocol BenchPayer: Sendable {
    /// The same channel as the payee sees it.
    associatedtype Channel: PrepaidOrders

    static var scheme: PaymentScheme { get }
    /// What the gate says to the payment with which a channel opens.
    static var openingStatus: Int { get }

    /// - Parameters:
    ///   - number: Tells the channel from others of the same payer.
    ///   - payments: For how many payments it must do, if a channel of the scheme can do for so many.
    init(_ number: Int, of signer: KeySigner, to payee: PrepaidPayee, payments: Int) throws

    var id: ChannelID { get }
    var terms: Channel.Rules.Terms { get }
    var signer: KeySigner { get }
    /// What is locked when the channel opens.
    var deposit: Amount { get }
    /// How many payments it can still make.
    var left: Int { get }

    /// What is sent when the channel opens.
    mutating func first() throws -> Channel.Unverified
    /// The next payment of one price.
    mutating func next() throws -> Channel.Unverified
}

extension BenchPayer {
    static var openingStatus: Int { 200 }
    static var name: String { scheme.rawValue }

    static func salt(_ number: Int) -> Hash32 { Keccak256.hash(utf8: "farthing bench \(number)") }

    mutating func first() throws -> Channel.Unverified { try next() }

    /// The deposit, signed.
    func funding(in domain: ContractDomain, token: Token) -> Funding {
        var funding = Funding(
            payer: signer.address, amount: deposit,
            authorization: TransferAuthorization(
                validAfter: 0, validBefore: .max, salt: .zero, signature: signer.signNow(.zero)))
        funding.authorization.signature = signer.signNow(domain.depositDigest(funding, of: id, token: token.domain))
        return funding
    }
}
