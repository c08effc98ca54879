// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// A ticket of a lot as it came from outside: nobody has looked at its signature yet.
public struct UnverifiedLotPayment: Hashable, Sendable {
    /// Those of the lot that the ticket is said to be of.
    public var terms: LotTerms
    public var ticket: LotTicket
    public var signature: Signature

    public init(terms: LotTerms, ticket: LotTicket, signature: Signature) {
        self.terms = terms
        self.ticket = ticket
        self.signature = signature
    }

    /// Checks that the lot's payer signed the ticket, for this lot on this chain and at this contract.
    ///
    /// - Throws: ``LotPayee/Refusal/ticketSignature``.
    public func verified(in domain: ContractDomain) throws(LotPayee.Refusal) -> LotPayment {
        let lot = terms.channelID(in: domain)
        guard signature.isBy(terms.payer, over: ticket.digest(for: lot, in: domain)) else { throw .ticketSignature }
        return LotPayment(lot: lot, ticket: ticket, signature: signature)
    }
}

/// A ticket that a lot's payer signed, as was checked when this was made.
public struct LotPayment: Hashable, Sendable {
    public let lot: ChannelID
    public let ticket: LotTicket
    public let signature: Signature

    fileprivate init(lot: ChannelID, ticket: LotTicket, signature: Signature) {
        self.lot = lot
        self.ticket = ticket
        self.signature = signature
    }
}
