// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// One line a room, in the order of the layers: a room may use only what stands above it.
// `Scripts/check-arrows` fails when a line breaks that.

let bridges: [Target] = [
    .systemLibrary(
        name: "CSecp256k1", path: "Sources/Bridges/CSecp256k1", pkgConfig: "libsecp256k1",
        providers: [.apt(["libsecp256k1-dev"]), .brew(["secp256k1"])])
]

let foundations: [Target] = [
    room("Primitives", in: "Foundations", bridges: ["CSecp256k1"]),
    room("Encodings", in: "Foundations", uses: ["Primitives"]),
    room("KeyFiles", in: "Foundations", uses: ["Encodings", "Primitives"], libraries: [cryptoExtras]),
]

// What others have published and many speak; these rooms know nothing of payments.
let protocols: [Target] = [
    room("Stacks", in: "Protocols", uses: ["Encodings", "Primitives"], libraries: [crypto]),
    room(
        "ClarityVM", in: "Protocols", uses: ["Stacks", "Encodings", "Primitives"], bridges: ["CSecp256k1"],
        libraries: [crypto]),
    room(
        "Gun", in: "Protocols", uses: ["Encodings", "Primitives"],
        libraries: [cryptoExtras, grdb, logging, nioCore, nioPosix, nioHTTP1, nioWebSocket]),
    room(
        "LibP2P", in: "Protocols", uses: ["Encodings", "Primitives"],
        libraries: [nioCore, nioPosix, cryptoExtras, logging]),
]

let core: [Target] = [
    room("Channels", in: "Core", uses: ["Stacks", "Encodings", "Primitives"]),
    room("Contracts", in: "Core", uses: ["Channels", "Stacks", "Encodings", "Primitives"]),
    room("X402", in: "Core", uses: ["Contracts", "Channels", "Encodings", "Primitives"]),
]

let schemes: [Target] = [
    room("ExactScheme", in: "Schemes", uses: ["X402", "Channels", "Encodings", "Primitives"]),
    room("HashChainScheme", in: "Schemes", uses: ["X402", "Contracts", "Channels", "Encodings", "Primitives"]),
    room("TwoWayScheme", in: "Schemes", uses: ["X402", "Contracts", "Channels", "Encodings", "Primitives"]),
    room("MerkleTokenScheme", in: "Schemes", uses: ["X402", "Contracts", "Channels", "Encodings", "Primitives"]),
    room("LotteryScheme", in: "Schemes", uses: ["X402", "Contracts", "Channels", "Encodings", "Primitives"]),
    room("BalanceProofScheme", in: "Schemes", uses: ["Contracts", "Channels", "Primitives"]),
    room("VoucherScheme", in: "Schemes", uses: ["X402", "Channels", "Encodings", "Primitives"]),
]

let settlements: [Target] = [
    room(
        "LedgerSettlement", in: "Settlements", uses: ["Contracts", "Channels", "Encodings", "Primitives"],
        libraries: [grdb]),
    room(
        "EVMSettlement", in: "Settlements", uses: ["Contracts", "Channels", "Encodings", "Primitives"],
        libraries: [asyncHTTPClient, nioCore, nioHTTP1]),
    room(
        "StacksSettlement", in: "Settlements", uses: ["Contracts", "Channels", "Stacks", "Encodings", "Primitives"],
        libraries: [asyncHTTPClient, nioCore, nioHTTP1]),
    room(
        "FacilitatorSettlement", in: "Settlements", uses: ["X402", "Channels", "Encodings", "Primitives"],
        libraries: [asyncHTTPClient, nioCore, nioHTTP1, nioPosix]),
]

let transports: [Target] = [
    room(
        "HTTP402", in: "Transports", uses: ["X402", "Channels", "Encodings", "Primitives"],
        libraries: [
            hummingbird, hummingbirdCore, asyncHTTPClient, httpTypes, lifecycle, nioCore, nioHTTP1, nioHTTPTypes,
            nioHTTPTypesHTTP1, logging,
            metrics,
        ]),
    room(
        "PeerPayments", in: "Transports", uses: ["Gun", "LibP2P", "Channels", "Encodings", "Primitives"],
        libraries: [httpTypes]),
    room(
        "HTTP402Client", in: "Transports", uses: ["X402", "Channels", "Encodings", "Primitives"],
        libraries: [asyncHTTPClient, nioCore, nioHTTP1, nioPosix]),
]

