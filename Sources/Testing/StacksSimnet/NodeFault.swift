// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Something that goes wrong with a request, because it was asked for.
public enum NodeFault: Hashable, Sendable {
    /// A transaction is refused with this reason, whatever it is; anything else gets status 400.
    case refuse(reason: String)
    /// Status 500, and nothing is done.
    case serverError
    /// This is answered, and nothing is done.
    case answer(status: Int, body: String)
    /// The request is done, and the connection closed without an answer.
    case hangUp
    /// A transaction is answered as if it were taken in, and forgotten.
    case lose
    /// The request is done at once, and answered late.
    case delay(Duration)
    /// The request is done, and answered but for the last byte, which never comes.
    case stall
}
