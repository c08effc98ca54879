// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingGun
import Foundation
import Logging

/// A relay on loopback for one test, with its file in a folder of its own where it has one.
struct Loopback {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "gun-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    var file: String { folder.appending(path: "relay.sqlite").path }

    func relay(
        port: Int = 0, onDisk: Bool = true, _ adjust: (inout GunRelayConfiguration) -> Void = { _ in }
    ) async throws -> GunRelay {
        var configuration = GunRelayConfiguration()
        configuration.port = port
        configuration.file = onDisk ? file : nil
        adjust(&configuration)
        return try await GunRelay.start(configuration, logger: Self.silent)
    }

    static func client(
        _ ports: Int..., adjust: (inout GunClientConfiguration) -> Void = { _ in }
    ) async throws -> GunClient {
        var configuration = GunClientConfiguration()
        configuration.reconnection = .milliseconds(20)
        configuration.maximumReconnection = .milliseconds(100)
        configuration.timing.settling = 10
        adjust(&configuration)
        return try await GunClient.connect(
            to: ports.map { "ws://127.0.0.1:\($0)/gun" }, configuration: configuration, logger: silent)
    }

    static var silent: Logger { Logger(label: "gun.tests") { _ in SwiftLogNoOpLogHandler() } }
}

extension GunChanges {
    /// The first change that has this value.
    func first(with value: GunValue) async -> GunChange? { await first { $0.value == value } }
}
