// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// A package of its own, because coverage is counted in everything it builds. Run it with `Scripts/fuzz`.
let package = Package(
    name: "farthing-fuzzing",
    platforms: [.macOS(.v26)],
    dependencies: [
        // Named, because otherwise its name would be that of the folder it was checked out into.
        .package(name: "farthing", path: "..")
    ],
    targets: [
        .executableTarget(
            name: "farthing-fuzz",
            dependencies: [
                .product(name: "Farthing", package: "farthing"),
                .product(name: "FarthingVoucherScheme", package: "farthing"),
                .product(name: "FarthingHTTP402", package: "farthing"),
                .product(name: "FarthingWallet", package: "farthing"),
                .product(name: "FarthingClientAPIs", package: "farthing"),
                .product(name: "FarthingLibP2P", package: "farthing"),
                .product(name: "FarthingPeerPayments", package: "farthing"),
                .product(name: "FarthingGun", package: "farthing"),
                .product(name: "FarthingStacks", package: "farthing"),
                .product(name: "FarthingClarityVM", package: "farthing"),
            ],
            // Decoders/ is a link to those of the tests.
            path: "Sources/FarthingFuzz",
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
                .treatAllWarnings(as: .error),
            ],
            // lld, since gold gives up on the debugging information of Swift.
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])])
    ],
    swiftLanguageModes: [.v6]
)