let stores: [Target] = [
    room("MemoryStore", in: "Stores", uses: ["Channels", "Primitives"]),
    room("SQLiteStore", in: "Stores", uses: ["Channels", "Primitives"], libraries: [grdb, grdbSQLite]),
]

let engine: [Target] = [
    room("Node", in: "Engine", uses: ["Channels", "Primitives"], libraries: [logging, metrics, lifecycle])
]

let testing: [Target] = [
    room("Conformance", in: "Testing", uses: ["Contracts", "Channels", "Primitives"]),
    room(
        "StacksSimnet", in: "Testing", uses: ["ClarityVM", "Stacks", "Encodings", "Primitives"],
        libraries: [asyncHTTPClient, nioCore, nioHTTP1, nioPosix]),
    room("Devnet", in: "Testing", uses: ["Encodings", "Primitives"], libraries: [asyncHTTPClient, nioCore, nioHTTP1]),
]

let apps: [Target] = [
    room(
        "Wallet", in: "Apps",
        uses: [
            "HTTP402Client", "PeerPayments", "ExactScheme", "HashChainScheme", "LotteryScheme", "MerkleTokenScheme",
            "TwoWayScheme", "VoucherScheme", "X402", "Contracts", "Channels", "Gun", "LibP2P", "Encodings", "KeyFiles",
            "Primitives",
        ], libraries: [asyncHTTPClient, grdb, httpTypes, logging, nioCore, nioHTTP1, nioHTTPTypesHTTP1]),
    room(
        "ClientAPIs", in: "Apps",
        uses: ["BalanceProofScheme", "TwoWayScheme", "X402", "Contracts", "Channels", "Gun", "Encodings", "Primitives"]),
    room(
        "Assembly", in: "Apps",
        uses: [
            "Wallet", "Node", "X402", "Contracts", "Channels", "Gun", "LibP2P", "Encodings", "KeyFiles", "Primitives",
            "Devnet", "StacksSimnet", "ClarityVM", "Stacks",
        ]
            + names(schemes) + names(settlements) + names(transports) + names(stores),
        libraries: [
            configuration, hummingbird, asyncHTTPClient, httpTypes, nioCore, nioHTTP1, nioHTTPTypes,
            logging,
            metrics, coreMetrics, lifecycle,
        ]),
    .executableTarget(
        name: "farthing",
        dependencies: rooms([
            "Assembly", "Wallet", "Node", "HTTP402Client", "X402", "Channels", "Gun", "LibP2P", "Stacks",
            "StacksSimnet", "Encodings", "KeyFiles", "Primitives",
        ])
            + [argumentParser, asyncHTTPClient, logging, metrics, lifecycle, nioCore, nioHTTP1, unixSignals],
        path: "Sources/Apps/CLI"),
]

