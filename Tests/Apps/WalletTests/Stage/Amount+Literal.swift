// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

extension Amount: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: UInt64) { self.init(units: UInt128(value)) }
}
