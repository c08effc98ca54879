// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingPrimitives

/// A contract of ours as its compiler left it.
///
/// - Source: `Contracts/Vyper`; each is compiled anew by the tests and compared.
public struct CompiledContract: Sendable {
    public let name: String
    /// With its version.
    public let compiler: String
    /// The names of the functions that change something, by their selectors as 8 hexadecimal digits.
    public let functions: [String: String]
    /// What makes the contract when it is sent; arguments follow it.
    let creation: [UInt8]
    /// Which part of that runs afterwards; behind it a contract keeps what was fixed when it was made.
    private let range: Range<Int>

    /// - Parameter creation: Hexadecimal digits.
    init(name: String, compiler: String, functions: [String: String], runtime: Range<Int>, creation: String) {
        self.name = name
        self.functions = functions
        self.compiler = compiler
        self.creation = Hex.decode(creation) ?? []
        range = runtime
    }

    /// What runs, without what was fixed when it was made.
    var runtime: ArraySlice<UInt8> { creation[range] }

    /// Whether the code at an address is this contract's, whatever was fixed when it was made.
    func isAt(code: [UInt8]) -> Bool { !creation.isEmpty && code.starts(with: runtime) }
}

extension CompiledContract {
    /// All that are made here.
    public static let all: [CompiledContract] = [
        .batchSettlement, .erc3009Collector, .permit2Collector, .testUSDC, .voucherChannels, .twoWayChannels,
        .hashChains, .merkleTokens, .lottery, .lots,
    ]
}