let tests: [Target] = [
    tests("Stacks", in: "Protocols", uses: ["ClarityVM", "Stacks", "Encodings", "Primitives"]),
    tests(
        "ClarityVM", in: "Protocols", uses: ["ClarityVM", "Stacks", "Encodings", "Primitives"],
        libraries: [.byName(name: "clarity-vectors"), crypto]),
    .executableTarget(
        name: "clarity-vectors", dependencies: rooms(["ClarityVM", "Stacks", "Encodings", "Primitives"]),
        path: "Tests/Protocols/ClarityVectors"),
    tests(
        "ClarityContracts", in: "Protocols",
        uses: [
            "StacksSettlement", "ClarityVM", "Stacks", "LedgerSettlement", "Contracts", "Channels", "Encodings",
            "Primitives",
        ]),
    tests(
        "Gun", in: "Protocols", uses: ["Gun", "Encodings", "Primitives"],
        libraries: [grdb, logging, nioCore, nioPosix, nioHTTP1, nioWebSocket]),
    tests(
        "LibP2P", in: "Protocols", uses: ["LibP2P", "Encodings", "Primitives"],
        libraries: [nioCore, nioPosix, logging]),
    tests("Primitives", in: "Foundations", uses: ["Primitives"]),
    tests("Encodings", in: "Foundations", uses: ["Encodings", "Primitives"]),
    tests("KeyFiles", in: "Foundations", uses: ["Encodings", "KeyFiles", "Primitives"]),
    tests("Channels", in: "Core", uses: ["Channels", "Encodings", "Primitives"]),
    tests("Contracts", in: "Core", uses: ["Contracts", "Channels", "Encodings", "Primitives"]),
    tests("ExactScheme", in: "Schemes", uses: ["ExactScheme", "X402", "Channels", "Encodings", "Primitives"]),
    tests(
        "HashChainScheme", in: "Schemes",
        uses: ["HashChainScheme", "X402", "Contracts", "Channels", "Encodings", "Primitives"]),
    tests(
        "TwoWayScheme", in: "Schemes",
        uses: ["TwoWayScheme", "X402", "Contracts", "Channels", "Encodings", "Primitives"]),
    tests(
        "MerkleTokenScheme", in: "Schemes",
        uses: ["MerkleTokenScheme", "X402", "Contracts", "Channels", "Encodings", "Primitives"]),
    tests(
        "LotteryScheme", in: "Schemes",
        uses: ["LotteryScheme", "X402", "Contracts", "Channels", "Encodings", "Primitives"]),
    tests(
        "BalanceProofScheme", in: "Schemes", uses: ["BalanceProofScheme", "Contracts", "Channels", "Primitives"]),
    tests("VoucherScheme", in: "Schemes", uses: ["VoucherScheme", "X402", "Channels", "Encodings", "Primitives"]),
    tests(
        "LedgerSettlement", in: "Settlements",
        uses: ["LedgerSettlement", "LotteryScheme", "Contracts", "Channels", "Primitives"], libraries: [grdb]),
    tests(
        "EVMSettlement", in: "Settlements",
        uses: [
            "EVMSettlement", "LedgerSettlement", "Devnet", "Contracts", "Channels", "Encodings", "Primitives",
        ],
        libraries: [nioCore, nioHTTP1, nioPosix]),
    tests(
        "FacilitatorSettlement", in: "Settlements",
        uses: ["FacilitatorSettlement", "X402", "Channels", "Encodings", "Primitives"],
        libraries: [nioCore, nioHTTP1, nioPosix]),
    tests(
        "StacksSettlement", in: "Settlements",
        uses: [
            "StacksSettlement", "StacksSimnet", "ClarityVM", "Contracts", "Channels", "Stacks", "Encodings",
            "Primitives",
        ]),
    tests(
        "StacksSimnet", in: "Testing", uses: ["StacksSimnet", "ClarityVM", "Stacks", "Encodings", "Primitives"],
        libraries: [asyncHTTPClient, nioCore, nioHTTP1, nioPosix]),
    tests("MemoryStore", in: "Stores", uses: ["Channels", "Conformance", "MemoryStore", "Primitives"]),
    tests("SQLiteStore", in: "Stores", uses: ["Channels", "Conformance", "Primitives", "SQLiteStore"]),
    .executableTarget(
        name: "crashing-store", dependencies: rooms(["SQLiteStore", "Channels", "Primitives"]),
        path: "Tests/Stores/CrashingStore"),
    tests(
        "Node", in: "Engine", uses: ["Node", "Channels", "MemoryStore", "Primitives", "SQLiteStore"],
        libraries: [logging, lifecycle, lifecycleTestKit]),
    tests(
        "HTTP402", in: "Transports", uses: ["HTTP402", "X402", "Channels", "Encodings", "Primitives"],
        libraries: [asyncHTTPClient, httpTypes, hummingbird, hummingbirdTesting, logging, nioCore, nioHTTP1, nioPosix]),
    tests(
        "PeerPayments", in: "Transports", uses: ["PeerPayments", "Channels", "Encodings", "Primitives"],
        libraries: [httpTypes]),
    tests(
        "Integration", in: "Integration",
        uses: [
            "SQLiteStore", "HashChainScheme", "VoucherScheme", "X402", "Contracts", "Channels", "Gun", "LibP2P",
            "Devnet", "Encodings", "Primitives",
        ], libraries: [logging]),
    tests(
        "Wallet", in: "Apps",
        uses: [
            "Wallet", "Assembly", "Conformance", "Node", "HTTP402", "HTTP402Client", "PeerPayments", "LedgerSettlement",
            "HashChainScheme", "LotteryScheme", "MerkleTokenScheme", "TwoWayScheme", "VoucherScheme", "X402",
            "Contracts",
            "Channels", "Gun", "LibP2P", "Encodings", "Primitives",
        ],
        libraries: [
            grdb, asyncHTTPClient, httpTypes, hummingbird, nioCore, nioHTTP1, nioHTTPTypesHTTP1, nioPosix, logging,
            lifecycle,
        ]),
    .executableTarget(
        name: "crashing-payer",
        dependencies: rooms(["Wallet", "HTTP402Client", "LedgerSettlement", "Channels", "Encodings", "Primitives"])
            + [logging, nioCore],
        path: "Tests/Apps/CrashingPayer"),
    tests(
        "ClientAPIs", in: "Apps",
        uses: [
            "ClientAPIs", "BalanceProofScheme", "TwoWayScheme", "LedgerSettlement", "SQLiteStore", "MemoryStore",
            "EVMSettlement", "Conformance", "Devnet", "Contracts", "Channels", "Gun", "Encodings", "Primitives",
        ], libraries: [logging]),
    tests(
        "Assembly", in: "Apps",
        uses: [
            "Assembly", "Node", "X402", "Contracts", "Channels", "Conformance", "Devnet", "Encodings",
            "EVMSettlement", "ExactScheme",
            "HashChainScheme", "HTTP402", "HTTP402Client", "LedgerSettlement", "LotteryScheme", "MemoryStore",
            "MerkleTokenScheme", "Primitives", "SQLiteStore", "StacksSettlement", "TwoWayScheme", "VoucherScheme",
            "Wallet",
        ],
        libraries: [
            asyncHTTPClient, metrics, coreMetrics, logging, grdb, httpTypes, hummingbirdCore, lifecycle, nioCore,
            nioHTTP1, nioPosix,
        ]),
    tests(
        "Fuzz", in: "Fuzzing",
        uses: [
            "Assembly", "ClientAPIs", "Wallet", "HTTP402", "PeerPayments", "LedgerSettlement", "StacksSettlement",
            "MemoryStore", "SQLiteStore", "Node", "Contracts", "X402", "Channels", "ClarityVM", "Gun", "LibP2P",
            "Stacks", "Encodings", "KeyFiles", "Primitives",
        ] + names(schemes), libraries: [logging]),
    tests(
        "Interop", in: "Interop",
        uses: [
            "Wallet", "HTTP402Client", "EVMSettlement", "Devnet", "VoucherScheme", "Channels", "Encodings",
            "Primitives",
        ], libraries: [asyncHTTPClient, nioCore, nioHTTP1]),
]

