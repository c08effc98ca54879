// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import HTTPTypes

/// What a handler answers that waits for nothing.
public struct PromptAnswer: Hashable, Sendable {
    public var status: HTTPResponse.Status
    /// Such as `application/json`.
    public var contentType: String
    public var body: [UInt8]

    public init(status: HTTPResponse.Status = .ok, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// Plain text in UTF-8.
    public static func text(_ text: String) -> PromptAnswer {
        PromptAnswer(contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }
}

/// What a prompt handler is asked.
public struct PromptRequest: Hashable, Sendable {
    /// Such as `GET`.
    public let method: String
    /// The request target: path and query.
    public let target: String

    public init(method: String, target: String) {
        self.method = method
        self.target = target
    }
}
