// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// Under what a contract keeps a value; contracts and their definitions are counted, so that keys are quick to compare.
enum StateKey: Hashable, Sendable {
    case constant(contract: Int, index: Int)
    case variable(contract: Int, index: Int)
    case mapEntry(contract: Int, map: Int, key: ClarityValue)
    case balance(contract: Int, token: Int, owner: Principal)
    case supply(contract: Int, token: Int)
    case supplyLimit(contract: Int, token: Int)
    case owner(contract: Int, token: Int, asset: ClarityValue)
}
