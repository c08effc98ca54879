// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks
import NIOHTTP1
import Synchronization

extension SimnetNode {
    /// Answers a request.
    ///
    /// - Parameter loses: Whether a transaction is forgotten once it is taken in.
    /// - Source: stacks-core, `docs/rpc/openapi.yaml`.
    func answer(_ request: NodeRequest, loses: Bool = false) -> NodeAnswer {
        let path = request.path
        switch (request.method, path.first, path.dropFirst().first) {
        case (.GET, "v2", "info") where path.count == 2: return info
        case (.GET, "v3", "health") where path.count == 2: return health
        case (.GET, "v2", "accounts") where path.count == 3: return account(path[2], request)
        case (.POST, "v2", "transactions") where path.count == 2: return takeTransaction(request, loses: loses)
        case (.GET, "v3", "transaction") where path.count == 3: return transaction(path[2])
        case (.GET, "v2", "fees") where path.count == 3 && path[2] == "transfer":
            return .json(.integer(SimnetChain.minimumFeeRate))
        case (.POST, "v2", "fees") where path.count == 3 && path[2] == "transaction": return estimateFee(request)
        case (.POST, "v2", "contracts") where path.count == 6 && path[2] == "call-read":
            return contract(request, 3) { self.callReadOnly($0, path[5], request) }
        case (.GET, "v2", "contracts") where path.count == 5 && path[2] == "source":
            return contract(request, 3) { self.source(of: $0) }
        case (.GET, "v2", "contracts") where path.count == 5 && path[2] == "interface":
            return contract(request, 3) { self.interface(of: $0) }
        case (.POST, "v2", "map_entry") where path.count == 5:
            return contract(request, 2) { self.mapEntry(path[4], of: $0, request) }
        case (.GET, "v2", "data_var") where path.count == 5:
            return contract(request, 2) { self.dataVariable(path[4], of: $0) }
        case (.GET, "v2", "constant_val") where path.count == 5:
            return contract(request, 2) { self.constant(path[4], of: $0) }
        case (_, "simnet", _): return control(request)
        default: return .notFound("Not Found")
        }
    }

    // MARK: - The chain

    private var info: NodeAnswer {
        let (heights, tip, branch) = chain.withLock { ($0.heights, $0.tip, $0.branch) }
        let consensus: JSON = .string(
            Hex.digits(SimnetBlock.burnHash(height: heights.burn, branch: branch).bytes.prefix(20)))
        return .json([
            "peer_version": 0x1800_0010, "pox_consensus": consensus, "burn_block_height": .integer(heights.burn),
            "stable_pox_consensus": consensus, "stable_burn_block_height": .integer(heights.burn),
            "server_version": "farthing-simnet", "network_id": .integer(network.chainID),
            "parent_network_id": .integer(network == .mainnet ? 0xD9B4_BEF9 as UInt32 : 0xDAB5_BFFA),
            "stacks_tip_height": .integer(heights.stacks), "stacks_tip": .string(Hex.digits(tip.hash.bytes)),
            "stacks_tip_consensus_hash": consensus,
            "genesis_chainstate_hash": .string(String(repeating: "0", count: 64)), "unanchored_tip": .null,
            "unanchored_seq": .null, "tenure_height": .integer(heights.tenure), "exit_at_block_height": .null,
            "is_fully_synced": true, "last_pox_anchor": .null, "stackerdbs": [],
        ])
    }

    private var health: NodeAnswer {
        let height = JSON.integer(heights.stacks)
        return .json([
            "difference_from_max_peer": 0, "max_stacks_height_of_neighbors": height, "node_stacks_tip_height": height,
        ])
    }

    private func account(_ text: String, _ request: NodeRequest) -> NodeAnswer {
        guard let owner = try? Principal(text) else { return .bad("Failed to parse `principal`") }
        if let missing = missingTip(request) { return missing }
        let account = account(owner)
        let json: JSON = [
            "balance": .string(account.stx.unlocked.wideHex), "locked": .string(account.stx.locked.wideHex),
            "unlock_height": .integer(account.stx.unlockHeight), "nonce": .integer(account.nonce),
        ]
        return .json(request.query["proof"] == "0" ? json : json.adding("balance_proof", "").adding("nonce_proof", ""))
    }

    /// An answer when the request asks for another block than the last.
    func missingTip(_ request: NodeRequest) -> NodeAnswer? {
        guard let tip = request.query["tip"], !tip.isEmpty, tip != "latest" else { return nil }
        let last = chain.withLock { $0.tip.indexHash }
        return Hex.decode(tip).map { $0 == last.bytes } == true ? nil : .notFound("Chain tip '\(tip)' not found")
    }

