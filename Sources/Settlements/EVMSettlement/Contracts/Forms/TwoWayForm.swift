// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingEncodings
internal import FarthingPrimitives

/// - Source: `Contracts/Vyper/src/TwoWayChannels.vy`.
struct TwoWayForm: ChainForm {
    typealias Rules = TwoWayContract

    var compiled: CompiledContract { .twoWayChannels }
    let termsType = "(address,address,uint256,uint256,uint256,bytes32)"
    private static let stateType = "(uint256,uint256,uint256)"

    func words(of terms: TwoWayTerms) -> [ABI.Word] {
        [
            .address(terms.first), .address(terms.second), .uint(terms.firstDeposit), .uint(terms.secondDeposit),
            .uint(terms.challengeSeconds), .bytes32(terms.salt),
        ]
    }

    func terms(_ words: inout ABI.WordReader, _ facts: ContractFacts) throws(ABI.DecodingError) -> TwoWayTerms {
        TwoWayTerms(
            first: try words.address(), second: try words.address(), token: facts.token ?? .zero,
            firstDeposit: try words.amount(), secondDeposit: try words.amount(),
            challengeSeconds: try words.uint(), salt: try words.bytes32())
    }

    /// The contract is for one token, and its limits are fixed.
    func facts(_ view: ContractView) async throws(EndpointFault) -> ContractFacts {
        var answers = try await view.ask(
            ["TOKEN()", "MINIMUM()", "MAXIMUM()", "OPEN_CHANNELS()", "FEE()", "FEE_RECEIVER()"].map(ABI.selector))
        do throws(ABI.DecodingError) {
            return ContractFacts(
                token: try answers[0].address(),
                limits: ContractLimits(
                    minimum: try answers[1].amount(), maximum: try answers[2].amount(),
                    // All bits set stand for any number.
                    openChannels: try answers[3].longAmount().map { Int(clamping: $0.units) },
                    fee: try answers[4].amount(), feeReceiver: try answers[5].address()))
        } catch { throw .malformed("in the limits of two-way channels, \(error)") }
    }

    func openChannels(of account: Address, _ view: ContractView) async throws(EndpointFault) -> Int {
        var words = try await view.ask(ABI.call("openChannels(address)", [.address(account)]))
        guard let count = try? words.uint() else { throw .malformed("in a number of channels, a word is missing") }
        return Int(clamping: count)
    }

    /// The second side's deposit opens nothing while it is the first that is missing.
    func holds(_ state: TwoWayContract, openingOf payer: Address) -> Bool {
        guard case .opening(let funded) = state.phase else { return true }
        return funded.map { $0 == .first ? state.terms.first == payer : state.terms.second == payer } ?? false
    }

    func coinFunding(_ terms: TwoWayTerms, _ amount: Amount) -> [UInt8] {
        call("fund", terms, [("uint256", .uint(amount))])
    }

    // MARK: - Reading

    func state(_ terms: TwoWayTerms, _ view: ContractView) async throws(EndpointFault) -> TwoWayContract? {
        var words = try await view.ask(call("channel", terms))
        var phase: UInt64 = 0
        let contract = try TwoWayContract.read { (writer) throws(ABI.DecodingError) in
            phase = try words.uint(upTo: 5)
            let until = try words.instant()
            let newest = try words.twoWayState()
            let base = try words.twoWayState()
            let surpluses = (try words.amount(), try words.amount())
            let isFirstFunded = try words.uint(upTo: 1) == 1
            _ = try words.uint(upTo: 1)
            try words.finish()
            writer.write(terms)
            // Of a channel that was never open the contract forgets nothing that was agreed on.
            writer.write(base)
            writer.write(surpluses.0)
            writer.write(surpluses.1)
            switch phase {
            case 1:
                writer.write(UInt8(0))
                writer.write(isFirstFunded ? TwoWaySide.first : .second) { $0.write($1.rawValue) }
            case 2: writer.write(UInt8(1))
            case 3:
                writer.write(UInt8(2))
                writer.write(newest)
                writer.write(until)
            case 4, 5:
                writer.write(UInt8(3))
                writer.write(phase == 4 ? newest : nil) { $0.write($1) }
            default:
                writer.write(UInt8(0))
                writer.write(TwoWaySide?.none) { $0.write($1.rawValue) }
            }
        }
        return phase == 0 ? nil : contract
    }

    func counting(_ newest: TwoWayContract, since settled: TwoWayContract?) -> TwoWayContract? {
        guard let settled else { return nil }
        switch (settled.phase, newest.phase) {
        // The second deposit, or a surplus, may still be taken back by a reorganisation.
        case (.opening, .open): return settled
        case (_, .open) where settled.base == newest.base:
            var writer = ByteWriter(version: 1, capacity: 300)
            writer.write(newest.terms)
            writer.write(newest.base)
            writer.write(min(newest.firstSurplus, settled.firstSurplus))
            writer.write(min(newest.secondSurplus, settled.secondSurplus))
            writer.write(UInt8(1))
            return (try? TwoWayContract(stored: writer.bytes)) ?? settled
        default: return newest
        }
    }

