// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Foundation
import GRDB

/// A field holds something that was never written there, so its page is damaged.
struct DamagedField: Error {
    let column: String
}

// A damaged page can hold anything, so no field is taken for what the table says it is.
extension Row {
    func number(at index: Int) throws -> Int64 {
        let value: DatabaseValue = self[index]
        guard case .int64(let number) = value.storage else { throw damage(at: index) }
        return number
    }

    func text(at index: Int) throws -> String {
        let value: DatabaseValue = self[index]
        guard case .string(let text) = value.storage else { throw damage(at: index) }
        return text
    }

    func bytes(at index: Int) throws -> [UInt8] {
        try withUnsafeData(atIndex: index) { data in
            guard let data else { throw damage(at: index) }
            return Array(data)
        }
    }

    private func damage(at index: Int) -> DamagedField {
        DamagedField(column: Array(columnNames)[index])
    }
}

extension Data {
    /// The id as it is stored: its thirty-two bytes.
    init(_ id: ChannelID) { self = id.hash.withBytes { Data($0) } }
}
