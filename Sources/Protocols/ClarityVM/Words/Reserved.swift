// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension ClarityName {
    /// Whether the name belongs to the language in contracts of the edition `version`: nothing can be called so.
    package func isReserved(in version: ClarityVersion) -> Bool {
        NativeFunction(self, in: version) != nil || NativeVariable(self, in: version) != nil
            || DefinitionWord(self) != nil
    }
}
