// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Foundation

/// The folder of a demo, whose files the next demo replaces.
///
/// It bears a mark, so that no demo takes the files of a real node for those of another demo.
struct DemoFolder {
    static let mark = ".farthing-demo"
    let path: String

    /// Makes the folder, or takes one that a demo made or that has none of the files.
    ///
    /// - Throws: ``DemoFolderFault``.
    init(claiming path: String) throws(DemoFolderFault) {
        self.path = path
        let files = FileManager.default
        do {
            try files.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw .unusable(path: path) }
        let mark = path + "/" + Self.mark
        guard !files.fileExists(atPath: mark) else { return }
        let journals = PaymentScheme.allCases.map(journal)
        if let foreign = ([store, NodeConfiguration.ledgerPath(besides: store), store + ".authorizer.key"] + journals)
            .first(where: files.fileExists)
        {
            throw .foreign(path: foreign)
        }
        guard files.createFile(atPath: mark, contents: nil) else { throw .unusable(path: path) }
    }

    var store: String { path + "/store.sqlite" }
    func journal(_ scheme: PaymentScheme) -> String { path + "/\(scheme.rawValue).journal" }
}

/// Why a folder is not for a demo.
enum DemoFolderFault: ExplainedError, Hashable {
    case foreign(path: String)
    case unusable(path: String)

    var code: String {
        switch self {
        case .foreign: "demo.foreign-folder"
        case .unusable: "demo.unusable-folder"
        }
    }

    var message: String {
        switch self {
        case .foreign(let path): "A demo would replace \(path), which no demo has made."
        case .unusable(let path): "\(path) is no folder that can be written to."
        }
    }

    var remedy: String? { "Name a folder of its own with --folder." }
}
