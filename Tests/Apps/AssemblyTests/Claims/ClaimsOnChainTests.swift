// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingDevnet
import FarthingEVMSettlement
import FarthingEncodings
import FarthingHTTP402
import FarthingNode
import FarthingPrimitives
import FarthingSQLiteStore
import FarthingVoucherScheme
import Testing

@testable import FarthingAssembly

@Suite("A node that claims on a chain", .timeLimit(.minutes(5)))
struct ClaimsOnChainTests {
    private static let sending = SendingPolicy(
        confirmations: 1, pollInterval: .milliseconds(20), patience: .seconds(2), giveUpAfter: .seconds(20),
        lowestTip: 1)

    /// A node that settles on a local chain and knows what a coin is worth, and whoever buys there.
    private struct Shop {
        let devnet: Devnet
        let node: PaymentNode
        let payee = Payee()

        /// A payer whose channel holds a thousand units, of which it has paid some.
        func customer(_ number: UInt64, paying price: Amount) async throws -> Customer {
            let (domain, token) = (node.settlement.domain, node.configuration.token)
            var customer = Customer(
                number, of: payee, domain: domain, token: token, authorizer: node.books.authorizer)
            try await giveCoin(to: customer.key.address)
            try await devnet.mint(10_000, for: customer.key.address, token: token.address.hex)
            let now = try await node.settlement.head().time
            let deposit = try customer.signDeposit(units(10_000), at: now).verified(
                for: customer.terms, token: token.domain, in: domain, at: now)
            _ = try await node.settlement.deposit(
                deposit,
                for: SignedCeiling(
                    terms: customer.terms, ceiling: .zero,
                    signature: customer.key.signNow(domain.voucherDigest(channel: customer.id, ceiling: .zero))))
            let offer = try #require(node.desk.offers(for: price).first)
            guard case .admitted(let payment) = try await node.desk.admit(customer.pay(offer), for: offer) else {
                throw Till.NotTaken()
            }
            customer.settle(try await payment.charge(price))
            return customer
        }

        func giveCoin(to account: Address) async throws {
            try await devnet.ask("anvil_setBalance", .string(account.hex), "0x56bc75e2d63100000")
        }

        /// Has a unit of gas cost so much from the next block on.
        func setGasPrice(gwei: Double) async throws {
            try await devnet.ask("anvil_setNextBlockBaseFeePerGas", .integer(Int(gwei * 1e9)))
            try await devnet.ask("evm_mine")
        }
    }

    private func open(_ body: (Shop) async throws -> Void) async throws {
        try await withFolder { folder in
            let devnet = try await Devnet.start()
            do { try await run(devnet, folder, body) } catch {
                devnet.stop()
                throw error
            }
            devnet.stop()
        }
    }

    private func run(_ devnet: Devnet, _ folder: String, _ body: (Shop) async throws -> Void) async throws {
        let network = Network(evm: devnet.chainID)
        let bytes = try #require(Hex.decode(String(devnet.accounts[0].key.dropFirst(2))))
        guard let key = PrivateKey(bytes) else { throw DevnetFault.noStart("a key is none") }
        let deployer = try EVMSettlement(
            urls: devnet.urls, signer: KeySigner(key), contracts: try #require(ContractRegistry(network: network)),
            sending: Self.sending, client: .shared)
        let address = try await deployer.deployTestToken()
        let token = Token(
            domain: TokenDomain(address: address, name: "USDC", version: "2"), symbol: "USDC", decimals: 6)
        var place = ChainPlace(
            urls: devnet.urls,
            contracts: try await deployer.deployContracts(EVMSettlement.DeploymentPlan(kinds: [])), token: token)
        place.sending = Self.sending
        var configuration = NodeConfiguration(
            upstream: "http://127.0.0.1:1", prices: PriceList([]), network: network, token: token,
            payTo: Payee().receiver, storePath: folder + "/store")
        configuration.chain = place
        // A coin is worth 2500 tokens.
        configuration.claimCosts = ClaimCosts(coinPrice: units(2_500_000_000))
        let node = try await PaymentNode.open(configuration, logger: LogBook().logger)
        do {
            let shop = Shop(devnet: devnet, node: node)
            try await shop.giveCoin(to: node.books.authorizer)
            try await body(shop)
        } catch {
            await node.close()
            throw error
        }
        await node.close()
    }

