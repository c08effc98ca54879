// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingEncodings
import FarthingKeyFiles
public import FarthingPrimitives
import FarthingStacksSettlement

/// Deploys the contracts of channels on a Stacks chain.
public struct StacksOffice: Sendable {
    private let deployer: StacksDeployer

    /// - Parameters:
    ///   - network: A Stacks chain.
    ///   - key: The file of the key whose account pays, and whose contracts they will be.
    ///   - confirmations: How many blocks of Bitcoin to wait for after each contract.
    ///   - passphrase: Asked for only when the file is encrypted.
    /// - Throws: `KeyFileError`, ``ConfigurationError`` for another network.
    public init(
        rpc: String, network: Network, key: String, confirmations: UInt64, passphrase: () throws -> [UInt8]?
    ) throws {
        guard let chainID = network.stacksChainID else {
            throw ConfigurationError.bad(key: "network", value: "\(network)", why: "it must be one such as stacks:1")
        }
        let signer = KeySigner(try KeyFile.read(key, passphrase: passphrase), accounts: .hash160)
        deployer = StacksDeployer(
            url: rpc, signer: signer, chainID: chainID,
            options: StacksSettlement.Options(
                burnBlocks: confirmations, sending: StacksSender.Policy(pause: .milliseconds(500))))
    }

    /// Deploys what is not there yet, one after the other.
    ///
    /// - Parameters:
    ///   - assets: Tokens that can be paid with, as `ADDRESS.contract::asset`.
    ///   - makesTestToken: Whether a token is deployed too that everybody may mint.
    ///   - told: Told of each contract, and whether it was there before.
    /// - Returns: What other commands take as `--contracts`.
    /// - Throws: `SettlementError`; what was deployed before stays.
    public func deploy(
        assets: [String], makesTestToken: Bool, told: @Sendable (_ contract: String, _ wasThere: Bool) -> Void
    ) async throws -> JSON {
        var known = assets.compactMap { StacksAsset($0) }
        if makesTestToken { known.append(try await deployer.deployTestToken(progress: told)) }
        return try await deployer.deploy(assets: known, progress: told).json
    }
}
