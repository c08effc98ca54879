// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingKeyFiles
import FarthingPrimitives
import FarthingWallet
import Foundation

/// Files that people and programs write.
extension Decoder {
    static let files = [keyFile, spendingPolicy, hostPattern, tokenPattern, configuration]

    private struct TooDear: Error {}

    /// Encrypted files are opened only if that is cheap, for else the derivation would be all that is tested.
    private static let keyFile = Decoder("key-file") { bytes in
        let key = try KeyFile.importKey(from: bytes) {
            guard isCheap(bytes) else { throw TooDear() }
            return Array("x".utf8)
        }
        let address = key.address
        let again = try KeyFile.importKey(from: Array(key.withBytes { Hex.digits($0) }.utf8)) { nil }
        try BrokenPromise.unless(again.address, equals: address, "key")
        return true
    }

    private static func isCheap(_ bytes: [UInt8]) -> Bool {
        guard let json = try? JSON.parse(bytes), let members = json.members else { return false }
        for crypto in members.map(\.value) {
            guard let parameters = crypto["kdfparams"] else { continue }
            let numbers = ["n", "r", "p", "c"].map { parameters[$0]?.integerValue ?? 1 }
            guard numbers.allSatisfy({ (1...4096).contains($0) }) else { return false }
            guard numbers[0] * numbers[1] * numbers[2] <= 64, numbers[3] <= 64 else { return false }
        }
        return true
    }

    private static let spendingPolicy = Decoder("spending-policy") { bytes in
        let policy = try SpendingPolicy(file: bytes)
        try BrokenPromise.unless(try? SpendingPolicy(json: policy.json), equals: policy, "policy")
        return true
    }

    private static let hostPattern = text("host-pattern") { text in
        guard let pattern = HostPattern(text) else { return false }
        try BrokenPromise.unless(HostPattern("\(pattern)"), equals: pattern, "pattern")
        return true
    }

    private static let tokenPattern = text("token-pattern") { text in
        guard let pattern = TokenPattern(text) else { return false }
        try BrokenPromise.unless(TokenPattern("\(pattern)"), equals: pattern, "pattern")
        return true
    }

    /// A node's settings, of which whatever is wrong must have a code, and be told in few words.
    private static let configuration = Decoder("configuration") { bytes in
        let folder = FileManager.default.temporaryDirectory.path
        let path = "\(folder)/farthing-fuzz-\(ProcessInfo.processInfo.processIdentifier).json"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        do {
            let source = try Waiting.result {
                try await ConfigurationSource(flags: [:], environment: [:], file: path)
            }
            _ = try source.node()
            return true
        } catch let error as any ExplainedError {
            try BrokenPromise.unless(!error.code.isEmpty && !error.message.isEmpty, "an error without words")
            try BrokenPromise.unless(error.message.utf8.count < 4096, "an endless error")
            return false
        } catch {
            throw BrokenPromise("an error without a code: \(error)")
        }
    }
}
