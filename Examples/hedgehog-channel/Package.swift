// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let package = Package(
    name: "hedgehog-channel",
    platforms: [.macOS(.v26)],
    dependencies: [.package(name: "farthing", path: "../..")],
    targets: [
        .executableTarget(
            name: "HedgehogChannel",
            dependencies: [
                .product(name: "Farthing", package: "farthing"),
                .product(name: "FarthingClientAPIs", package: "farthing"),
            ], path: "Sources")
    ]
)
