// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let package = Package(
    name: "hotspot",
    platforms: [.macOS(.v26)],
    dependencies: [
        .package(name: "farthing", path: "../.."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "Hotspot",
            dependencies: [
                .product(name: "Farthing", package: "farthing"),
                .product(name: "FarthingHTTP402", package: "farthing"),
                .product(name: "FarthingHTTP402Client", package: "farthing"),
                .product(name: "FarthingLibP2P", package: "farthing"),
                .product(name: "FarthingWallet", package: "farthing"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], path: "Sources")
    ]
)
