// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingEncodings
internal import FarthingPrimitives

/// A lot that is shared out in several transactions counts as closed with the first, as the rules have it; what is not
/// paid yet is what ``isUnfinished(_:_:_:)`` finds.
///
/// - Source: `Contracts/Vyper/src/Lots.vy`.
struct LotForm: ChainForm {
    typealias Rules = LotContract

    var compiled: CompiledContract { .lots }
    let termsType = "(address,address,uint16,uint128,bytes32,uint64,uint64,bytes32)"
    /// How many tickets one transaction shares out: each may be for somebody else, and so be paid alone.
    ///
    /// A receiver of the coin is called, and may use up the 300,000 gas that its payout is given: of so many, all
    /// payouts together stay below ``GasCeiling/order``.
    static func ticketsAtOnce(in token: Address) -> UInt16 { Token.isCoin(token) ? 40 : 128 }

    func words(of terms: LotTerms) -> [ABI.Word] {
        [
            .address(terms.payer), .address(terms.token), .uint(UInt64(terms.ticketCount)), .uint(terms.ticketValue),
            .bytes32(terms.commitment), .uint(terms.closesAt), .uint(terms.revealBlocks), .bytes32(terms.salt),
        ]
    }

    func terms(_ words: inout ABI.WordReader, _ facts: ContractFacts) throws(ABI.DecodingError) -> LotTerms {
        LotTerms(
            payer: try words.address(), token: try words.address(), ticketCount: try words.uint16(),
            ticketValue: try words.amount(), commitment: try words.bytes32(), closesAt: try words.uint(),
            revealBlocks: try words.uint(), salt: try words.bytes32())
    }

    // MARK: - Reading

    private static let entered = Keccak256.hash(utf8: "Entered(bytes32,address,uint256)")

    private enum Phase: UInt64 {
        case unknown, open, drawing, sharing, closed
    }

    private struct Standing {
        let phase: Phase
        let count: UInt64
        let deciding: UInt64
        let secret: Hash32?
    }

    private func standing(_ terms: LotTerms, _ view: ContractView) async throws(EndpointFault) -> Standing {
        var words = try await view.ask(call("channel", terms))
        do throws(ABI.DecodingError) {
            guard let phase = Phase(rawValue: try words.uint(upTo: 4)) else { throw .outOfRange }
            let (count, deciding) = (try words.uint(upTo: UInt64(LotTerms.ticketCounts.upperBound)), try words.uint())
            let isRevealed = try words.uint(upTo: 1) == 1
            let secret = try words.bytes32()
            return Standing(phase: phase, count: count, deciding: deciding, secret: isRevealed ? secret : nil)
        } catch { throw .malformed("in a lot, \(error)") }
    }

    func state(_ terms: LotTerms, _ view: ContractView) async throws(EndpointFault) -> LotContract? {
        let standing = try await standing(terms, view)
        guard standing.phase != .unknown else { return nil }
        let tickets = try await tickets(standing, terms, view)
        return try LotContract.read { (writer) throws(ABI.DecodingError) in
            writer.write(terms)
            switch standing.phase {
            case .unknown, .open: writer.write(UInt8(1))
            case .drawing:
                writer.write(UInt8(2))
                writer.write(standing.deciding)
            case .sharing, .closed: writer.write(UInt8(3))
            }
            writer.write(UInt32(tickets.count))
            for ticket in tickets {
                writer.write(UInt32(ticket.index))
                writer.write(ticket.payee)
            }
            writer.write(standing.secret) { $0.write($1) }
        }
    }

    /// The tickets that were entered, in order of their indices.
    private func tickets(
        _ standing: Standing, _ terms: LotTerms, _ view: ContractView
    ) async throws(EndpointFault) -> [LotTicket] {
        let isShared = standing.phase == .sharing || standing.phase == .closed && standing.count == 0
        guard isShared else {
            let logs = try await view.logs(Self.entered, count: Int(standing.count))
            var tickets: [LotTicket] = []
            for log in logs {
                var words = ABI.WordReader(log.data)
                guard log.topics.count == 3, let payee = Address(word: log.topics[2]), let index = try? words.uint16()
                else { throw .malformed("the log of a ticket names nobody") }
                tickets.append(LotTicket(index: index, payee: payee))
            }
            return tickets.sorted { $0.index < $1.index }
        }
        // Of a lot that was shared out the contract no longer knows how many there were, but whose each is.
        let indices = 0..<terms.ticketCount
        let calls = indices.map { call("payeeOf", terms, [("uint16", .uint(UInt64($0)))]) }
        var tickets: [LotTicket] = []
        for (index, answer) in zip(indices, try await view.ask(calls)) {
            var words = answer
            guard let payee = try? words.address() else { throw .malformed("in a lot, a ticket is nobody's") }
            if payee != .zero { tickets.append(LotTicket(index: index, payee: payee)) }
        }
        return tickets
    }