    private func transaction(_ text: String) -> NodeAnswer {
        guard let id = Hex.decode(text).flatMap(Hash32.init) else { return .bad("Failed to parse `txid`") }
        guard let (block, mined) = chain.withLock({ $0.mined(id) }) else {
            return .notFound("Transaction \(Hex.digits(id.bytes)) not found")
        }
        return .json([
            "index_block_hash": .string(Hex.digits(block.indexHash.bytes)),
            "tx": .string(Hex.digits(mined.transaction.encoded)), "result": .string(mined.outcome.result.description),
            "block_height": .integer(block.height), "is_canonical": true,
        ])
    }

    // MARK: - Contracts

    private func contract(
        _ request: NodeRequest, _ index: Int, _ body: (ContractIdentifier) -> NodeAnswer
    ) -> NodeAnswer {
        guard let issuer = try? StandardPrincipal(address: request.path[index]),
            let name = ClarityName(request.path[index + 1]),
            let contract = ContractIdentifier(issuer: issuer, name: name)
        else { return .bad("Failed to parse contract identifier") }
        return missingTip(request) ?? body(contract)
    }

    private func callReadOnly(_ contract: ContractIdentifier, _ name: String, _ request: NodeRequest) -> NodeAnswer {
        guard let function = ClarityName(name) else { return .bad("Failed to parse function name") }
        guard let json = request.json, let text = json["sender"]?.stringValue, let sender = try? Principal(text),
            let texts = json["arguments"]?.arrayValue
        else { return .bad("Failed to parse JSON body") }
        var arguments: [ClarityValue] = []
        for text in texts {
            guard let bytes = text.stringValue.flatMap(Hex.decode), let value = try? ClarityValue(decoding: bytes)
            else {
                return .bad("Failed to deserialize argument value")
            }
            arguments.append(value)
        }
        let simnet = chain.withLock(\.simnet)
        do throws(SimnetFault) {
            let value = try simnet.readOnly(contract, function, arguments: arguments, sender: sender)
            return .json(["okay": true, "result": .string(Hex.encode(value.encoded))])
        } catch {
            var cause = error.explanation
            if case .noSuchContract(let contract) = error { cause = "Unchecked(NoSuchContract(\"\(contract)\"))" }
            if case .runtime(let fault) = error, case .publicFunctionNotReadOnly = fault.reason {
                cause = "NotReadOnly"
            }
            return .json(["okay": false, "cause": .string(cause)])
        }
    }

    private func source(of contract: ContractIdentifier) -> NodeAnswer {
        let (source, height) = chain.withLock { ($0.simnet.source(of: contract), $0.publishHeight(of: contract)) }
        guard let source else { return .notFound("No contract source data found") }
        return .json(["source": .string(source), "publish_height": .integer(height ?? 0)])
    }

    private func interface(of contract: ContractIdentifier) -> NodeAnswer {
        guard let analysis = chain.withLock({ $0.simnet.analysis(of: contract) }) else {
            return .notFound("No contract interface data found")
        }
        return .json(analysis.abi)
    }

    private func mapEntry(_ name: String, of contract: ContractIdentifier, _ request: NodeRequest) -> NodeAnswer {
        guard let text = request.json?.stringValue, let bytes = Hex.decode(text),
            let key = try? ClarityValue(decoding: bytes)
        else { return .bad("Failed to deserialize key") }
        return data("Map") { simnet throws(SimnetFault) in
            guard let name = ClarityName(name) else { return nil }
            return try simnet.mapEntry(name, key: key, of: contract).map { .some($0) } ?? ClarityValue.none
        }
    }

    private func dataVariable(_ name: String, of contract: ContractIdentifier) -> NodeAnswer {
        data("Data var") { simnet throws(SimnetFault) in
            guard let name = ClarityName(name) else { return nil }
            return try simnet.dataVariable(name, of: contract)
        }
    }

    private func constant(_ name: String, of contract: ContractIdentifier) -> NodeAnswer {
        data("Constant") { simnet throws(SimnetFault) in
            guard let name = ClarityName(name) else { return nil }
            return try simnet.constant(name, of: contract)
        }
    }

    private func data(
        _ what: String, _ body: (Simnet) throws(SimnetFault) -> ClarityValue?
    ) -> NodeAnswer {
        guard let value = try? body(chain.withLock(\.simnet)) else { return .notFound("\(what) not found") }
        return .json(["data": .string(Hex.encode(value.encoded))])
    }
}
