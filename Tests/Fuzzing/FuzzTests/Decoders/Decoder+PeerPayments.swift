// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPeerPayments

/// Requests and answers on a stream between peers.
extension Decoder {
    static let peerPayments = [peerFrame, peerFrames]

    private static let peerFrame = Decoder("peer-frame") { bytes in
        let frame = try PeerFrame(content: bytes)
        var frames = FrameDecoder()
        frames.append(frame.bytes)
        try BrokenPromise.unless(try? frames.next(), equals: frame, "frame")
        try BrokenPromise.unless((try? frames.finish()) != nil, "something is left behind the frame")
        switch frame {
        case .request, .base, .answer: break  // Headers may be written in either case.
        case .payments, .body, .cancel, .paid, .end:
            try BrokenPromise.unless(Array(frame.bytes.suffix(bytes.count)), equals: bytes, "a second spelling")
        }
        if case .payments(let payments) = frame {
            let base = [UInt8](repeating: 0x20, count: 300)
            for payment in payments.prefix(4) {
                guard let text = payment.difference.applied(to: base) else { continue }
                let difference = TextDifference(from: base, to: text)
                try BrokenPromise.unless(difference.applied(to: base), equals: text, "difference")
            }
        }
        return true
    }

    /// The first byte says how the rest is cut.
    private static let peerFrames = Decoder("peer-frames") { bytes in
        let whole = frames([bytes.dropFirst()])
        let cut = frames(pieces(bytes))
        try BrokenPromise.unless(whole.frames, equals: cut.frames, "frames")
        try BrokenPromise.unless(whole.fault, equals: cut.fault, "fault")
        return !whole.frames.isEmpty
    }

    /// The frames that are found before a fault, if there is one.
    private static func frames(_ pieces: [ArraySlice<UInt8>]) -> (frames: [PeerFrame], fault: PeerFrameFault?) {
        var decoder = FrameDecoder()
        var frames: [PeerFrame] = []
        do throws(PeerFrameFault) {
            for piece in pieces {
                decoder.append(Array(piece))
                while let frame = try decoder.next() { frames.append(frame) }
            }
            try decoder.finish()
        } catch {
            return (frames, error)
        }
        return (frames, nil)
    }
}
