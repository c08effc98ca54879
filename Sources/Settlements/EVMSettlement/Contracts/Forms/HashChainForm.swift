// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingEncodings
internal import FarthingPrimitives

/// - Source: `Contracts/Vyper/src/HashChains.vy`.
struct HashChainForm: ChainForm {
    typealias Rules = HashChainContract

    var compiled: CompiledContract { .hashChains }
    let termsType = "(address,address,address,address,bytes32,uint32,uint128,uint64,bytes32)"

    func words(of terms: HashChainTerms) -> [ABI.Word] {
        [
            .address(terms.payer), .address(terms.receiver), .address(terms.receiverAuthorizer),
            .address(terms.token), .bytes32(terms.anchor), .uint(UInt64(terms.stepCount)), .uint(terms.stepAmount),
            .uint(terms.expiry), .bytes32(terms.salt),
        ]
    }

    func terms(_ words: inout ABI.WordReader, _ facts: ContractFacts) throws(ABI.DecodingError) -> HashChainTerms {
        HashChainTerms(
            payer: try words.address(), receiver: try words.address(), receiverAuthorizer: try words.address(),
            token: try words.address(), anchor: try words.bytes32(),
            stepCount: try words.uint32(),
            stepAmount: try words.amount(), expiry: try words.uint(), salt: try words.bytes32())
    }

    // MARK: - Reading

    private static let redeemed = Keccak256.hash(utf8: "Redeemed(bytes32,uint256,bytes32)")

    func state(_ terms: HashChainTerms, _ view: ContractView) async throws(EndpointFault) -> HashChainContract? {
        var words = try await view.ask(call("channel", terms))
        let (phase, index, head): (UInt64, UInt64, Hash32)
        do throws(ABI.DecodingError) {
            phase = try words.uint(upTo: 2)
            index = try words.uint(upTo: UInt64(HashChainTerms.stepCounts.upperBound))
            head = try words.bytes32()
        } catch { throw .malformed("in a hash chain, \(error)") }
        guard phase != 0 else { return nil }
        var step = terms.anchor
        if index > 0 {
            // The contract keeps 29 bytes of the step; all of it is in the log.
            let log = try await view.newestLog(Self.redeemed) { log in
                guard log.data.count == 64, let value = Hash32(log.data[32...]) else { return false }
                return value.bytes.prefix(29) == head.bytes.prefix(29)
            }
            guard let log, let value = Hash32(log.data[32...]) else {
                throw .malformed("the log of step \(index) is missing")
            }
            step = value
        }
        return try HashChainContract.read { (writer) throws(ABI.DecodingError) in
            writer.write(terms)
            writer.write(UInt8(truncatingIfNeeded: phase))
            writer.write(HashChainStep(index: UInt32(truncatingIfNeeded: index), value: step))
        }
    }

    // MARK: - Orders

    func calls(
        _ order: HashChainContract.Order, _ state: HashChainContract, in domain: ContractDomain
    ) -> [[UInt8]] {
        switch order {
        case .redeem(let step):
            [call("redeem", state.terms, arguments(step))]
        case .close(let step, let signature):
            [
                call(
                    "close", state.terms,
                    arguments(step) + [(type: ABI.Value.signatureType, value: .signature(signature))])
            ]
        case .reclaim: [call("reclaim", state.terms)]
        }
    }

    private func arguments(_ step: HashChainStep) -> [(type: String, value: ABI.Value)] {
        [("uint32", .uint(UInt64(step.index))), ("bytes32", .bytes32(step.value))]
    }

    // MARK: - Refusals

    let errors = ErrorTable([
        "Terms(string)", "ForeignPayer(address)", "DepositMismatch(uint256,uint256)", "AlreadyFunded()",
        "NotOpen(uint8)", "Lifetime(uint256,uint256)", "BeyondEnd(uint256,uint32)", "ForeignStep(uint256)",
        "CloseSignature()", "CloseBehind(uint32,uint32)", "NotExpired(uint64,uint256)",
    ])

    func refusal(
        _ error: String, _ words: inout ABI.WordReader, _ terms: HashChainTerms
    ) throws(ABI.DecodingError) -> HashChainContract.Refusal? {
        switch error {
        case "Terms": return terms.fault.map { .terms($0) }
        case "ForeignPayer": return .foreignPayer(try words.address())
        case "DepositMismatch": return .depositMismatch(deposit: try words.amount(), needed: try words.amount())
        case "AlreadyFunded": return .alreadyFunded
        case "NotOpen":
            let phase = HashChainContract.Phase(rawValue: UInt8(truncatingIfNeeded: try words.uint(upTo: 2)))
            return phase.map { .notOpen(phase: "\($0)") }
        case "Lifetime": return .lifetime(seconds: try words.lifetime())
        case "BeyondEnd": return .beyondEnd(index: try words.uint32(), count: try words.uint32())
        case "ForeignStep": return .foreignStep(index: try words.uint32())
        case "CloseSignature": return .closeSignature
        case "CloseBehind": return .closeBehind(signed: try words.uint32(), redeemed: try words.uint32())
        case "NotExpired": return .notExpired(until: try words.uint(), now: try words.instant())
        default: return nil
        }
    }
}

extension ABI.WordReader {
    mutating func uint32() throws(ABI.DecodingError) -> UInt32 {
        UInt32(truncatingIfNeeded: try uint(upTo: UInt64(UInt32.max)))
    }

    mutating func uint16() throws(ABI.DecodingError) -> UInt16 {
        UInt16(truncatingIfNeeded: try uint(upTo: UInt64(UInt16.max)))
    }
}
