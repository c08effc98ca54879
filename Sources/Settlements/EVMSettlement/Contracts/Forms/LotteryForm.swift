// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingEncodings
internal import FarthingPrimitives

/// - Source: `Contracts/Vyper/src/Lottery.vy`.
struct LotteryForm: ChainForm {
    typealias Rules = LotteryContract

    var compiled: CompiledContract { .lottery }
    let termsType = "(address,address,uint128,uint128,uint16,uint64,bytes32)"

    func words(of terms: LotteryTerms) -> [ABI.Word] {
        [
            .address(terms.payer), .address(terms.token), .uint(terms.deposit), .uint(terms.reserve),
            .uint(UInt64(terms.seats)), .uint(terms.expiry), .bytes32(terms.salt),
        ]
    }

    func terms(_ words: inout ABI.WordReader, _ facts: ContractFacts) throws(ABI.DecodingError) -> LotteryTerms {
        LotteryTerms(
            payer: try words.address(), token: try words.address(), deposit: try words.amount(),
            reserve: try words.amount(), seats: try words.uint16(), expiry: try words.uint(),
            salt: try words.bytes32())
    }

    // MARK: - Reading

    private static let seated = Keccak256.hash(utf8: "Seated(bytes32,address,address)")

    private struct Seat {
        let payee: Address
        let authorizer: Address
        let reserve: Amount
        let nonce: UInt64
        let paid: Amount
    }

    func state(_ terms: LotteryTerms, _ view: ContractView) async throws(EndpointFault) -> LotteryContract? {
        var words = try await view.ask(call("channel", terms))
        let (phase, deposit, taken): (UInt64, Amount, UInt64)
        do throws(ABI.DecodingError) {
            phase = try words.uint(upTo: 2)
            deposit = try words.amount()
            taken = try words.uint(upTo: UInt64(LotteryTerms.seatCounts.upperBound))
        } catch { throw .malformed("in a lottery channel, \(error)") }
        guard phase != 0 else { return nil }
        let seats = try await seats(Int(taken), terms, view)
        return try LotteryContract.read { (writer) throws(ABI.DecodingError) in
            writer.write(terms)
            writer.write(UInt8(truncatingIfNeeded: phase))
            writer.write(deposit)
            writer.write(UInt32(seats.count))
            for seat in seats.sorted(by: { $0.payee < $1.payee }) {
                writer.write(seat.payee)
                writer.write(seat.authorizer)
                writer.write(seat.reserve)
                writer.write(seat.nonce)
                writer.write(seat.paid)
            }
        }
    }

    /// Who has a seat is told by the logs, and how it stands by the contract.
    private func seats(
        _ count: Int, _ terms: LotteryTerms, _ view: ContractView
    ) async throws(EndpointFault) -> [Seat] {
        var payees: [Address] = []
        for log in try await view.logs(Self.seated, count: count) {
            guard log.topics.count == 3, let payee = Address(word: log.topics[2]) else {
                throw .malformed("the log of a seat names nobody")
            }
            payees.append(payee)
        }
        let calls = payees.map { call("seat", terms, [("address", .address($0))]) }
        var seats: [Seat] = []
        for (payee, answer) in zip(payees, try await view.ask(calls)) {
            var words = answer
            do throws(ABI.DecodingError) {
                seats.append(
                    Seat(
                        payee: payee, authorizer: try words.address(), reserve: try words.amount(),
                        nonce: try words.uint(), paid: try words.amount()))
            } catch { throw .malformed("in a seat, \(error)") }
        }
        return seats
    }

    func counting(_ newest: LotteryContract, since settled: LotteryContract?) -> LotteryContract? {
        guard let settled else { return nil }
        guard newest.phase == .open, newest.deposit > settled.deposit else { return newest }
        // What was added to the deposit may still be taken back by a reorganisation.
        var stored = newest.stored
        let place = 1 + Self.termsCount + 1
        guard stored.count >= place + 16 else { return settled }
        var writer = ByteWriter(version: 1, capacity: 17)
        writer.write(settled.deposit)
        stored.replaceSubrange(place..<place + 16, with: writer.bytes.dropFirst())
        return (try? LotteryContract(stored: stored)) ?? settled
    }

    /// How many bytes terms take in the stored form.
    private static let termsCount = 20 + 20 + 16 + 16 + 4 + 8 + 32

    // MARK: - Orders

