// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingMerkleTokenScheme
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import Foundation
import Testing

@Suite("A wallet's books", .timeLimit(.minutes(2)))
struct WalletBooksTests {
    /// The books of a wallet that paid so often, in a market of its own.
    private func books(
        after payments: Int, _ body: @escaping @Sendable (Market, Wallet) async throws -> Void
    )
        async throws
    {
        try await Market.open { market in
            let wallet = try await market.wallet()
            let client = wallet.client()
            for number in 0..<payments {
                _ = try await client.execute(PayingRequest(url: market.url + "/weather?n=\(number)"))
            }
            try await body(market, wallet)
        }
    }

    @Test func `are written and read as they are`() async throws {
        try await books(after: 3) { _, wallet in
            let books = try await wallet.journal.books(of: wallet.address)
            #expect(books.history.count == 3 && books.channels.count == 1)
            let read = try WalletBooks(file: books.json.bytes)
            #expect(read.channels == books.channels)
            #expect(read.history.map(\.json) == books.history.map(\.json))
            #expect(read.json == books.json)
        }
    }

    @Test func `are taken in by an empty journal, and count in its budgets`() async throws {
        try await books(after: 3) { market, wallet in
            let books = try await wallet.journal.books(of: wallet.address)
            let other = try Journal(path: nil)
            #expect(try await other.merge(books, into: wallet.address) == Journal.Merge(added: 1, entries: 3))
            #expect(try await other.merge(books, into: wallet.address) == Journal.Merge(unchanged: 1))
            #expect(try await other.entries().map(\.state) == [.paid, .paid, .paid])
            #expect(try await other.channels().allSatisfy { $0.books.isRebuilt && $0.books.charged == 3000 })
        }
    }

    /// A market of one scheme, a wallet that paid there so often, and how to pay on out of other books of the same key.
    private func prepaid(
        _ scheme: PaymentScheme, after payments: Int,
        _ body: @escaping @Sendable (Market, Wallet, _ other: (Journal) throws -> Wallet) async throws -> Void
    ) async throws {
        let configure: @Sendable (inout NodeConfiguration) -> Void = { $0.schemes = [scheme] }
        try await Market.open(configure: configure) { market in
            let signer = KeySigner(PrivateKey.random())
            try await market.ledger.mint(to: signer.address, token: Market.token.address, amount: 10_000_000)
            let wallet = try market.wallet(signer: signer, policy: scheme == .lottery ? Market.lucky : .standard)
            for _ in 0..<payments {
                _ = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            }
            try await body(market, wallet) { journal in
                Wallet(journal: journal, lockFolder: nil, signer: signer, views: [market.ledger], logger: Market.quiet)
            }
        }
    }

