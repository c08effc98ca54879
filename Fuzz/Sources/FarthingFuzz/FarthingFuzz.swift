// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Feeds one decoder with bytes that libFuzzer makes up, led by which branches they reach.
///
///     farthing-fuzz list
///     farthing-fuzz DECODER [libFuzzer's own arguments]
@main
enum FarthingFuzz {
    /// Set once, before the first bytes arrive; libFuzzer's callback can carry nothing along.
    nonisolated(unsafe) private static var decoder: Decoder?

    static func main() {
        // libFuzzer starts its own program again to distil a corpus, with its own arguments alone.
        let inherited = ProcessInfo.processInfo.environment["FARTHING_FUZZ_DECODER"]
        guard let name = inherited ?? CommandLine.arguments.dropFirst().first, name != "list" else {
            for decoder in Decoder.all { print(decoder.name) }
            return
        }
        guard let named = Decoder.named(name) else {
            FileHandle.standardError.write(Data("There is no decoder '\(name)'.\n".utf8))
            exit(64)
        }
        decoder = named
        // A name among the arguments takes the place of the program's, so that all that follows is for libFuzzer.
        let skipped: CInt = inherited == nil ? 1 : 0
        var count = CommandLine.argc - skipped
        var arguments = CommandLine.unsafeArgv + Int(skipped)
        exit(runDriver(&count, &arguments) { bytes, count in FarthingFuzz.feed(bytes, count) })
    }

    private static func feed(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        guard let decoder else { return -1 }
        do throws(BrokenPromise) {
            _ = try decoder.check(Array(UnsafeBufferPointer(start: bytes, count: count)))
            return 0
        } catch {
            FileHandle.standardError.write(Data("Broken promise: \(error)\n".utf8))
            // A crash is how libFuzzer hears of it, and keeps the bytes.
            abort()
        }
    }
}
