// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingEncodings
internal import FarthingPrimitives

/// Older than the others: it is called with what tells channels apart rather than with all terms, and its logs say so,
/// too.
///
/// - Source: `Contracts/Vyper/src/VoucherChannels.vy`.
struct BalanceProofForm: ChainForm {
    typealias Rules = BalanceProofContract

    var compiled: CompiledContract { .voucherChannels }
    var coin: Address { .zero }
    let termsType = "(address,address,bytes32)"
    let openingTopic = Keccak256.hash(utf8: "Opened(bytes32,address,address,bytes32)")
    let fundingTopics = [
        Keccak256.hash(utf8: "Opened(bytes32,address,address,bytes32)"), Keccak256.hash(utf8: "ToppedUp(bytes32)"),
    ]

    func words(of terms: BalanceProofTerms) -> [ABI.Word] {
        [.address(terms.sender), .address(terms.receiver), .bytes32(terms.salt)]
    }

    func terms(_ words: inout ABI.WordReader, _ facts: ContractFacts) throws(ABI.DecodingError) -> BalanceProofTerms {
        BalanceProofTerms(
            sender: try words.address(), receiver: try words.address(), token: facts.token ?? .zero,
            challengeBlocks: facts.challengeBlocks, salt: try words.bytes32())
    }

    /// All terms are in the log of the opening.
    func terms(
        in log: ChainLog, of channel: ChannelID, _ domain: ContractDomain, _ facts: ContractFacts
    ) -> BalanceProofTerms? {
        guard log.topics.count == 4, log.topics[0] == openingTopic else { return nil }
        var words = ABI.WordReader(log.topics[2].bytes + log.topics[3].bytes + log.data)
        guard let terms = try? terms(&words, facts), terms.channelID(in: domain) == channel else { return nil }
        return terms
    }

    /// What one slot of the contract can hold.
    private static let most = Amount(units: 1 << 74 - 1)

    func facts(_ view: ContractView) async throws(EndpointFault) -> ContractFacts {
        var answers = try await view.ask(["TOKEN()", "CHALLENGE_BLOCKS()"].map(ABI.selector))
        do throws(ABI.DecodingError) {
            return ContractFacts(
                token: try answers[0].address(), limits: ContractLimits(maximum: Self.most),
                challengeBlocks: try answers[1].uint())
        } catch { throw .malformed("in the period of balance proofs, \(error)") }
    }

    func isOf(_ terms: BalanceProofTerms, _ facts: ContractFacts) -> Bool {
        terms.challengeBlocks == facts.challengeBlocks
    }

    // MARK: - Reading

    var channelSlot: UInt64 { 0 }

    func state(
        _ terms: BalanceProofTerms, _ view: ContractView
    ) async throws(EndpointFault) -> BalanceProofContract? {
        var words = try await view.ask(plainCall("channel", terms))
        var isUnknown = false
        let contract = try BalanceProofContract.read { (writer) throws(ABI.DecodingError) in
            let phase = try words.uint(upTo: 3)
            let (deposit, withdrawn, closing) = (try words.amount(), try words.amount(), try words.amount())
            // A slot that was cleared says nothing of how the channel ended.
            isUnknown = phase == 0 || deposit.isZero
            writer.write(terms)
            writer.write(deposit)
            writer.write(withdrawn)
            writer.write(isUnknown ? 0 : UInt8(truncatingIfNeeded: phase))
            if phase == 2 {
                writer.write(closing)
                writer.write(try words.uint())
            }
        }
        return isUnknown ? nil : contract
    }

    func counting(_ newest: BalanceProofContract, since settled: BalanceProofContract?) -> BalanceProofContract? {
        guard let settled else { return nil }
        guard newest.phase == .open, newest.deposit > settled.deposit else { return newest }
        var writer = ByteWriter(version: 1, capacity: 180)
        writer.write(newest.terms)
        writer.write(settled.deposit)
        writer.write(min(newest.withdrawn, settled.deposit))
        writer.write(UInt8(1))
        return (try? BalanceProofContract(stored: writer.bytes)) ?? settled
    }

    // MARK: - Orders

