// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingEncodings
public import FarthingPrimitives

extension EVMSettlement {
    /// A contract that was made.
    public struct Deployment: Hashable, Sendable {
        public let address: Address
        public let transaction: TransactionID
        /// - Unit: gas.
        public let gasUsed: UInt64
    }

    /// Makes a contract, and reads it back.
    ///
    /// - Parameter arguments: What its constructor takes.
    func deploy(
        _ contract: CompiledContract, _ arguments: [ABI.Value] = []
    ) async throws(SettlementError) -> Deployment {
        let mined = try await send(contract.creation + ABI.encode(arguments: arguments), to: nil, within: .making)
        guard let address = mined.contract, try await isThere(contract, at: address) else {
            throw .unavailable(reason: "\(contract.name) is not where it was made")
        }
        return Deployment(address: address, transaction: mined.id, gasUsed: mined.gasUsed)
    }

    /// Whether this very contract is at an address.
    func isThere(_ contract: CompiledContract, at address: Address) async throws(SettlementError) -> Bool {
        try await reader.explained { () async throws(EndpointFault) in
            let code = try await reader.chain.agreed([.code(at: address)])[0].get().data("a contract's code")
            return contract.isAt(code: code)
        }
    }
}
