// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import NIOCore

extension ConnectionHandler {
    /// Opens a stream as soon as the session lets it.
    func open(_ promise: EventLoopPromise<StreamCore>) {
        guard failure == nil, openers.count < configuration.streams.outboundStreams else {
            promise.fail(
                failure ?? .yamux(.tooManyUnacknowledged(limit: configuration.streams.unacknowledgedStreams)))
            return
        }
        openers.append(promise)
        openWaiting()
        pump()
    }

    func openWaiting() {
        while let promise = openers.first, let connection {
            do throws(YamuxError) {
                let id = try machine.session.open()
                let core = StreamCore(id: id, connection: connection)
                streams[id] = core
                _ = openers.popFirst()
                promise.succeed(core)
            } catch .tooManyUnacknowledged {
                return
            } catch {
                _ = openers.popFirst()
                promise.fail(P2PError.yamux(error))
            }
        }
    }

    /// Hands what was written on a stream to the session.
    func flush(_ core: StreamCore) {
        let (pieces, close) = core.takeOutbox()
        for piece in pieces {
            do throws(YamuxError) { try machine.session.send(piece, on: core.id) } catch {
                core.fail(.yamux(error))
                break
            }
        }
        if close { machine.session.closeWrite(core.id) }
        pump()
    }

    func reset(_ id: UInt32) {
        machine.session.reset(id)
        streams[id] = nil
        openWaiting()
        pump()
    }

    func consumed(_ count: Int, on id: UInt32) {
        machine.session.consume(count, on: id)
        pump()
    }
}
