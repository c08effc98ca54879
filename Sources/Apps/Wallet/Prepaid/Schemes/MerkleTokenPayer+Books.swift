// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
import FarthingEncodings
public import FarthingMerkleTokenScheme
public import FarthingPrimitives
public import FarthingX402

extension MerkleTokenPayer: PayerBooks {
    public typealias Wire = MerkleTokenChannel

    public static var paysMany: Bool { true }
    public var payer: Address { terms.payer }
    public var payees: [Address] { accounts.keys.sorted { accounts[$0]?.start ?? 0 < accounts[$1]?.start ?? 0 } }
    public var expiry: Instant? { Instant(unixSeconds: Int64(clamping: terms.expiry)) }
    public var deposit: Amount { terms.deposit ?? .zero }
    public var authorised: Amount { accounts.values.reduce(.zero) { $0.adding($1.authorised) ?? .max } }
    public func purse(of payee: Address) -> PayerPurse? { accounts[payee]?.purse }
    public func available(for payee: Address) -> Amount { accounts[payee]?.available ?? .zero }

    public static func deposit(for opening: PayerOpening) -> Amount {
        guard let plan = plan(opening) else { return .max }
        return plan.tokenAmount.multiplied(by: UInt128(plan.tokenCount)) ?? .max
    }

    /// Tokens of one worth for all, because the deposit is for each token what the dearest is worth.
    ///
    /// That is the least price of any payee: none takes a token that is worth more than its request, and each takes
    /// several for one.
    private static func plan(_ opening: PayerOpening) -> MerkleTokenPlan? {
        let payee = PayerOpening.Payee(opening.offer.receiver, price: opening.leastPrice)
        let most = UInt128(min(opening.offer.longestStride, UInt32(MerkleTokenPayment.tokenCounts.upperBound)))
        var (payees, worth) = ([payee], payee.price)
        for other in opening.others where other.address != payee.address && payees.count < opening.seats {
            let lower = min(worth, other.price)
            // A request that would need many tokens is better off in a tree of its own.
            guard let reach = lower.multiplied(by: most / 4), reach >= opening.price, reach >= other.price,
                payees.allSatisfy({ $0.price <= reach })
            else { continue }
            payees.append(other)
            worth = lower
        }
        let tokens = MerkleTokenTerms.tokenCounts.upperBound / UInt32(payees.count)
        return MerkleTokenPlan(
            payees.map {
                MerkleTokenPlan.Share(payee: $0.address, count: opening.count(of: worth, most: tokens), amount: worth)
            })
    }

    /// Its tokens follow from a signature of the signer's key, so that whoever has the key can make them again.
    public static func opened(_ opening: PayerOpening, by signer: any Signer) async throws -> MerkleTokenPayer {
        let (offer, expiry) = (opening.offer, UInt64(clamping: opening.expiry.unixSeconds))
        guard let plan = plan(opening) else { throw Refusal.unknownPayee(offer.receiver) }
        let tag = MerkleTokenTerms(
            payer: opening.payer, token: offer.token.address, root: .zero, tokenCount: plan.tokenCount,
            tokenAmount: plan.tokenAmount, expiry: expiry, salt: opening.salt
        ).tag(in: offer.domain)
        let secret = try await signer.sign(offer.domain.digest(of: seedType, [.bytes32(tag)]))
        let payer = MerkleTokenPayer(
            plan, seed: Keccak256.hash(secret.bytes), payer: opening.payer, token: offer.token.address, expiry: expiry,
            salt: opening.salt, in: offer.domain)
        guard let payer else { throw Refusal.unknownPayee(offer.receiver) }
        return payer
    }

    /// Nobody asks for this signature but a wallet, of itself: whoever has it has the tokens.
    private static let seedType = EIP712.TypeHash("MerkleTokenSeed(bytes32 tag)")

    public mutating func pay(
        _ request: ReservationID, price: Amount, under offer: PrepaidOffer, at now: Instant
    ) throws -> UnverifiedMerkleTokens {
        let asked = Event.paymentAsked(request, price: price, most: offer.longestStride)
        guard let tokens = try apply(asked, of: offer.receiver) else { throw Refusal.purse(.unknownRequest) }
        return tokens
    }

    public func signed(
        _ step: UnverifiedMerkleTokens, under offer: PrepaidOffer, by signer: any Signer
    ) async throws -> UnverifiedMerkleTokens { step }

    public mutating func served(_ request: ReservationID, charged: Amount, _ word: PayeeWord) throws {
        let floor: UInt32 = try word.members.number("floor")
        _ = try apply(.served(request, charged: charged, total: word.charged, floor: floor), of: word.payee)
    }

    public mutating func corrected(_ request: ReservationID, _ word: PayeeWord) throws {
        let floor: UInt32 = try word.members.number("floor")
        _ = try apply(.corrected(request, charged: word.charged, floor: floor), of: word.payee)
    }

    public func asking(
        _ payee: Address, in domain: ContractDomain, by signer: any Signer
    ) async throws -> UnverifiedMerkleTokens? { lastShown(to: payee) }

    public mutating func told(_ word: PayeeWord) throws {
        let floor: UInt32 = try word.members.number("floor")
        _ = try apply(.stateTold(charged: word.charged, floor: floor), of: word.payee)
    }

    public mutating func catchUp(with word: PayeeWord, charged: Amount) throws {
        catchUp(charged: charged, floor: try word.members.number("floor"), of: word.payee)
    }

    public mutating func repeated(_ request: ReservationID, to payee: Address) throws {
        _ = try apply(.repeated(request), of: payee)
    }

    public mutating func ended(_ request: ReservationID, by payee: Address, isKnown: Bool) throws {
        _ = try apply(isKnown ? .notServed(request) : .unanswered(request), of: payee)
    }

    public mutating func leaving(
        _ snapshot: ContractSnapshot<MerkleTokenContract>, in domain: ContractDomain, by signer: any Signer
    ) async throws -> PayerLeaving<MerkleTokenContract.Order> { leaving(snapshot, reclaim: .reclaim) }
}
