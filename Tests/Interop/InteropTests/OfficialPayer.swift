// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation

/// Somebody who pays with the official Python SDK, and with nothing else.
final class OfficialPayer {
    /// How a request is to be paid.
    enum Way: String {
        /// With httpx, which is asynchronous.
        case httpx = ""
        /// With requests, which is not.
        case requests = "--sync"
        /// With httpx, without waiting for the answer before.
        case atOnce = "--at-once"
        /// With httpx; each answer to a payment gets lost once, and the same is sent again.
        case losingAnswers = "--lose-answers"
    }

    let address: Address
    /// Whose key signs the vouchers.
    let voucherSigner: Address
    private let payee: any Payee
    private let identity: [String]
    /// All that was done so far.
    private(set) var steps: [Step] = []

    /// - Parameters:
    ///   - key: All 32 bytes of the private key.
    ///   - voucherKey: All 32 bytes of another key, that signs the vouchers.
    init(key: UInt8, voucherKey: UInt8? = nil, at payee: any Payee) throws {
        self.payee = payee
        address = try Self.address(of: key)
        voucherSigner = try Self.address(of: voucherKey ?? key)
        let books = payee.folder.appending(path: "books-\(key)").path(percentEncoded: false)
        identity =
            ["--key", Self.hex(key), "--books", books]
            + (voucherKey.map { ["--voucher-key", Self.hex($0)] } ?? [])
    }

    private static func hex(_ key: UInt8) -> String { Hex.encode([UInt8](repeating: key, count: 32)) }

    private static func address(of key: UInt8) throws -> Address {
        guard let key = PrivateKey([UInt8](repeating: key, count: 32)) else { throw InteropFault("No such key.") }
        return key.address
    }

    // MARK: - What it can do

    /// Asks for a path, and pays what it costs.
    ///
    /// - Parameters:
    ///   - identifier: The payment-identifier of each payment.
    ///   - salt: All 32 bytes of the salt of another channel; zeros when left out.
    ///   - reading: Whether the SDK can read the channel, as it must to mend its books by itself.
    ///   - exactly: Whether it also pays what is offered for the scheme `exact` alone.
    @discardableResult
    func pay(
        _ path: String, count: Int = 1, by way: Way = .httpx, identifier: String? = nil, salt: UInt8? = nil,
        reading: Bool = false, exactly: Bool = false
    ) async throws -> [Step] {
        var arguments = ["pay", payee.url + path, "--count", "\(count)"]
        if way != .httpx { arguments.append(way.rawValue) }
        if let identifier { arguments += ["--identifier", identifier] }
        let other = salt.map { ["--salt", Self.hex($0)] } ?? []
        return try await run(other + (exactly ? ["--exact"] : []) + arguments, reading: reading)
    }

    /// Asks for money back: for all that is left when no amount is given.
    @discardableResult
    func refund(_ amount: Int? = nil, on path: String = "/weather") async throws -> Step {
        try await one(["refund", payee.url + path] + (amount.map { ["--amount", "\($0)"] } ?? []))
    }

    /// Makes the SDK believe that it paid only this much so far.
    func rewind(to charged: Int) async throws {
        guard let channel = steps.last?.channel else { throw InteropFault("There is no channel to forget.") }
        try await run(["rewind", channel, "--charged", "\(charged)"])
    }

    /// Lets a payment be refused for stale books, and mends them by the proof in the refusal.
    func mend(on path: String = "/weather") async throws -> Step { try await one(["mend", payee.url + path]) }

    /// Asks the contract itself for money back, in a transaction of its own; the payee must offer a node.
    func initiateWithdraw(_ amount: Int, on path: String = "/weather") async throws -> Step {
        try await one(["initiate-withdraw", payee.url + path, "--amount", "\(amount)"], reading: true)
    }

    /// Takes from the contract what was asked for and is still there.
    func finalizeWithdraw(on path: String = "/weather") async throws -> Step {
        try await one(["finalize-withdraw", payee.url + path], reading: true)
    }

    private func one(_ arguments: [String], reading: Bool = false) async throws -> Step {
        guard let step = try await run(arguments, reading: reading).first else {
            throw InteropFault("The client told nothing.")
        }
        return step
    }

    @discardableResult
    private func run(_ arguments: [String], reading: Bool = false) async throws -> [Step] {
        try await finish(begin(arguments, reading: reading))
    }

    /// Begins something, and does not wait for its end.
    func begin(_ arguments: [String], reading: Bool = false) throws -> RunningProcess {
        let script = Places.script("x402_client.py")
        let reader = try reading ? payee.readingArguments() : []
        return try RunningProcess(
            "client", Places.python(), [script] + identity + reader + arguments, in: payee.folder)
    }

    /// Waits for the end of what was begun.
    @discardableResult
    func finish(_ client: RunningProcess) async throws -> [Step] {
        let told = try await client.finish().map { Step(json: try JSON.parse($0)) }
        steps += told
        return told
    }

    // MARK: - What it believes

    var charged: Int { steps.reduce(0) { $0 + ($1.charged ?? 0) } }
    var deposited: Int { steps.reduce(0) { $0 + $1.deposited } }
    var refunded: Int { steps.reduce(0) { $0 + $1.refunded } }
    var channel: String? { steps.last { $0.channel != nil }?.channel }
}
