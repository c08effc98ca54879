// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingPrimitives
import FarthingWallet
import Foundation
import Logging

/// A hotspot that sells its uplink by the second to whoever comes into range, and three guests who come.
///
/// Nobody has configured anything: the guests hear of the hotspot by multicast DNS, ask what it costs, and pay for one
/// second after the other over libp2p. Who stops paying is offline a moment later. The money is simulated.
@main
struct Hotspot {
    static func main() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/hotspot-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var logger = Logger(label: "hotspot")
        logger.logLevel = .error

        try await AccessPoint.open(in: folder, logger: logger) { point in
            print("hotspot: open; a second online costs \(AccessPoint.price) units")
            print("eve: pays nothing, and gets \(try await Guest.freeRide())")
            // One signature opens the chain; each second after that is a hash.
            let ana = try await Guest(name: "ana", scheme: "hash-chain", at: point)
            // A signature a second, and slow with the third: so there is a gap before it.
            let ben = try await Guest(name: "ben", scheme: "voucher", hesitates: true, at: point)
            try await withThrowingTaskGroup { group in
                group.addTask { try await ana.visit(paying: 4) }
                group.addTask {
                    try await ben.visit(paying: 3)
                    // Comes back, to the same channel.
                    try await ben.visit(paying: 1)
                }
                try await group.waitForAll()
            }
            let earned = try await point.settle()
            print("hotspot: has \(earned) units")
        }
    }
}