    @Test(arguments: [PaymentScheme.hashChain, .merkleToken, .twoWay, .lottery])
    func `of prepaid channels go along, and pay on out of the same deposit`(scheme: PaymentScheme) async throws {
        try await prepaid(scheme, after: 3) { market, wallet, other in
            let books = try await wallet.journal.books(of: wallet.address)
            #expect(books.prepaid.map(\.scheme) == [scheme.rawValue] && books.channels.isEmpty)
            let read = try WalletBooks(file: books.json.bytes)
            #expect(read.prepaid == books.prepaid && read.json == books.json)
            let journal = try Journal(path: nil)
            #expect(try await journal.merge(read, into: wallet.address).added == 1)
            #expect(try await journal.merge(read, into: wallet.address) == Journal.Merge(unchanged: 1))
            let restored = try other(journal)
            let answer = try await restored.client().execute(PayingRequest(url: market.url + "/weather"))
            #expect(answer.receipt?.charged == Market.price)
            let overviews = try await journal.overviews()
            #expect(overviews.map(\.charged) == [4000], "one channel, and nothing paid twice")
            #expect(market.upstream.calls == 4)
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test(arguments: [PaymentScheme.hashChain, .merkleToken, .twoWay, .lottery])
    func `of prepaid channels with an older copy lose nothing, whichever is taken into which`(
        scheme: PaymentScheme
    ) async throws {
        try await prepaid(scheme, after: 2) { market, wallet, other in
            let old = try await wallet.journal.books(of: wallet.address)
            for _ in 0..<2 { _ = try await wallet.client().execute(PayingRequest(url: market.url + "/weather")) }
            let new = try await wallet.journal.books(of: wallet.address)
            for (first, second) in [(old, new), (new, old)] {
                let journal = try Journal(path: nil)
                try await journal.merge(first, into: wallet.address)
                try await journal.merge(second, into: wallet.address)
                #expect(try await journal.overviews().map(\.charged) == [4000])
                #expect(try await journal.books(of: wallet.address).prepaid == new.prepaid)
            }
        }
    }

    @Test(arguments: [PaymentScheme.merkleToken, .twoWay, .lottery])
    func `of prepaid channels from before the last payments go on where the payee is`(
        scheme: PaymentScheme
    ) async throws {
        try await prepaid(scheme, after: 2) { market, wallet, other in
            let journal = try Journal(path: nil)
            try await journal.merge(try await wallet.journal.books(of: wallet.address), into: wallet.address)
            let request = PayingRequest(url: market.url + "/weather")
            for _ in 0..<2 { _ = try await wallet.client().execute(request) }
            let restored = try other(journal)
            for _ in 0..<2 {
                #expect(try await restored.client().execute(request).receipt?.charged == Market.price)
            }
            #expect(try await journal.overviews().map(\.charged) == [6000], "one channel, and nothing paid twice")
            #expect(try await journal.overviews().map(\.doubtful) == [0])
            #expect(try await journal.overviews().map(\.status) == ["open"])
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test(arguments: [PaymentScheme.merkleToken, .twoWay, .lottery])
    func `of prepaid channels that miss nothing go on without a doubt`(scheme: PaymentScheme) async throws {
        try await prepaid(scheme, after: 2) { market, wallet, other in
            let journal = try Journal(path: nil)
            try await journal.merge(try await wallet.journal.books(of: wallet.address), into: wallet.address)
            _ = try await other(journal).client().execute(PayingRequest(url: market.url + "/weather"))
            let overviews = try await journal.overviews()
            #expect(overviews.map(\.charged) == [3000])
            #expect(overviews.map(\.doubtful) == [0])
        }
    }

    /// Nothing shows that its payee has a step, and each step gives away those before it.
    @Test func `of a hash chain from before the last payments are believed by a person alone`() async throws {
        try await prepaid(.hashChain, after: 2) { market, wallet, other in
            let journal = try Journal(path: nil)
            try await journal.merge(try await wallet.journal.books(of: wallet.address), into: wallet.address)
            let request = PayingRequest(url: market.url + "/weather")
            for _ in 0..<2 { _ = try await wallet.client().execute(request) }
            let restored = try other(journal)
            await #expect(throws: HashChainPayer.Refusal.overstatedSteps(revealed: 4, most: 3)) {
                try await restored.client().execute(request)
            }
            await #expect(throws: PrepaidPayerFault.self) { try await restored.client().execute(request) }
            _ = try await restored.resume(try #require(try await journal.overviews().first?.id))
            for _ in 0..<3 {
                #expect(try await restored.client().execute(request).receipt?.charged == Market.price)
            }
            #expect(try await journal.overviews().map(\.charged) == [7000])
            #expect(try await journal.overviews().map(\.status) == ["open"])
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test func `that were put back go on by themselves once the payee shows a voucher that they never signed`()
        async throws
    {
        try await books(after: 1) { market, wallet in
            let old = try #require(try await wallet.journal.channels().first)
            let request = PayingRequest(url: market.url + "/weather")
            for _ in 0..<2 { _ = try await wallet.client().execute(request) }
            try await wallet.journal.keep(old)
            for _ in 0..<2 {
                #expect(try await wallet.client().execute(request).receipt?.charged == Market.price)
            }
            #expect(try await wallet.journal.channels().map(\.books.misconduct) == [nil])
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `of tokens give a payee none that it only says it has`() async throws {
        try await Market.open { market in
            try await Stall<MerkleTokenChannel>.open(on: market) { stall in
                let signer = KeySigner(.random())
                try await market.ledger.mint(to: signer.address, token: Market.token.address, amount: 10_000_000)
                let wallet = try market.wallet(signer: signer, schemes: ["merkle-token"])
                let request = PayingRequest(url: await stall.address)
                _ = try await wallet.client().execute(request)
                let journal = try Journal(path: nil)
                try await journal.merge(try await wallet.journal.books(of: wallet.address), into: wallet.address)
                let restored = Wallet(
                    journal: journal, lockFolder: nil, signer: signer, views: [market.ledger],
                    options: Wallet.Options(schemes: ["merkle-token"]), logger: Market.quiet)
                await stall.lies { $0.withState("charged", "7000").withState("floor", "7") }
                _ = try await restored.client().execute(request)
                await stall.lies(nil)
                _ = try await restored.client().execute(request)
                let id = try #require(try await journal.overviews().first?.id)
                #expect(try await journal.overviews().map(\.charged) == [7000], "by its own word")
                #expect(await stall.channel(id)?.purse.authorised == 3000, "it has one token for each request")
                #expect(
                    try await journal.entries().map(\.charged) == [1000, 1000, 1000], "and uses up no more of a budget")
            }
        }
    }

    @Test func `of prepaid channels are refused when they are another's or damaged`() async throws {
        try await prepaid(.hashChain, after: 1) { _, wallet, _ in
            let books = try await wallet.journal.books(of: wallet.address)
            let stranger = PrivateKey.random().address
            var foreign = books
            foreign.address = stranger
            #expect(throws: BooksFault.otherAddress(wallet.address, stranger)) {
                try WalletBooks(file: foreign.json.bytes)
            }
            let journal = try Journal(path: nil)
            await #expect(throws: BooksFault.otherAddress(wallet.address, stranger)) {
                try await journal.merge(foreign, into: stranger)
            }
            #expect(try await journal.overviews().isEmpty)
            let text = books.json.text
            let copy = try #require(books.prepaid.first)
            for (part, damaged) in [
                ("\(copy.id)", ChannelID(.zero).description), ("\"hash-chain\"", "\"casino\""),
                ("\"books\":\"0x", "\"books\":\"0x00"), ("eip155:84532", "base"),
            ] {
                let file = Array(text.replacing(part, with: damaged).utf8)
                #expect(throws: BooksFault.self, "\(part)") { try WalletBooks(file: file) }
            }
        }
    }

    @Test func `with an older copy lose nothing, whichever is taken into which`() async throws {
        try await books(after: 2) { market, wallet in
            let old = try await wallet.journal.books(of: wallet.address)
            for number in 0..<2 {
                _ = try await wallet.client().execute(PayingRequest(url: market.url + "/more?n=\(number)"))
            }
            let new = try await wallet.journal.books(of: wallet.address)
            for (first, second) in [(old, new), (new, old)] {
                let journal = try Journal(path: nil)
                try await journal.merge(first, into: wallet.address)
                try await journal.merge(second, into: wallet.address)
                let merged = try #require(try await journal.channels().first)
                #expect(merged.books.charged == 4000 && merged.books.authorised == 4000 && merged.books.isRebuilt)
                #expect(try await journal.entries().count == 4)
            }
            try await wallet.journal.merge(old, into: wallet.address)
            #expect(
                try await wallet.client().execute(PayingRequest(url: market.url + "/weather")).receipt?.charged == 1000)
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `of another address, or with another channel's id, change nothing`() async throws {
        try await books(after: 1) { _, wallet in
            let books = try await wallet.journal.books(of: wallet.address)
            let other = PrivateKey.random().address
            let journal = try Journal(path: nil)
            await #expect(throws: BooksFault.otherAddress(wallet.address, other)) {
                try await journal.merge(books, into: other)
            }
            var forged = books
            forged.address = other
            await #expect(throws: BooksFault.otherAddress(wallet.address, other)) {
                try await journal.merge(forged, into: other)
            }
            let channel = try #require(books.channels.first)
            let id = ChannelID(Keccak256.hash(utf8: "another"))
            forged = books
            forged.channels = [
                KeptChannel(
                    books: VoucherPayer(id: id, terms: channel.books.terms), network: channel.network, usedAt: nil)
            ]
            await #expect(throws: BooksFault.otherChannel(id)) { try await journal.merge(forged, into: wallet.address) }
            #expect(try await journal.channels().isEmpty)
            #expect(try await journal.entries().isEmpty)
        }
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"format":"farthing-wallet"}"#, #"{"format":"other","version":1}"#,
        #"{"format":"farthing-wallet","version":1,"address":"0x00","channels":[],"history":[]}"#,
    ])
    func `are not read from what are none`(text: String) throws {
        #expect { try WalletBooks(file: Array(text.utf8)) } throws: { error in
            (error as? BooksFault)?.code == "wallet-books.unreadable"
        }
    }

    @Test func `of a later version are not read`() throws {
        let text = #"{"format":"farthing-wallet","version":3}"#
        #expect(throws: BooksFault.newer(version: 3)) { try WalletBooks(file: Array(text.utf8)) }
    }

    @Test func `are damaged by any member that is missing`() async throws {
        try await books(after: 1) { _, wallet in
            let json = try await wallet.journal.books(of: wallet.address).json
            for list in ["channels", "history"] {
                let whole = try #require(json[list]?.arrayValue?.first)
                let optional = [
                    "usedAt", "asset", "receiver", "balance", "charged", "authorised", "spendable", "locked", "status",
                    "doubts",
                ]
                for member in whole.members ?? [] {
                    if list == "channels", optional.contains(member.name) { continue }
                    if ["time", "channel", "ceiling", "identifier", "code", "transaction"].contains(member.name) {
                        continue
                    }
                    let less = JSON.object((whole.members ?? []).filter { $0.name != member.name })
                    let file = JSON.object(
                        (json.members ?? []).map {
                            JSON.Member(name: $0.name, value: $0.name == list ? .array([less]) : $0.value)
                        })
                    #expect(throws: BooksFault.self, "\(list) without \(member.name)") {
                        try WalletBooks(file: file.bytes)
                    }
                }
            }
        }
    }

