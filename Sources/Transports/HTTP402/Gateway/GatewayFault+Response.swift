// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import HTTPTypes
public import Hummingbird

/// What a client is told when an answer fails before any of it is sent.
extension GatewayFault: HTTPResponseError {
    public var status: HTTPResponse.Status {
        switch self {
        case .unreachable: .badGateway
        case .timeout: .gatewayTimeout
        case .cutOff: .serviceUnavailable
        case .requestTooLong: .contentTooLarge
        case .badUpstream: .internalServerError
        case .noTunnel: .notImplemented
        case .requestBroken, .answerNotTaken: .badRequest
        }
    }

    public func response(from request: Request, context: some RequestContext) throws -> Response {
        Response(.problem(status, self), to: request)
    }
}
