// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// Why a payee is not paid out of a channel that it has.
public enum PrepaidPayerFault: ExplainedError, Hashable {
    /// It did what no honest payee does.
    case suspended(ChannelID, code: String)

    public var code: String { "payer.suspended" }

    public var message: String {
        switch self {
        case .suspended(let id, let code): "The payee of channel \(id) did what no honest one does: \(code)."
        }
    }

    public var remedy: String? { "Take the rest back, or forgive it: farthing wallet resume." }
}
