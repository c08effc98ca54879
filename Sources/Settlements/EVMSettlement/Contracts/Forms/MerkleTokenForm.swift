// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingEncodings
internal import FarthingPrimitives

/// - Source: `Contracts/Vyper/src/MerkleTokens.vy`.
struct MerkleTokenForm: ChainForm {
    typealias Rules = MerkleTokenContract

    var compiled: CompiledContract { .merkleTokens }
    let termsType = "(address,address,bytes32,uint32,uint128,uint64,bytes32)"
    /// How many tokens the contract redeems at once; an order may have more.
    static let mostTokens = 64

    func words(of terms: MerkleTokenTerms) -> [ABI.Word] {
        [
            .address(terms.payer), .address(terms.token), .bytes32(terms.root), .uint(UInt64(terms.tokenCount)),
            .uint(terms.tokenAmount), .uint(terms.expiry), .bytes32(terms.salt),
        ]
    }

    func terms(_ words: inout ABI.WordReader, _ facts: ContractFacts) throws(ABI.DecodingError) -> MerkleTokenTerms {
        MerkleTokenTerms(
            payer: try words.address(), token: try words.address(), root: try words.bytes32(),
            tokenCount: try words.uint32(), tokenAmount: try words.amount(), expiry: try words.uint(),
            salt: try words.bytes32())
    }

    // MARK: - Reading

    func state(
        _ terms: MerkleTokenTerms, _ view: ContractView
    ) async throws(EndpointFault) -> MerkleTokenContract? {
        var words = try await view.ask(call("channel", terms))
        let (phase, paid): (UInt64, Amount)
        do throws(ABI.DecodingError) { (phase, paid) = (try words.uint(upTo: 2), try words.amount()) } catch {
            throw .malformed("in a channel of Merkle tokens, \(error)")
        }
        guard phase != 0 else { return nil }
        var spent: [(number: UInt32, word: Hash32)] = []
        // While nothing was paid, no token is spent.
        if !paid.isZero {
            let numbers = 0..<(terms.tokenCount / 256 + (terms.tokenCount % 256 == 0 ? 0 : 1))
            let calls = numbers.map { number in
                ABI.call("spentWord(bytes32,uint256)", [.bytes32(view.channel.hash), .uint(UInt64(number))])
            }
            for (number, answer) in zip(numbers, try await view.ask(calls)) {
                var answer = answer
                guard let word = try? answer.bytes32() else { throw .malformed("in spent tokens, a word is missing") }
                if word != .zero { spent.append((number, word)) }
            }
        }
        return try MerkleTokenContract.read { (writer) throws(ABI.DecodingError) in
            writer.write(terms)
            writer.write(UInt8(truncatingIfNeeded: phase))
            writer.write(paid)
            writer.write(UInt32(spent.count))
            for (number, word) in spent {
                writer.write(number)
                writer.write(word)
            }
        }
    }

    // MARK: - Orders

    func calls(
        _ order: MerkleTokenContract.Order, _ state: MerkleTokenContract, in domain: ContractDomain
    ) -> [[UInt8]] {
        switch order {
        case .redeem(let tokens, let proof):
            let terms = state.terms
            if tokens.count <= Self.mostTokens { return [redemption(tokens, proof.nodes, terms)] }
            let tree = MerkleGrove(tokens, proof, terms: terms, tag: terms.tag(in: domain))
            let new = tokens.filter { !state.spent.contains($0.index) }
            return stride(from: 0, to: new.count, by: Self.mostTokens).map { start in
                let some = Array(new[start..<min(start + Self.mostTokens, new.count)])
                return redemption(some, tree.proof(of: some.map(\.index)), terms)
            }
        case .reclaim: return [call("reclaim", state.terms)]
        }
    }

