// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Why a list does not let something through.
public enum AccessFault: Hashable, Sendable {
    /// The `deny` list has it.
    case denied
    /// There is an `allow` list, and it is not on it.
    case notAllowed
}
