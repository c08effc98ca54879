// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Testing

/// Peers that nobody here wrote, at the program itself; each is a process of its own.
///
/// One test after the other: they wait for answers, and a machine full of processes would make them wait too long.
@Suite("Interop", .serialized)
enum Interop {}
