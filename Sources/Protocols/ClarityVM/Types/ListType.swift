// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The type of a list: what is in it, and how many at most.
public struct ListType: Hashable, Sendable {
    /// The type of what is in the list.
    public let entry: ClarityType
    /// How many entries there may be.
    public let maximumLength: Int
    /// The size of the fullest list in bytes, its description included.
    public let size: Int
    let descriptionSize: Int
    let depth: Int
    let weight: Int

    /// The type of lists of up to `maximumLength` values of the type `entry`.
    ///
    /// - Throws: ``CheckReason/typeSignatureTooDeep``, ``CheckReason/valueTooLarge`` or
    ///   ``CheckReason/valueOutOfBounds`` for a negative length.
    public init(of entry: ClarityType, maximumLength: Int) throws(CheckReason) {
        guard maximumLength >= 0 else { throw .valueOutOfBounds }
        let depth = 1 + entry.depth
        guard depth <= ClarityType.maximumDepth else { throw .typeSignatureTooDeep }
        let descriptionSize = entry.descriptionSize + 5
        let (content, overflow) = entry.size.multipliedReportingOverflow(by: maximumLength)
        guard !overflow, content <= ClarityType.maximumSize, content + descriptionSize <= ClarityType.maximumSize
        else { throw .valueTooLarge }
        self.entry = entry
        self.maximumLength = maximumLength
        self.descriptionSize = descriptionSize
        self.depth = depth
        weight = 1 + entry.weight
        size = content + descriptionSize
    }

    private init() {
        (entry, maximumLength, size, descriptionSize, depth, weight) = (.noType, 0, 6, 6, 2, 2)
    }

    /// The type of the list without entries.
    public static let empty = Self()
}
