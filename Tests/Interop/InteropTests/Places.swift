// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// Where the programs lie that take part.
enum Places {
    /// The folder with the scripts of the peers.
    static let scripts = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    /// The path of a peer's script.
    static func script(_ name: String) -> String { scripts.appending(path: name).path(percentEncoded: false) }

    /// Makes a folder that is the caller's to remove.
    static func newFolder() throws -> URL {
        let name = "farthing-interop-\(UUID().uuidString)"
        let folder = FileManager.default.temporaryDirectory.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private static let package = scripts.deletingLastPathComponent().deletingLastPathComponent()

    /// The program under test: what `FARTHING_BINARY` names, else the one that was built together with this test.
    static func farthing() throws -> URL {
        if let named = ProcessInfo.processInfo.environment["FARTHING_BINARY"] {
            return try program(URL(filePath: named), "FARTHING_BINARY names it.")
        }
        let bundle = Bundle.main.executablePath.map { [$0] } ?? []
        for start in bundle + ProcessInfo.processInfo.arguments where start.hasPrefix("/") {
            var folder = URL(filePath: start).standardizedFileURL
            while folder.pathComponents.count > 1 {
                folder.deleteLastPathComponent()
                let candidate = folder.appending(path: "farthing")
                if isProgram(candidate) { return candidate }
            }
        }
        return try program(
            package.appending(path: ".build/debug/farthing"), "Build it with `swift build --product farthing`.")
    }

    /// A Python that has the official SDK: what `FARTHING_INTEROP_PYTHON` names, else that of `Scripts/bootstrap`.
    static func python() throws -> URL {
        if let named = ProcessInfo.processInfo.environment["FARTHING_INTEROP_PYTHON"] {
            return try program(URL(filePath: named), "FARTHING_INTEROP_PYTHON names it.")
        }
        return try program(
            package.appending(path: ".venv-interop/bin/python"),
            "It has the official x402 SDK; run `Scripts/bootstrap --test` to make it.")
    }

    private static func program(_ url: URL, _ remedy: String) throws -> URL {
        guard isProgram(url) else { throw InteropFault("There is no program \(url.path()). \(remedy)") }
        return url
    }

    private static func isProgram(_ url: URL) -> Bool {
        var isFolder: ObjCBool = false
        let path = url.path(percentEncoded: false)
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
            && FileManager.default.isExecutableFile(atPath: path)
    }
}
