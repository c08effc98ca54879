// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingTwoWayScheme

let noon = Instant(unixSeconds: 1_800_000_000)

func units(_ amount: UInt128) -> Amount { Amount(units: amount) }

func hash(_ text: String) -> Hash32 { Keccak256.hash(utf8: text) }

/// Somebody with a key.
struct Person: Hashable, Sendable {
    let address: Address
    private let secret: [UInt8]

    init(_ name: String) {
        secret = Keccak256.hash(utf8: "the key of \(name)").bytes
        address = Self.key(secret).address
    }

    func sign(_ digest: Hash32) -> Signature { Self.key(secret).sign(digest) }

    private static func key(_ secret: [UInt8]) -> PrivateKey {
        // A hash that is no key turns up once in 2^128.
        guard let key = PrivateKey(secret) else { preconditionFailure("the hash is not a key") }
        return key
    }

    static let alice = Person("Alice")
    static let bob = Person("Bob")
    static let mallory = Person("Mallory")
}

/// Alice's channel with Bob, and the contract behind it: she is the first party, he the second.
struct Scene {
    static let domain: ContractDomain = {
        guard let domain = ContractDomain(.twoWay, on: Network(evm: 84_532)) else {
            preconditionFailure("a chain's contract has a domain")
        }
        return domain
    }()
    static let payeeKey = PayeeKey(in: domain) { Person.bob.sign($0) }
    static let token = Address(hash("the token").bytes.suffix(20)) ?? .zero

    let terms: TwoWayTerms
    let id: ChannelID
    private(set) var contract: TwoWayContract
    private(set) var block = Block(height: 1, time: noon)
    private var lastRequest: UInt64 = 0

    init(first: UInt128 = 100, second: UInt128 = 0, salt: String = "salt") throws {
        terms = TwoWayTerms(
            first: Person.alice.address, second: Person.bob.address, token: Self.token, firstDeposit: units(first),
            secondDeposit: units(second), challengeSeconds: 3600, salt: hash(salt))
        id = terms.channelID(in: Self.domain)
        contract = TwoWayContract(terms)
        if first > 0 { _ = try contract.fund(units(first), by: terms.first, in: context) }
        if second > 0 { _ = try contract.fund(units(second), by: terms.second, in: context) }
    }

    var snapshot: ContractSnapshot<TwoWayContract> { ContractSnapshot(state: contract, block: block) }

    func party(_ side: TwoWaySide) -> TwoWayParty { TwoWayParty(side, ledger: snapshot) }

    func payee() -> TwoWayChannel { TwoWayChannel(id: id, ledger: snapshot, in: Self.domain, payee: terms.second) }

    func payer() -> TwoWayPayer { TwoWayPayer(id: id, ledger: snapshot) }

    static func person(_ side: TwoWaySide) -> Person { side == .first ? .alice : .bob }

    mutating func request() -> ReservationID {
        lastRequest += 1
        return ReservationID(lastRequest)
    }

    func reservation(_ id: ReservationID, _ price: UInt128, seconds: Int64 = 60) -> Purse.Reservation {
        Purse.Reservation(id: id, price: units(price), until: block.time.advanced(bySeconds: seconds))
    }

    // MARK: - Signing

    func unverified(_ state: TwoWayState, by person: Person, isClose: Bool = false) -> UnverifiedTwoWayPayment {
        let digest =
            isClose ? state.closeDigest(of: id, in: Self.domain) : state.digest(of: id, in: Self.domain)
        return UnverifiedTwoWayPayment(state, signature: person.sign(digest), isClose: isClose)
    }

    /// As one side signed it, and the other checked it.
    func signed(
        _ state: TwoWayState, by side: TwoWaySide, isClose: Bool = false, key: PublicKey? = nil
    ) throws -> TwoWayPayment {
        let unverified = unverified(state, by: Self.person(side), isClose: isClose)
        guard let payment = unverified.verified(by: side, key: key, under: terms, of: id, in: Self.domain) else {
            throw Forged()
        }
        return payment
    }

    struct Forged: Error {}

    // MARK: - The contract

    private var context: ContractContext { ContractContext(domain: Self.domain, channel: id, block: block) }

    mutating func wait(seconds: Int64) {
        block = Block(height: block.height + 1, time: block.time.advanced(bySeconds: seconds))
    }

    mutating func topUp(_ amount: UInt128, by side: TwoWaySide) throws {
        _ = try contract.fund(units(amount), by: terms.party(side), in: context)
    }

    @discardableResult
    mutating func send(_ order: TwoWayContract.Order) throws -> [Payout] {
        block = Block(height: block.height + 1, time: block.time)
        return try contract.carryOut(order, in: context)
    }

    /// What the contract takes of something that the other side signed; `side` signs it too.
    func both(_ payment: TwoWayPayment, by side: TwoWaySide) -> TwoWaySignatures {
        let own = Self.person(side).sign(payment.digest(of: id, in: Self.domain))
        return payment.signatures(with: own, of: id, in: Self.domain)
    }

    /// The order that an effect of one side stands for; `nil` when it is for the other side.
    func order(for effect: TwoWayParty.Effect, of side: TwoWaySide) -> TwoWayContract.Order? {
        switch effect {
        case .propose, .countersign, .signClose, .signResize: return nil
        case .closeTogether(let payment): return .closeTogether(payment.state, both(payment, by: side))
        case .challenge(let proof): return .challenge(SignedTwoWayState(proof.state, both(proof, by: side)))
        case .finalize: return .finalize
        case .startClose(let proof, let nonce):
            let digest = TwoWayContract.startCloseDigest(of: id, at: nonce, in: Self.domain)
            return .startClose(
                proof.map { SignedTwoWayState($0.state, both($0, by: side)) }, Self.person(side).sign(digest))
        }
    }

    /// The same for what the payee's channel asks for.
    func order(for effect: TwoWayChannel.Effect) -> TwoWayContract.Order? {
        switch effect {
        case .submitClose(let payment): order(for: .closeTogether(payment), of: .second)
        case .submitChallenge(let proof): order(for: .challenge(proof), of: .second)
        case .submitFinalize: .finalize
        }
    }
}

func state(_ nonce: UInt64, _ first: UInt128, _ second: UInt128) -> TwoWayState {
    TwoWayState(nonce: nonce, firstBalance: units(first), secondBalance: units(second))
}