    @Test func `tell their history in lines that a spreadsheet reads`() async throws {
        try await books(after: 0) { market, wallet in
            let url = market.url + "/weather?a=1,2&b=%22"
            _ = try await wallet.client().execute(PayingRequest(url: url))
            let line = try #require(try await wallet.journal.entries().first).csv
            #expect(line.hasSuffix("\r\n"))
            #expect(line.contains(",paid,127.0.0.1:"))
            #expect(line.contains(",\"\(url)\",batch-settlement,"))
            #expect(JournalEntry.csvHeader.split(separator: ",").count == 17)
        }
    }

    @Test func `of a payee that cheated are closed until a person decides otherwise`() async throws {
        try await books(after: 1) { market, wallet in
            var channel = try #require(try await wallet.journal.channels().first)
            let misconduct = VoucherPayer.Misconduct.overcharged(charged: 2, price: 1)
            _ = try channel.books.apply(.suspended(misconduct))
            try await wallet.journal.keep(channel)
            let request = PayingRequest(url: market.url + "/weather")
            await #expect(throws: VoucherPayer.Refusal.suspended(misconduct)) {
                try await wallet.client().execute(request)
            }
            #expect(try await wallet.resume(channel.id).status != "suspended")
            #expect(try await wallet.client().execute(request).receipt?.charged == 1000)
            let unknown = ChannelID(Keccak256.hash(utf8: "another"))
            await #expect(throws: WalletError.unknownChannel(unknown)) { try await wallet.resume(unknown) }
        }
    }
}
