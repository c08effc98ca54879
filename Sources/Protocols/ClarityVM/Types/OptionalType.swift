// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The type of a value that may be missing.
public struct OptionalType: Hashable, Sendable {
    /// The type of the value, when it is there.
    public let wrapped: ClarityType
    /// The size of the largest value in bytes.
    public let size: Int
    let descriptionSize: Int
    let depth: Int
    let weight: Int

    /// The type of an optional `wrapped`.
    ///
    /// - Throws: ``CheckReason/typeSignatureTooDeep`` or ``CheckReason/valueTooLarge``.
    public init(of wrapped: ClarityType) throws(CheckReason) {
        self.wrapped = wrapped
        size = 1 + wrapped.size
        descriptionSize = 1 + wrapped.descriptionSize
        depth = 1 + wrapped.depth
        weight = 1 + wrapped.weight
        guard size <= ClarityType.maximumSize, descriptionSize <= ClarityType.maximumSize else {
            throw .valueTooLarge
        }
        guard depth <= ClarityType.maximumDepth else { throw .typeSignatureTooDeep }
    }

    private init() {
        (wrapped, size, descriptionSize, depth, weight) = (.noType, 2, 2, 2, 2)
    }

    /// The type of `none`, of which nobody knows what is missing.
    public static let none = Self()
}
