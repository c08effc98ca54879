// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension SQLiteStore {
    /// What a store is opened for.
    public enum Mode: Hashable, Sendable {
        /// To read and write; a missing file is made, readable by its owner alone.
        case readWrite
        /// To read and write a file that is there already.
        case readWriteExisting
        /// To look, also while another process writes.
        case readOnly
    }
}
