// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation
import NIOCore

extension ConfigurationError {
    /// Why a server does not listen, in words; an error of another kind comes back as it is.
    ///
    /// - Parameter setting: Which one says where to listen.
    static func listening(on endpoint: String, _ error: any Error, setting: Setting = .listen) -> any Error {
        switch error {
        case let error as IOError where error.errnoCode == EADDRINUSE: portTaken(endpoint, setting: setting)
        case let error as IOError:
            cannotListen(endpoint, why: String(cString: strerror(error.errnoCode)), setting: setting)
        case is SocketAddressError.UnknownHost:
            cannotListen(endpoint, why: "the name of the host is not known", setting: setting)
        default: error
        }
    }
}