let package = Package(
    name: "farthing",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "farthing", targets: ["farthing"]),
        .library(name: "Farthing", targets: ["FarthingAssembly"]),
        .library(name: "FarthingVoucherScheme", targets: ["FarthingVoucherScheme"]),
        .library(name: "FarthingHTTP402", targets: ["FarthingHTTP402"]),
        .library(name: "FarthingHTTP402Client", targets: ["FarthingHTTP402Client"]),
        .library(name: "FarthingWallet", targets: ["FarthingWallet"]),
        .library(name: "FarthingClientAPIs", targets: ["FarthingClientAPIs"]),
        .library(name: "FarthingEVMSettlement", targets: ["FarthingEVMSettlement"]),
        .library(name: "FarthingPeerPayments", targets: ["FarthingPeerPayments"]),
        .library(name: "FarthingLibP2P", targets: ["FarthingLibP2P"]),
        .library(name: "FarthingGun", targets: ["FarthingGun"]),
        .library(name: "FarthingStacks", targets: ["FarthingStacks"]),
        .library(name: "FarthingClarityVM", targets: ["FarthingClarityVM"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.10.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: bridges + foundations + protocols + core + schemes + settlements + transports + stores + engine + testing
        + apps
        + tests,
    swiftLanguageModes: [.v6]
)

// MARK: - Libraries

var argumentParser: Target.Dependency { .product(name: "ArgumentParser", package: "swift-argument-parser") }
var asyncHTTPClient: Target.Dependency { .product(name: "AsyncHTTPClient", package: "async-http-client") }
var configuration: Target.Dependency { .product(name: "Configuration", package: "swift-configuration") }
var crypto: Target.Dependency { .product(name: "Crypto", package: "swift-crypto") }
var cryptoExtras: Target.Dependency { .product(name: "CryptoExtras", package: "swift-crypto") }
var grdb: Target.Dependency { .product(name: "GRDB", package: "GRDB.swift") }
var httpTypes: Target.Dependency { .product(name: "HTTPTypes", package: "swift-http-types") }
var hummingbird: Target.Dependency { .product(name: "Hummingbird", package: "hummingbird") }
var grdbSQLite: Target.Dependency { .product(name: "GRDBSQLite", package: "GRDB.swift") }
var lifecycleTestKit: Target.Dependency {
    .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle")
}
var hummingbirdCore: Target.Dependency { .product(name: "HummingbirdCore", package: "hummingbird") }
var hummingbirdTesting: Target.Dependency { .product(name: "HummingbirdTesting", package: "hummingbird") }
var nioPosix: Target.Dependency { .product(name: "NIOPosix", package: "swift-nio") }
var lifecycle: Target.Dependency { .product(name: "ServiceLifecycle", package: "swift-service-lifecycle") }
var unixSignals: Target.Dependency { .product(name: "UnixSignals", package: "swift-service-lifecycle") }
var logging: Target.Dependency { .product(name: "Logging", package: "swift-log") }
var metrics: Target.Dependency { .product(name: "Metrics", package: "swift-metrics") }
var nioCore: Target.Dependency { .product(name: "NIOCore", package: "swift-nio") }
var coreMetrics: Target.Dependency { .product(name: "CoreMetrics", package: "swift-metrics") }
var nioHTTP1: Target.Dependency { .product(name: "NIOHTTP1", package: "swift-nio") }
var nioWebSocket: Target.Dependency { .product(name: "NIOWebSocket", package: "swift-nio") }
var nioHTTPTypesHTTP1: Target.Dependency { .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras") }
var nioHTTPTypes: Target.Dependency { .product(name: "NIOHTTPTypes", package: "swift-nio-extras") }

// MARK: - How a room is laid out

/// A room is a target: its folder carries the plain name, its module the prefix `Farthing`.
func room(
    _ name: String, in wing: String, uses others: [String] = [], bridges: [String] = [],
    libraries: [Target.Dependency] = []
) -> Target {
    .target(
        name: "Farthing\(name)", dependencies: rooms(others) + bridges.map { .byName(name: $0) } + libraries,
        path: "Sources/\(wing)/\(name)")
}

func tests(
    _ name: String, in wing: String, uses others: [String], libraries: [Target.Dependency] = []
) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: rooms(others) + libraries, path: "Tests/\(wing)/\(name)Tests")
}

func rooms(_ names: [String]) -> [Target.Dependency] { names.map { .byName(name: "Farthing\($0)") } }

func names(_ targets: [Target]) -> [String] { targets.map { String($0.name.dropFirst("Farthing".count)) } }

for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
    ]
}

// `Scripts/fuzz` sets it, to have counted which branches of the rooms are taken. No build for users sees the flag.
if Context.environment["FARTHING_FUZZ"] != nil {
    for target in package.targets where target.type == .regular {
        target.swiftSettings?.append(.unsafeFlags(["-sanitize=fuzzer", "-enable-testing"]))
    }
}
