// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
import FarthingEncodings
public import FarthingHashChainScheme
public import FarthingPrimitives
public import FarthingX402

extension HashChainPayer: PayerBooks {
    public typealias Wire = HashChainChannel

    public var payer: Address { terms.payer }
    public var payees: [Address] { [terms.receiver] }
    public var expiry: Instant? { Instant(unixSeconds: Int64(clamping: terms.expiry)) }
    public var deposit: Amount { terms.deposit ?? .zero }
    public func purse(of payee: Address) -> PayerPurse? { payee == terms.receiver ? purse : nil }
    public func available(for payee: Address) -> Amount { payee == terms.receiver ? available : .zero }

    /// One step is one request at this price; as many as the policy's target holds.
    public static func deposit(for opening: PayerOpening) -> Amount {
        opening.price.multiplied(by: UInt128(count(opening))) ?? .max
    }

    private static func count(_ opening: PayerOpening) -> UInt32 {
        opening.count(of: opening.price, most: HashChainTerms.stepCounts.upperBound)
    }

    /// Its chain follows from a signature of the signer's key, so that whoever has the key can make it again.
    public static func opened(_ opening: PayerOpening, by signer: any Signer) async throws -> HashChainPayer {
        let (offer, count) = (opening.offer, count(opening))
        var terms = HashChainTerms(
            payer: opening.payer, receiver: offer.receiver, receiverAuthorizer: offer.receiverAuthorizer,
            token: offer.token.address, anchor: .zero, stepCount: count, stepAmount: opening.price,
            expiry: UInt64(clamping: opening.expiry.unixSeconds), salt: opening.salt)
        let tag = terms.tag(in: offer.domain)
        let secret = try await signer.sign(offer.domain.digest(of: seedType, [.bytes32(tag)]))
        let chain = HashChainTraversal(seed: Keccak256.hash(secret.bytes), count: count, tag: tag)
        terms.anchor = chain.anchor
        return HashChainPayer(id: terms.channelID(in: offer.domain), terms: terms, traversal: chain)
    }

    /// Nobody asks for this signature but a wallet, of itself: whoever has it has the chain.
    private static let seedType = EIP712.TypeHash("HashChainSeed(bytes32 tag)")

    public mutating func pay(
        _ request: ReservationID, price: Amount, under offer: PrepaidOffer, at now: Instant
    ) throws -> UnverifiedHashChainStep {
        guard let step = try apply(.paymentAsked(request, price: price, longest: offer.longestStride)) else {
            throw Refusal.purse(.unknownRequest)
        }
        return UnverifiedHashChainStep(step)
    }

    public func signed(
        _ step: UnverifiedHashChainStep, under offer: PrepaidOffer, by signer: any Signer
    ) async throws -> UnverifiedHashChainStep { step }

    public mutating func served(_ request: ReservationID, charged: Amount, _ word: PayeeWord) throws {
        _ = try apply(.served(request, charged: charged, total: word.charged))
    }

    public mutating func corrected(_ request: ReservationID, _ word: PayeeWord) throws {
        _ = try apply(.corrected(request, charged: word.charged, revealed: try word.members.number("index")))
    }

    public func asking(
        _ payee: Address, in domain: ContractDomain, by signer: any Signer
    ) async throws -> UnverifiedHashChainStep? { UnverifiedHashChainStep(revealed) }

    public mutating func told(_ word: PayeeWord) throws {
        _ = try apply(.stateTold(charged: word.charged, revealed: try word.members.number("index")))
    }

    public static var catchesUpForFree: Bool { false }

    public mutating func catchUp(with word: PayeeWord, charged: Amount) throws {
        catchUp(charged: charged, revealed: try word.members.number("index"))
    }

    public mutating func repeated(_ request: ReservationID, to payee: Address) throws {
        _ = try apply(.repeated(request))
    }

    public mutating func ended(_ request: ReservationID, by payee: Address, isKnown: Bool) throws {
        _ = try apply(isKnown ? .notServed(request) : .unanswered(request))
    }

    /// What is used up has no step left that nobody can have read in the contract.
    ///
    /// The payee redeems it without being asked.
    public var isClosable: Bool { !refundable.isZero }

    /// A step that was not redeemed shows who asks.
    public mutating func closing(
        credit: Amount, in domain: ContractDomain, by signer: any Signer
    ) async throws -> UnverifiedHashChainStep? { try apply(.closeAsked).map { UnverifiedHashChainStep($0) } }

    public mutating func leaving(
        _ snapshot: ContractSnapshot<HashChainContract>, in domain: ContractDomain, by signer: any Signer
    ) async throws -> PayerLeaving<HashChainContract.Order> { leaving(snapshot, reclaim: .reclaim) }
}
