// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Hummingbird

/// Rings when a response is over, whether its body came to its end or broke off.
struct Epilogue: RouterMiddleware {
    typealias Context = BasicRequestContext

    let bell: Bell

    @concurrent func handle(
        _ request: Request, context: BasicRequestContext,
        next: @concurrent (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        let body = response.body
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            do {
                try await body.write(writer)
            } catch {
                await bell.ring()
                throw error
            }
            await bell.ring()
        }
        return response
    }
}