    // MARK: - Orders

    func calls(_ order: TwoWayContract.Order, _ state: TwoWayContract, in domain: ContractDomain) -> [[UInt8]] {
        let terms = state.terms
        switch order {
        case .cancel(let signature):
            return [call("cancel", terms, [(ABI.Value.signatureType, .signature(signature))])]
        case .resize(let resize, let signatures):
            let value = ABI.Value.tuple([
                value(of: resize.state), .uint(resize.firstWithdrawal), .uint(resize.secondWithdrawal),
            ])
            return [call("resize", terms, [("(\(Self.stateType),uint256,uint256)", value)] + arguments(signatures))]
        case .closeTogether(let state, let signatures):
            return [call("closeTogether", terms, [(Self.stateType, value(of: state))] + arguments(signatures))]
        case .startClose(let signed, let signature):
            let none = TwoWayState(nonce: 0, firstBalance: .zero, secondBalance: .zero)
            return [
                call(
                    "startClose", terms,
                    [(Self.stateType, value(of: signed?.state ?? none))] + arguments(signed?.signatures)
                        + [(ABI.Value.signatureType, .signature(signature))])
            ]
        case .challenge(let signed):
            return [
                call(
                    "challenge", terms,
                    [(Self.stateType, value(of: signed.state))] + arguments(signed.signatures))
            ]
        case .finalize: return [call("finalize", terms)]
        }
    }

    private func value(of state: TwoWayState) -> ABI.Value {
        .tuple([.uint(state.nonce), .uint(state.firstBalance), .uint(state.secondBalance)])
    }

    private func arguments(_ signatures: TwoWaySignatures?) -> [(type: String, value: ABI.Value)] {
        [signatures?.first, signatures?.second].map { signature in
            (ABI.Value.signatureType, signature.map(ABI.Value.signature) ?? .noSignature)
        }
    }

    // MARK: - Refusals

    let errors = ErrorTable([
        "Terms(string)", "ForeignPayer(address)", "NotAwaited(address)", "DepositMismatch(uint256,uint256)",
        "ZeroDeposit()", "BelowMinimum(uint256,uint256)", "AboveMaximum(uint256,uint256,uint256)",
        "TooManyChannels(uint256,uint256)", "OutOfTurn(uint8)", "SumMismatch(uint256,uint256)",
        "Stale(uint256,uint256)", "Signature(address)", "StartSignature()", "ChallengeOver(uint256,uint256)",
        "ChallengeRuns(uint256,uint256)",
    ])

    func refusal(
        _ error: String, _ words: inout ABI.WordReader, _ terms: TwoWayTerms
    ) throws(ABI.DecodingError) -> TwoWayContract.Refusal? {
        switch error {
        case "Terms": return terms.fault.map { .terms($0) }
        case "ForeignPayer": return .foreignPayer(try words.address())
        case "NotAwaited": return .notAwaited(try words.address())
        case "DepositMismatch":
            return .depositMismatch(deposit: try words.amount(), needed: try words.longAmount() ?? .max)
        case "ZeroDeposit": return .zeroDeposit
        case "BelowMinimum": return .belowMinimum(sum: try words.amount(), minimum: try words.amount())
        case "AboveMaximum":
            let (amount, locked) = (try words.amount(), try words.amount())
            return .aboveMaximum(sum: amount.adding(locked) ?? .max, maximum: try words.amount())
        case "TooManyChannels":
            return .tooManyChannels(open: Int(clamping: try words.uint()), most: Int(clamping: try words.uint()))
        case "OutOfTurn":
            let names = ["opening", "opening", "open", "closing", "closed", "closed"]
            return .outOfTurn(phase: names[Int(clamping: try words.uint(upTo: 5))])
        case "SumMismatch": return .sumMismatch(sum: try words.longAmount(), needed: try words.amount())
        case "Stale": return .stale(nonce: try words.uint(), newest: try words.uint())
        case "Signature": return .signature(of: try words.address())
        case "StartSignature": return .startSignature
        case "ChallengeOver": return .challengeOver(since: try words.instant(), now: try words.instant())
        case "ChallengeRuns": return .challengeRuns(until: try words.instant(), now: try words.instant())
        default: return nil
        }
    }
}

extension ABI.WordReader {
    fileprivate mutating func twoWayState() throws(ABI.DecodingError) -> TwoWayState {
        TwoWayState(nonce: try uint(), firstBalance: try amount(), secondBalance: try amount())
    }
}