    @Test func `holds small sums while gas is dear, claims from who leaves, and the rest when it is cheap again`()
        async throws
    {
        try await open { shop in
            let (node, receiver) = (shop.node, shop.payee.receiver)
            // 95,000 gas at some 0.0009 gwei are 208 units: too much for the first alone, and not for both together.
            let first = try await shop.customer(1, paying: units(180))
            try await shop.setGasPrice(gwei: 0.001)
            let alone = try await node.collectDue()
            #expect(alone.claims == VoucherEffects.ClaimReport() && alone.paidOut == .zero)
            let second = try await shop.customer(2, paying: units(320))
            try await shop.setGasPrice(gwei: 0.001)
            let both = try await node.collectDue()
            #expect(both.claims.claimed == units(500))

            // The spike: what was worth its gas is not any more, for how many there are.
            try await shop.setGasPrice(gwei: 80)
            var others: [Customer] = []
            for number in 3..<6 { others.append(try await shop.customer(UInt64(number), paying: units(5000))) }
            try await shop.setGasPrice(gwei: 80)
            let held = try await node.collectDue()
            #expect(held.claims == VoucherEffects.ClaimReport() && held.paidOut == .zero)
            #expect(node.books.cashier.index.unclaimed(of: node.configuration.token.address) == units(15_000))

            // One of them leaves: what it owes is claimed at any price, and what the others owe still waits.
            let chain = try #require(node.settlement as? EVMSettlement)
            _ = try await chain.initiateWithdraw(others[0].terms, amount: units(5000), by: others[0].key)
            try await node.catchUp()
            let left = try await chain.snapshot(of: others[0].id)
            #expect(left?.totalClaimed == units(5000))
            try await shop.setGasPrice(gwei: 80)
            let forced = try await node.collectDue()
            #expect(forced.claims == VoucherEffects.ClaimReport() && forced.paidOut == units(5000))

            // The spike is over.
            try await shop.setGasPrice(gwei: 0.001)
            let rest = try await node.collectDue()
            #expect(rest.claims.claimed == units(10_000))
            let paid = try await chain.balance(of: receiver, token: node.configuration.token.address)
            #expect(paid == units(15_500))
            for customer in [first, second] + others {
                let snapshot = try await chain.snapshot(of: customer.id)
                #expect(snapshot?.totalClaimed == customer.charged)
            }
        }
    }

    @Test func `says what keeps it from claiming: no coins, gas that is too dear, an endpoint that is gone`()
        async throws
    {
        try await open { shop in
            let settlement = shop.node.settlement
            #expect(await settlement.obstacles().isEmpty)
            let account = shop.node.books.authorizer
            try await shop.devnet.ask("anvil_setBalance", .string(account.hex), "0x1")
            let empty = await settlement.obstacles()
            guard case .accountEmpty(let owner, let has, let needs, let unit) = empty.first else {
                Issue.record("\(empty)")
                return
            }
            #expect(owner == account.checksummed && has == units(1) && needs > has && unit == "wei")
            try await shop.giveCoin(to: account)
            try await shop.setGasPrice(gwei: 600)
            #expect(await settlement.obstacles().map(\.code) == ["settlement.fees-too-high"])
            try await shop.setGasPrice(gwei: 1)
            #expect(await settlement.obstacles().isEmpty)
            shop.devnet.stop()
            while (try? await shop.devnet.ask("eth_chainId")) != nil {}
            #expect(await settlement.obstacles().map(\.code) == ["settlement.unreachable"])
        }
    }

    /// Fees may outrun what was sent for days, and the shortest delay after which a payer has its money back is 900 s.
    @Test func `starts and takes payments while what a crash left undone waits for a block`() async throws {
        try await open { shop in
            var customer = try await shop.customer(1, paying: units(500))
            var configuration = shop.node.configuration
            configuration.storePath += "-after-a-crash"
            configuration.chain?.sending.giveUpAfter = .seconds(3600)
            let record = try #require(try await shop.node.store.load(customer.id))
            let store = try JournalStore(path: configuration.storePath, mode: .readWrite)
            let commit = ChannelCommit(
                channel: customer.id, scheme: record.scheme, state: record.state,
                effects: [VoucherChannel.stored(.claim)])
            _ = try await store.commit(commit, over: nil)
            await store.close()
            try await shop.devnet.ask("evm_setAutomine", false)
            let node = try await withThrowingTaskGroup { [configuration] group in
                group.addTask { try await PaymentNode.open(configuration, logger: LogBook().logger) }
                group.addTask {
                    try await Task.sleep(for: .seconds(60))
                    throw NotStarted()
                }
                let first = try await group.next()
                group.cancelAll()
                return try #require(first)
            }
            let offer = try #require(node.desk.offers(for: units(20)).first)
            let payment = try await node.desk.admit(customer.pay(offer), for: offer).payment
            customer.settle(try #require(try await payment?.charge(units(20))))
            try await shop.devnet.ask("evm_setAutomine", true)
            try await node.catchUp()
            let left = try await node.store.pendingEffects(after: nil, limit: 10)
            #expect(left.isEmpty)
            let claimed = try await node.settlement.snapshot(of: customer.id)?.totalClaimed
            #expect(claimed == units(520))
            await node.close()
        }
    }

    private struct NotStarted: Error {}

    @Test func `asks the chain what gas costs, and takes all by hand whatever it costs`() async throws {
        try await open { shop in
            try await shop.setGasPrice(gwei: 80)
            _ = try await shop.customer(1, paying: units(10))
            let held = try await shop.node.collectDue()
            #expect(held.claims.claimed == .zero)
            try await shop.devnet.ask(
                "devnet_fault", ["method": "eth_feeHistory", "kind": "error", "count": .null])
            let unknown = await shop.node.claimFees(of: .voucher)
            #expect(unknown == nil)
            try await shop.devnet.ask("devnet_clearFaults")
            let fees = try #require(await shop.node.claimFees(of: .voucher))
            #expect(fees.channel > units(2_000_000) && fees.transaction > fees.channel)
            // By hand everything is claimed, whatever it costs.
            let all = try await shop.node.collect()
            #expect(all.claims.claimed == units(10))
        }
    }
}
