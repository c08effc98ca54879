// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingSQLiteStore
import Foundation

/// What Hedgehog's README does with its client and its relay, on an embedded ledger with simulated money.
///
/// Started with `--gun`, what they tell each other goes over GUN.
@main
struct HedgehogChannel {
    static func main() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/hedgehog-channel-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let (alice, bob) = (KeySigner(.random()), KeySigner(.random()))
        let (ledger, token) = try await ledger(in: folder, for: alice.address)
        let between = try await Between(Array(CommandLine.arguments.dropFirst()), client: alice, server: bob)

        let client = try MicropaymentAPI(
            relay: between.client, settlement: ledger, store: SQLiteStore(path: folder + "/client.store"))
        await client.setSigner(alice)
        let server = try MicropaymentAPI(
            relay: between.server, settlement: ledger, store: SQLiteStore(path: folder + "/relay.store"))
        await server.setSigner(bob)

        // The client locks its money, and publishes what both begin with.
        let terms = TwoWayTerms(
            first: alice.address, second: bob.address, token: token, firstDeposit: Amount(units: 1000),
            secondDeposit: .zero, challengeSeconds: 900, salt: .random())
        let channel = try await client.openChannel(terms)
        try await between.pin(terms, in: client.domain)
        try await client.openOffChainChannel(channel, initialState: terms.opening)

        // The relay countersigns what brings it at least 10 units.
        let serving = try await server.subscribeToChannel(channel, policy: RelayPolicy(leastPayment: Amount(units: 10)))
        {
            print("relay: nonce \($0.nonce), \($0.secondBalance) units")
        }
        let (signed, answers) = AsyncStream.makeStream(of: TwoWayState.self)
        let monitor = try await client.monitorChannel(
            channel, onState: { answers.yield($0) }, onSilence: { print("the relay is silent") })

        // The client pays twice, and waits for each countersignature.
        var received = signed.makeAsyncIterator()
        for price in [Amount(units: 25), Amount(units: 75)] {
            try await client.updateOffChainChannel(channel, to: client.nextState(paying: price, on: channel))
            if let state = await received.next() { print("client: nonce \(state.nonce) is signed by both") }
        }

        if let nonce = try await between.backedUp(channel) { print("backed up in GUN: nonce \(nonce)") }

        // Both agree on the end: nobody waits for a challenge period.
        try await client.closeTogether(channel)
        while try await client.contract(of: channel)?.state.phaseName != "closed" {
            try await Task.sleep(for: .milliseconds(20))
        }
        await monitor.stop()
        await serving.stop()
        await between.close()
        let earned = try await ledger.balance(of: bob.address, token: token)
        print("closed: the relay has \(earned) units")
    }

    /// A ledger of our own, a token on it, and some of that for an account.
    static func ledger(in folder: String, for account: Address) async throws -> (Ledger, Address) {
        guard let domain = SettlementDomain(network: Network(evm: 84_532)),
            let address = Address(hex: "0x00000000000000000000000000000000000000ee")
        else { throw CancellationError() }
        let ledger = try Ledger(path: folder + "/ledger.db", domain: domain)
        try await ledger.addToken(
            Token(
                domain: TokenDomain(address: address, name: "Wrapped Ether", version: "1"), symbol: "WETH", decimals: 18
            ))
        try await ledger.mint(to: account, token: address, amount: Amount(units: 1_000_000))
        return (ledger, address)
    }
}