    func isUnfinished(
        _ order: LotContract.Order, _ state: LotContract, _ view: ContractView
    ) async throws(EndpointFault) -> Bool {
        switch order {
        case .share, .draw: try await standing(state.terms, view).phase == .sharing
        case .enter, .close, .reveal: false
        }
    }

    // MARK: - Orders

    func calls(_ order: LotContract.Order, _ state: LotContract, in domain: ContractDomain) -> [[UInt8]] {
        let terms = state.terms
        switch order {
        case .enter(let ticket, let signature):
            return [
                call(
                    "enter", terms,
                    [
                        ("uint16", .uint(UInt64(ticket.index))), ("address", .address(ticket.payee)),
                        (ABI.Value.signatureType, .signature(signature)),
                    ])
            ]
        case .close: return [call("close", terms)]
        case .reveal(let secret): return [call("reveal", terms, [("bytes32", .bytes32(secret))])]
        // A lot that is being shared out is drawn no more.
        case .draw where state.phase != .closed: return [call("draw", terms)]
        case .draw, .share:
            let atOnce = Self.ticketsAtOnce(in: terms.token)
            return stride(from: 0, to: terms.ticketCount, by: Int(atOnce)).map { start in
                call("share", terms, [("uint16", .uint(UInt64(start))), ("uint16", .uint(UInt64(atOnce)))])
            }
        }
    }

    // MARK: - Refusals

    let errors = ErrorTable([
        "Terms(string)", "ForeignPayer(address)", "DepositMismatch(uint256,uint256)", "AlreadyFunded()",
        "Lifetime(uint256,uint256)", "NotOpen(uint8)", "BeyondEnd(uint16,uint16)", "Over(uint64,uint256)",
        "NotOver(uint64,uint256)", "Taken(uint16)", "InvalidPayee(address)", "TicketSignature()",
        "NotDrawing(uint8)", "ForeignSecret()", "TooLate(uint256,uint256)", "TooEarly(uint256,uint256)",
        "NotRevealed()", "UnknownHash(uint256)",
    ])

    func refusal(
        _ error: String, _ words: inout ABI.WordReader, _ terms: LotTerms
    ) throws(ABI.DecodingError) -> LotContract.Refusal? {
        let phases = ["unfunded", "open", "drawing", "closed", "closed"]
        switch error {
        case "Terms": return terms.fault.map { .terms($0) }
        case "ForeignPayer": return .foreignPayer(try words.address())
        case "DepositMismatch": return .depositMismatch(deposit: try words.amount(), needed: try words.amount())
        case "AlreadyFunded": return .alreadyFunded
        case "Lifetime": return .lifetime(seconds: try words.lifetime())
        case "NotOpen": return .notOpen(phase: phases[Int(try words.uint(upTo: 4))])
        case "BeyondEnd": return .beyondEnd(index: try words.uint16(), count: try words.uint16())
        case "Over": return .over(since: try words.uint(), now: try words.instant())
        case "NotOver": return .notOver(until: try words.uint(), now: try words.instant())
        case "Taken": return .taken(index: try words.uint16())
        case "InvalidPayee": return .invalidPayee(try words.address())
        case "TicketSignature": return .ticketSignature
        case "NotDrawing": return .notDrawing(phase: phases[Int(try words.uint(upTo: 4))])
        case "ForeignSecret": return .foreignSecret
        case "TooLate": return .tooLate(since: try words.uint(), block: try words.uint())
        case "TooEarly": return .tooEarly(until: try words.uint(), block: try words.uint())
        case "NotRevealed": return .notRevealed
        case "UnknownHash": return .unknownHash(of: try words.uint())
        default: return nil
        }
    }
}