    private func redemption(_ tokens: [MerkleToken], _ nodes: [Hash32], _ terms: MerkleTokenTerms) -> [UInt8] {
        let type = "(address,uint32,uint128,bytes32)"
        let values = tokens.map { token in
            ABI.Value.tuple([
                .address(token.payee), .uint(UInt64(token.index)), .uint(token.amount), .bytes32(token.secret),
            ])
        }
        let proof = (type: "bytes32[]", value: ABI.Value.array(nodes.map { .bytes32($0) }))
        if values.count == 1, nodes.count <= 20 { return call("redeem", terms, [(type, values[0]), proof]) }
        return call("redeemMany", terms, [("\(type)[]", .array(values)), proof])
    }

    // MARK: - Refusals

    let errors = ErrorTable([
        "Terms(string)", "ForeignPayer(address)", "DepositMismatch(uint256,uint256)", "AlreadyFunded()",
        "NotOpen(uint8)", "Lifetime(uint256,uint256)", "BatchSize()", "Unsorted()", "BeyondEnd(uint32,uint32)",
        "TokenAmount(uint128,uint32,uint128)", "InvalidPayee(address,uint32)", "NotProven()",
        "NotExpired(uint64,uint256)",
    ])

    func refusal(
        _ error: String, _ words: inout ABI.WordReader, _ terms: MerkleTokenTerms
    ) throws(ABI.DecodingError) -> MerkleTokenContract.Refusal? {
        switch error {
        case "Terms": return terms.fault.map { .terms($0) }
        case "ForeignPayer": return .foreignPayer(try words.address())
        case "DepositMismatch": return .depositMismatch(deposit: try words.amount(), needed: try words.amount())
        case "AlreadyFunded": return .alreadyFunded
        case "NotOpen":
            let phase = MerkleTokenContract.Phase(rawValue: UInt8(truncatingIfNeeded: try words.uint(upTo: 2)))
            return phase.map { .notOpen(phase: "\($0)") }
        case "Lifetime": return .lifetime(seconds: try words.lifetime())
        case "BatchSize": return .batchSize(0)
        case "Unsorted": return .unsorted
        case "BeyondEnd": return .beyondEnd(index: try words.uint32(), count: try words.uint32())
        case "TokenAmount":
            return .tokenAmount(try words.amount(), index: try words.uint32(), most: try words.amount())
        case "InvalidPayee": return .invalidPayee(try words.address(), index: try words.uint32())
        case "NotProven": return .notProven
        case "NotExpired": return .notExpired(until: try words.uint(), now: try words.instant())
        default: return nil
        }
    }
}

/// All nodes that a proof of many tokens leads over, so that some of them can be proven alone.
private struct MerkleGrove {
    private struct Place: Hashable {
        let level: Int
        let position: UInt32
    }

    private var nodes: [Place: Hash32] = [:]
    private let depth: Int

    /// - Parameter proof: One that proves the tokens.
    init(_ tokens: [MerkleToken], _ proof: MerkleMultiproof, terms: MerkleTokenTerms, tag: Hash32) {
        depth = terms.depth
        var rest = proof.nodes[...]
        for token in tokens { nodes[Place(level: 0, position: token.index)] = MerkleTree.leaf(token, tag: tag) }
        var positions = tokens.map(\.index)
        for level in 0..<depth {
            var above: [UInt32] = []
            for position in positions where above.last != position / 2 {
                let pair = Place(level: level, position: position ^ 1)
                if nodes[pair] == nil { nodes[pair] = rest.popFirst() }
                let left = nodes[Place(level: level, position: position & ~1)] ?? .zero
                let right = nodes[Place(level: level, position: position | 1)] ?? .zero
                nodes[Place(level: level + 1, position: position / 2)] = MerkleTree.inner(left, right)
                above.append(position / 2)
            }
            positions = above
        }
    }

    /// - Parameter indices: Ascending; all of them were among the tokens.
    func proof(of indices: [UInt32]) -> [Hash32] {
        var proof: [Hash32] = []
        var positions = indices
        for level in 0..<depth {
            let known = Set(positions)
            var above: [UInt32] = []
            for position in positions where above.last != position / 2 {
                if !known.contains(position ^ 1) {
                    proof.append(nodes[Place(level: level, position: position ^ 1)] ?? .zero)
                }
                above.append(position / 2)
            }
            positions = above
        }
        return proof
    }
}
