// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingEncodings
import NIOCore
import NIOHTTP1
import Synchronization

/// Those who are told of each block, each in turn and in order.
final class ObserverList: Sendable {
    private struct Observer {
        let blocks: AsyncStream<JSON>.Continuation
        let task: Task<Void, Never>
    }

    /// How many blocks are kept for an observer that does not answer; further ones are not told.
    private static let maximumWaiting = 1_000

    private let observers = Mutex<[Observer]>([])

    var isEmpty: Bool { observers.withLock(\.isEmpty) }

    func add(_ url: String) {
        let (blocks, continuation) = AsyncStream.makeStream(
            of: JSON.self, bufferingPolicy: .bufferingOldest(Self.maximumWaiting))
        let task = Task {
            for await block in blocks { await Self.deliver(block, to: url) }
        }
        observers.withLock { $0.append(Observer(blocks: continuation, task: task)) }
    }

    func tell(_ block: JSON) {
        observers.withLock { for observer in $0 { observer.blocks.yield(block) } }
    }

    func stop() {
        observers.withLock { observers in
            for observer in observers {
                observer.blocks.finish()
                observer.task.cancel()
            }
            observers = []
        }
    }

    /// Tells one block until it is taken: like a node, it does not go on to the next before.
    private static func deliver(_ block: JSON, to url: String) async {
        var request = HTTPClientRequest(url: url + "/new_block")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: block.bytes))
        var pause = Duration.milliseconds(50)
        while !Task.isCancelled {
            if let answer = try? await HTTPClient.shared.execute(request, timeout: .seconds(10)),
                (200..<300).contains(answer.status.code)
            {
                return
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(2))
        }
    }
}
