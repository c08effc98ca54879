// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser

/// The servers that are measured, each in a process of its own.
enum ServerKind: String, CaseIterable, ExpressibleByArgument {
    /// The whole node: the gate, and behind it an upstream.
    case node
    /// The gate before a handler in the same process, its store on the disk.
    case gate
    /// The same gate, which sells to peers over libp2p too.
    case peers
    /// The same gate, its store in memory.
    case memory
    /// Hummingbird and nothing else.
    case hello
    /// SwiftNIO and nothing else; also the upstream of the node.
    case upstream
}
