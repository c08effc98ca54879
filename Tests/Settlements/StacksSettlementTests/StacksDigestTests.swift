// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSettlement
import Testing

/// What is signed here, held against what the contracts themselves say is signed.
@Suite struct StacksDigestTests {
    @Test(arguments: [false, true])
    func `Digests of vouchers are those of the contract`(inToken: Bool) async throws {
        try await SettlementStage.open(inToken: inToken) { stage in
            let (domain, contract) = (stage.settlement.domain, stage.registry.vouchers)
            var terms = stage.terms()
            for authorizer in [terms.payerAuthorizer, .zero] {
                terms.payerAuthorizer = authorizer
                let id = try await stage.ask(contract, "get-channel-id", [contract.value(of: terms)])
                #expect(id == domain.channelID(of: terms).hash)
            }
            let id = domain.channelID(of: terms)
            let voucher = try await stage.ask(
                contract, "get-voucher-digest", [.buffer(id.hash.bytes), .uint(UInt128.max)])
            #expect(voucher == domain.voucherDigest(channel: id, ceiling: .max))
            let refund = try await stage.ask(
                contract, "get-refund-digest", [.buffer(id.hash.bytes), .uint(7), .uint(1 << 80)])
            #expect(refund == domain.refundDigest(channel: id, nonce: 7, amount: Amount(units: 1 << 80)))
            let row = StacksContract.tuple([
                ("channel-id", .buffer(id.hash.bytes)), ("max-claimable-amount", .uint(9)),
                ("signature", .buffer([UInt8](repeating: 1, count: 65))), ("total-claimed", .uint(5)),
            ])
            let claim = try await stage.ask(contract, "get-claim-digest", [.list([row, row])])
            let rows = [(channel: id, ceiling: Amount(units: 9), total: Amount(units: 5))]
            #expect(claim == domain.claimBatchDigest(rows + rows))
        }
    }

    @Test(arguments: [false, true])
    func `Digests of hash chains are those of the contract`(inToken: Bool) async throws {
        try await SettlementStage.open(inToken: inToken) { stage in
            let domain = try stage.chainDomain()
            let contract = try #require(domain.stacks)
            let (terms, _) = try stage.chain(5)
            let call = try #require(terms.fundingCall(.zero, in: contract))
            let tag = try await stage.ask(contract, "get-tag", [call.arguments[0]])
            #expect(tag == terms.tag(in: domain))
            let id = try await stage.ask(contract, "get-channel-id", [call.arguments[0]])
            #expect(id == terms.channelID(in: domain).hash)
            let close = try await stage.ask(contract, "get-close-digest", [.buffer(id.bytes), .uint(3)])
            #expect(close == HashChainContract.closeDigest(of: ChannelID(id), upTo: 3, in: domain))
        }
    }

    @Test func `The same terms have another name in another contract, on another chain and for another asset`()
        async throws
    {
        try await SettlementStage.open { stage in
            let terms = stage.terms()
            let domain = stage.settlement.domain
            let elsewhere = try #require(
                StacksContract(stage.registry.vouchers.identifier, chainID: 0x8000_0001).map(SettlementDomain.init))
            #expect(elsewhere.channelID(of: terms) != domain.channelID(of: terms))
            let other = SettlementDomain(stacks: try #require(stage.registry.contracts[.hashChain]))
            #expect(other.channelID(of: terms) != domain.channelID(of: terms))
            var unknown = terms
            unknown.token = stage.payee.address
            #expect(domain.channelID(of: unknown) != domain.channelID(of: terms))
            // On mainnet there are no contracts of testnet accounts.
            #expect(StacksContract(stage.registry.vouchers.identifier, chainID: 1) == nil)
        }
    }

    @Test func `An account is written and read as its chain writes it, and no other way`() throws {
        let account = try SenderStage.signer(1).address
        let (mainnet, testnet) = (Network(stacks: 1), SettlementStage.network)
        for network in [mainnet, testnet] { #expect(network.account(network.text(of: account)) == account) }
        #expect(mainnet.text(of: account).hasPrefix("SP"))
        #expect(mainnet.account(testnet.text(of: account)) == nil)
        #expect(mainnet.account("SP000000000000000000002Q6VF79") == nil)
        #expect(mainnet.account(account.checksummed) == nil)
        #expect(Network(evm: 1).account(account.checksummed) == account)
    }

    @Test func `An asset is STX or a contract's, and its name is bound to its address`() throws {
        let text = "ST000000000000000000002AMW42H.token::usd"
        let asset = try #require(StacksAsset(text))
        #expect("\(asset)" == text)
        #expect(StacksAsset(asset.domain) == asset)
        var foreign = asset.domain
        foreign.address = StacksAsset.stx.address
        #expect(StacksAsset(foreign) == nil)
        for wrong in ["", "stx", "ST000000000000000000002AMW42H.token", "\(text)::more", "ST1.token::usd"] {
            #expect(StacksAsset(wrong) == nil, "\(wrong)")
        }
    }
}

extension SettlementStage {
    /// What a read-only function of a contract answers: 32 bytes.
    func ask(_ contract: StacksContract, _ function: String, _ arguments: [ClarityValue]) async throws -> Hash32 {
        let call = try #require(contract.call(function, arguments))
        let value = try await settlement.client.callReadOnly(
            call.contract, call.function, call.arguments, sender: .contract(call.contract))
        guard case .buffer(let bytes) = value else { throw SenderStage.NoKey() }
        return try #require(Hash32(bytes))
    }
}
