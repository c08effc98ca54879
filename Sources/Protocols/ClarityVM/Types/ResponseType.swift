// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The type of an outcome: what a success carries, and what a failure does.
public struct ResponseType: Hashable, Sendable {
    /// The type of what a success carries.
    public let ok: ClarityType
    /// The type of what a failure carries.
    public let err: ClarityType
    /// The size of the largest value in bytes.
    public let size: Int
    let descriptionSize: Int
    let depth: Int
    let weight: Int

    /// The type of a response with these two arms.
    ///
    /// - Throws: ``CheckReason/typeSignatureTooDeep`` or ``CheckReason/valueTooLarge``.
    public init(ok: ClarityType, err: ClarityType) throws(CheckReason) {
        self.ok = ok
        self.err = err
        size = 1 + max(ok.size, err.size)
        descriptionSize = 1 + ok.descriptionSize + err.descriptionSize
        depth = 1 + max(ok.depth, err.depth)
        weight = 1 + ok.weight + err.weight
        guard size <= ClarityType.maximumSize, descriptionSize <= ClarityType.maximumSize else {
            throw .valueTooLarge
        }
        guard depth <= ClarityType.maximumDepth else { throw .typeSignatureTooDeep }
    }
}
