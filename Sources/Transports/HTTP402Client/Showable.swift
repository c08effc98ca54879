// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingX402

extension ReceivedDemand {
    /// With a reason that can be written down and shown on a terminal.
    var showable: ReceivedDemand {
        var shown = self
        shown.error = error?.asCode
        return shown
    }
}

extension SettleResponse {
    /// With a reason that can be written down and shown on a terminal.
    var showable: SettleResponse {
        var shown = self
        shown.errorReason = errorReason?.asCode
        shown.errorMessage = errorMessage.map { String($0.prefix(512)).withoutControls() }
        return shown
    }
}