    func calls(
        _ order: LotteryContract.Order, _ state: LotteryContract, in domain: ContractDomain
    ) -> [[UInt8]] {
        let terms = state.terms
        switch order {
        case .takeSeat(let payee, let authorizer, let signature):
            return [
                call(
                    "takeSeat", terms,
                    [
                        ("address", .address(payee)), ("address", .address(authorizer)),
                        (ABI.Value.signatureType, .signature(signature)),
                    ])
            ]
        case .redeem(let ticket, let signature, let secret, let authorization):
            let value = ABI.Value.tuple([
                .address(ticket.payee), .bytes32(ticket.commitment), .uint(ticket.nonce), .uint(ticket.faceValue),
                .uint(ticket.threshold), .uint(ticket.expiry),
            ])
            return [
                call(
                    "redeem", terms,
                    [
                        ("(address,bytes32,uint64,uint128,uint64,uint64)", value),
                        (ABI.Value.signatureType, .signature(signature)), ("bytes32", .bytes32(secret)),
                        (ABI.Value.signatureType, .signature(authorization)),
                    ])
            ]
        case .reclaim: return [call("reclaim", terms)]
        }
    }

    // MARK: - Refusals

    let errors = ErrorTable([
        "Terms(string)", "ForeignPayer(address)", "DepositMismatch(uint256,uint256)", "ZeroDeposit()",
        "Overflow(uint256,uint256)", "NotOpen(uint8)", "Lifetime(uint256,uint256)", "InvalidPayee(address)",
        "NoSeatLeft(uint16)", "SeatSignature()", "SeatTaken(address)", "NoSeat(address)", "Ticket(string)",
        "StaleNonce(uint256,uint256)", "OutlivesChannel(uint64,uint64)", "TicketExpired(uint64,uint256)",
        "TicketSignature()", "ForeignSecret()", "RedemptionSignature()", "NotWon(uint256,uint64)", "NothingLeft()",
        "NotExpired(uint64,uint256)",
    ])

    private static let ticketFaults: [String: LotteryTicketFault] = [
        "zero-nonce": .zeroNonce, "zero-face-value": .zeroFaceValue, "zero-threshold": .zeroThreshold,
    ]

    func refusal(
        _ error: String, _ words: inout ABI.WordReader, _ terms: LotteryTerms
    ) throws(ABI.DecodingError) -> LotteryContract.Refusal? {
        switch error {
        case "Terms": return terms.fault.map { .terms($0) }
        case "ForeignPayer": return .foreignPayer(try words.address())
        case "DepositMismatch": return .depositMismatch(deposit: try words.amount(), needed: try words.amount())
        case "ZeroDeposit": return .zeroDeposit
        case "Overflow": return .overflow(deposit: try words.amount(), locked: try words.amount())
        case "NotOpen":
            let phase = LotteryContract.Phase(rawValue: UInt8(truncatingIfNeeded: try words.uint(upTo: 2)))
            return phase.map { .notOpen(phase: "\($0)") }
        case "Lifetime": return .lifetime(seconds: try words.lifetime())
        case "InvalidPayee": return .invalidPayee(try words.address())
        case "NoSeatLeft": return .noSeatLeft(seats: try words.uint16())
        case "SeatSignature": return .seatSignature
        case "SeatTaken": return .seatTaken(authorizer: try words.address())
        case "NoSeat": return .noSeat(try words.address())
        case "Ticket": return Self.ticketFaults[try words.text()].map { .ticket($0) }
        case "StaleNonce": return .staleNonce(nonce: try words.uint(), redeemed: try words.uint())
        case "OutlivesChannel": return .outlivesChannel(ticket: try words.uint(), channel: try words.uint())
        case "TicketExpired": return .ticketExpired(since: try words.uint(), now: try words.instant())
        case "TicketSignature": return .ticketSignature
        case "ForeignSecret": return .foreignSecret
        case "RedemptionSignature": return .redemptionSignature
        case "NotWon": return .notWon(number: try words.uint(), threshold: try words.uint())
        case "NothingLeft": return .nothingLeft
        case "NotExpired": return .notExpired(until: try words.uint(), now: try words.instant())
        default: return nil
        }
    }
}

extension ABI.WordReader {
    /// The one short text that an error names.
    fileprivate mutating func text() throws(ABI.DecodingError) -> String {
        guard try uint() == 32 else { throw .badText }
        let length = try uint(upTo: 32)
        let word = try bytes32().bytes
        guard let text = String(validating: word.prefix(Int(length)), as: UTF8.self) else { throw .badText }
        return text
    }
}

extension Address {
    /// An address as a topic has it, with twelve zeros before it.
    init?(word: Hash32) {
        var words = ABI.WordReader(word.bytes)
        guard let address = try? words.address() else { return nil }
        self = address
    }
}
