// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHashChainScheme
import FarthingSQLiteStore
import Foundation
import Testing

@testable import FarthingAssembly

@Suite("A backup of a node at work", .timeLimit(.minutes(2)))
struct StoreBackupTests {
    private func backup(_ shop: PrepaidShop, key: String? = nil) -> StoreBackup {
        let node = shop.node.configuration
        return StoreBackup(
            storePath: node.storePath, place: .ledger(path: node.ledgerPath, newOn: nil),
            authorizerKeyPath: key ?? node.authorizerKeyPath, otherKeys: [(path: "/nowhere", suffix: ".gun.key")])
    }

    @Test func `has all that was paid, and a node goes on with it`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            _ = try await shop.open(&payer)
            let folder = shop.node.configuration.storePath + ".backup"
            let found = try await backup(shop).make(at: folder)
            #expect(found.faults == [] && found.channels == 1)
            #expect(!FileManager.default.fileExists(atPath: folder + ".partial"))
            for name in ["", "/store", "/store.ledger", "/store.authorizer.key"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: folder + name)
                #expect(attributes[.posixPermissions] as? Int == (name.isEmpty ? 0o700 : 0o600), "\(name)")
            }

            var configuration = shop.node.configuration
            configuration.storePath = folder + "/store"
            configuration.ledgerPath = folder + "/store.ledger"
            configuration.authorizerKeyPath = folder + "/store.authorizer.key"
            let restored = try await PaymentNode.open(
                configuration, logger: shop.node.logger, clock: { [clock = shop.clock] in clock.now })
            #expect(try await restored.store.load(payer.id) == shop.node.store.load(payer.id))
            await restored.close()
        }
    }

    @Test func `takes nobody's place, and leaves nothing where it cannot be made`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let folder = shop.node.configuration.storePath + ".backup"
            for name in [folder, folder + ".partial"] {
                try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: false)
                await #expect(throws: BackupFault.exists(path: name)) { try await backup(shop).make(at: folder) }
                #expect(try FileManager.default.contentsOfDirectory(atPath: name) == [])
                try FileManager.default.removeItem(atPath: name)
            }
            await #expect(throws: BackupFault.unwritable(path: "/nowhere/at/all.partial")) {
                try await backup(shop).make(at: "/nowhere/at/all")
            }
            let lost = StoreBackup(
                storePath: shop.node.configuration.storePath, place: .ledger(path: "/nowhere", newOn: nil),
                authorizerKeyPath: shop.node.configuration.authorizerKeyPath)
            await #expect(throws: LostFile.self) { try await lost.make(at: folder) }
            #expect(!FileManager.default.fileExists(atPath: folder + ".partial"))
        }
    }

    @Test func `is none without the key that the channels name, and needs none where there are no channels`()
        async throws
    {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let folder = shop.node.configuration.storePath + ".backup"
            let empty = try await backup(shop, key: "/nowhere").make(at: folder)
            #expect(empty.faults == [] && empty.channels == 0)
            try FileManager.default.removeItem(atPath: folder)

            var payer = try shop.channel()
            _ = try await shop.open(&payer)
            let found = try await backup(shop, key: "/nowhere").make(at: folder)
            #expect(found.faults.count == 1 && found.channels == 1)
            #expect(found.faults.first?.contains("--authorizer-key") == true, "\(found.faults)")
            #expect(!FileManager.default.fileExists(atPath: folder))
            #expect(FileManager.default.fileExists(atPath: folder + ".partial/store"))

            // A key that lies elsewhere comes with the rest, under the name by which it is found beside the copy.
            try FileManager.default.removeItem(atPath: folder + ".partial")
            let elsewhere = shop.node.configuration.storePath + ".moved"
            try FileManager.default.moveItem(atPath: shop.node.configuration.authorizerKeyPath, toPath: elsewhere)
            #expect(try await backup(shop, key: elsewhere).make(at: folder).faults == [])
            #expect(FileManager.default.contentsEqual(atPath: elsewhere, andPath: folder + "/store.authorizer.key"))
        }
    }

    @Test func `keeps the name of one that is not finished when something is wrong with it`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            _ = try await shop.open(&payer)
            let record = try #require(try await shop.node.store.load(payer.id))
            _ = try await shop.node.store.commit(
                ChannelCommit(channel: payer.id, scheme: record.scheme, state: record.state.dropLast()),
                over: record.version)
            let folder = shop.node.configuration.storePath + ".backup"
            let found = try await backup(shop).make(at: folder)
            #expect(found.faults.count == 1)
            #expect(!FileManager.default.fileExists(atPath: folder))
            #expect(FileManager.default.fileExists(atPath: folder + ".partial/store"))
        }
    }
}
