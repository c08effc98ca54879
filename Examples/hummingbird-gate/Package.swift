// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let package = Package(
    name: "hummingbird-gate",
    platforms: [.macOS(.v26)],
    dependencies: [
        .package(name: "farthing", path: "../.."),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
    ],
    targets: [
        .executableTarget(
            name: "HummingbirdGate",
            dependencies: [
                .product(name: "Farthing", package: "farthing"),
                .product(name: "FarthingHTTP402", package: "farthing"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ], path: "Sources")
    ]
)
