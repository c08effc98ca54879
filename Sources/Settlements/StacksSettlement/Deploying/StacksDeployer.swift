// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingPrimitives
internal import FarthingStacks

/// Puts the contracts of channels on a Stacks chain.
public struct StacksDeployer: Sendable {
    private let client: StacksClient
    private let signer: any Signer
    private let chainID: UInt32
    private let options: StacksSettlement.Options

    /// - Parameter signer: Whose contracts they will be, and who pays for them.
    public init(
        url: String, signer: any Signer, chainID: UInt32,
        options: StacksSettlement.Options = StacksSettlement.Options()
    ) {
        client = StacksClient(url: url)
        self.signer = signer
        self.chainID = chainID
        self.options = options
    }

    /// Deploys what is not there yet, one after the other, and waits until each is in the chain.
    ///
    /// - Parameters:
    ///   - assets: What the registry is to name besides the coin.
    ///   - progress: Told of each contract, and whether it was there before.
    /// - Returns: Where they are.
    /// - Throws: `SettlementError`; what was deployed before stays.
    public func deploy(
        assets: [StacksAsset] = [], progress: @Sendable (_ contract: String, _ wasThere: Bool) -> Void = { _, _ in }
    ) async throws(SettlementError) -> StacksRegistry {
        let (account, sender) = try deployer()
        guard let registry = StacksRegistry(deployer: account, chainID: chainID, assets: assets) else {
            throw .notAuthorized(signer.address)
        }
        do throws(StacksNodeFault) { try await client.checkChain(chainID) } catch { throw error.settlementError }
        try await deploy(ClaritySource.all, of: account, through: sender, progress: progress)
        return registry
    }

    /// Deploys a token that everybody may mint: for simulated chains.
    ///
    /// - Parameter progress: Told of each contract, and whether it was there before.
    /// - Throws: `SettlementError`.
    public func deployTestToken(
        progress: @Sendable (_ contract: String, _ wasThere: Bool) -> Void = { _, _ in }
    ) async throws(SettlementError) -> StacksAsset {
        let (account, sender) = try deployer()
        try await deploy([.sip010Trait, .testToken], of: account, through: sender, progress: progress)
        guard let asset = StacksAsset("\(account.address).\(ClaritySource.testToken.name)::test-token") else {
            throw .invalidTerms
        }
        return asset
    }

    private func deploy(
        _ sources: [ClaritySource], of account: StandardPrincipal, through sender: StacksSender,
        progress: @Sendable (_ contract: String, _ wasThere: Bool) -> Void
    ) async throws(SettlementError) {
        for source in sources {
            let isThere = try await isThere(source, of: account)
            if !isThere { try await deploy(source, through: sender) }
            progress("\(account.address).\(source.name)", isThere)
        }
    }

    private func deployer() throws(SettlementError) -> (StandardPrincipal, StacksSender) {
        let version: StacksTransaction.Version = chainID == 1 ? .mainnet : .testnet
        guard signer.accounts == .hash160 else { throw .notAuthorized(signer.address) }
        return (
            StandardPrincipal(signer.address, mainnet: version.isMainnet),
            StacksSender(client: client, signer: signer, version: version, chainID: chainID, policy: options.sending)
        )
    }

    /// Whether a contract has this program; another program under its name is an error.
    private func isThere(_ source: ClaritySource, of account: StandardPrincipal) async throws(SettlementError) -> Bool {
        guard let identifier = ContractIdentifier("\(account.address).\(source.name)") else { return false }
        let text: String
        do throws(StacksNodeFault) { text = try await client.source(of: identifier) } catch {
            if error == .notFound { return false }
            throw error.settlementError
        }
        guard text == source.text else {
            throw .refused(code: "stacks.foreign-contract", message: "There is another program at \(identifier).")
        }
        return true
    }

    private func deploy(_ source: ClaritySource, through sender: StacksSender) async throws(SettlementError) {
        guard let name = ClarityName(bytes: source.name.utf8),
            let deployment = StacksTransaction.Deployment(name: name, source: source.text, clarityVersion: 4)
        else { return }
        let mined: StacksClient.Mined
        do throws(StacksSender.Fault) {
            let sent = try await sender.send(.deploy(deployment))
            mined = try await sender.confirm(sent, burnBlocks: options.burnBlocks, patience: options.patience)
        } catch { throw error.settlementError }
        guard ContractAnswer(mined.result).isOK else {
            throw .refused(code: "stacks.not-deployed", message: "The chain does not take '\(source.name)'.")
        }
    }
}
