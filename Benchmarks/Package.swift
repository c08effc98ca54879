// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// A package of its own, so that what only measures never reaches a user's build. Run it with `Scripts/bench`.
let package = Package(
    name: "farthing-benchmarks",
    platforms: [.macOS(.v26)],
    dependencies: [
        // Named, because otherwise its name would be that of the folder it was checked out into.
        .package(name: "farthing", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CBareSecp256k1", path: "Sources/CBareSecp256k1", pkgConfig: "libsecp256k1",
            providers: [.apt(["libsecp256k1-dev"]), .brew(["secp256k1"])]),
        // A release build compiles C with -O2.
        .target(name: "CAnchors", dependencies: ["CBareSecp256k1"], path: "Sources/CAnchors"),
        .target(name: "CLoad", path: "Sources/CLoad"),
        .executableTarget(
            name: "farthing-bench",
            dependencies: [
                "CAnchors",
                "CLoad",
                .product(name: "Farthing", package: "farthing"),
                .product(name: "FarthingGun", package: "farthing"),
                .product(name: "FarthingHTTP402", package: "farthing"),
                .product(name: "FarthingLibP2P", package: "farthing"),
                .product(name: "FarthingPeerPayments", package: "farthing"),
                .product(name: "FarthingVoucherScheme", package: "farthing"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Sources/FarthingBench",
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
                .treatAllWarnings(as: .error),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