    /// Here the terms are no struct: each member is an argument.
    private func plainCall(
        _ name: String, _ terms: BalanceProofTerms, _ arguments: [(type: String, value: ABI.Value)] = []
    ) -> [UInt8] {
        let types = ["address", "address", "bytes32"] + arguments.map(\.type)
        return ABI.call(
            "\(name)(\(types.joined(separator: ",")))",
            words(of: terms).map { .word($0) } + arguments.map(\.value))
    }

    /// Whoever calls is the sender.
    func coinFunding(_ terms: BalanceProofTerms, _ amount: Amount) -> [UInt8] {
        ABI.call(
            "fund(address,bytes32,uint256)", [.address(terms.receiver), .bytes32(terms.salt), .uint(amount)])
    }

    func funding(_ terms: BalanceProofTerms, _ funding: Funding) -> [UInt8] {
        let leave = funding.authorization
        return plainCall(
            "fundWithAuthorization", terms,
            [
                ("uint256", .uint(funding.amount)), ("uint256", .uint(leave.validAfter)),
                ("uint256", .uint(leave.validBefore)), ("bytes32", .bytes32(leave.salt)),
                ("uint8", .uint(leave.signature.isOdd ? 28 : 27 as UInt64)), ("bytes32", .bytes32(leave.signature.r)),
                ("bytes32", .bytes32(leave.signature.s)),
            ])
    }

    func calls(
        _ order: BalanceProofContract.Order, _ state: BalanceProofContract, in domain: ContractDomain
    ) -> [[UInt8]] {
        let terms = state.terms
        switch order {
        case .withdraw(let balance, let proof):
            return [plainCall("withdrawFor", terms, [("uint256", .uint(balance))] + arguments(proof))]
        case .closeTogether(let balance, let proof, let closing):
            return [
                plainCall(
                    "closeTogether", terms, [("uint256", .uint(balance))] + arguments(proof) + arguments(closing))
            ]
        case .requestClose(let balance, let signature):
            return [plainCall("requestCloseFor", terms, [("uint256", .uint(balance))] + arguments(signature))]
        case .dispute(let balance, let proof):
            return [plainCall("dispute", terms, [("uint256", .uint(balance))] + arguments(proof))]
        case .settle: return [plainCall("settle", terms)]
        }
    }

    private func arguments(_ signature: Signature) -> [(type: String, value: ABI.Value)] {
        let words: [ABI.Value]
        if case .tuple(let members) = ABI.Value.signature(signature) { words = members } else { words = [] }
        return zip(["bytes32", "uint256"], words).map { ($0, $1) }
    }

    // MARK: - Refusals

    let errors = ErrorTable([
        "ZeroDeposit()", "AboveMaximum(uint256,uint256)", "SamePartner(address)", "OutOfTurn(uint8)",
        "ExceedsDeposit(uint256,uint256)", "BelowWithdrawn(uint256,uint256)", "ProofSignature()",
        "ClosingSignature()", "RequestSignature()", "ChallengeOver(uint256,uint256)",
        "ChallengeRuns(uint256,uint256)",
    ])

    func refusal(
        _ error: String, _ words: inout ABI.WordReader, _ terms: BalanceProofTerms
    ) throws(ABI.DecodingError) -> BalanceProofContract.Refusal? {
        switch error {
        case "ZeroDeposit": return .zeroDeposit
        case "AboveMaximum":
            return .aboveMaximum(sum: try words.longAmount() ?? .max, maximum: try words.amount())
        case "SamePartner": return .terms(.samePartner(try words.address()))
        case "OutOfTurn":
            return .outOfTurn(phase: ["unfunded", "open", "closing", "closed"][Int(try words.uint(upTo: 3))])
        case "ExceedsDeposit": return .exceedsDeposit(balance: try words.amount(), deposit: try words.amount())
        case "BelowWithdrawn": return .belowWithdrawn(balance: try words.amount(), withdrawn: try words.amount())
        case "ProofSignature": return .proofSignature
        case "ClosingSignature": return .closingSignature
        case "RequestSignature": return .requestSignature
        case "ChallengeOver": return .challengeOver(since: try words.uint(), now: try words.uint())
        case "ChallengeRuns": return .challengeRuns(through: try words.uint(), now: try words.uint())
        default: return nil
        }
    }
}
