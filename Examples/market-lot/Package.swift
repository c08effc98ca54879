// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let package = Package(
    name: "market-lot",
    platforms: [.macOS(.v26)],
    dependencies: [.package(name: "farthing", path: "../..")],
    targets: [
        .executableTarget(
            name: "MarketLot", dependencies: [.product(name: "Farthing", package: "farthing")], path: "Sources")
    ]
)
