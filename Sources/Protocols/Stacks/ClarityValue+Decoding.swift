// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension ClarityValue {
    /// Reads one value, and nothing but that.
    ///
    /// Like a node, it takes tuples whose fields are out of order and sorts them. It does not check that the entries
    /// of a list are of one type: that is for whoever knows the type that is asked for.
    ///
    /// - Throws: ``ClarityCodecFault``, for the first thing wrong from the start.
    /// - Source: SIP-005, "Clarity value representation".
    public init(
        decoding bytes: some Collection<UInt8>, limits: DecodingLimits = .default
    ) throws(ClarityCodecFault) {
        guard bytes.count <= limits.bytes else { throw .tooLong(bytes.count) }
        var reader = ClarityValueReader(bytes: Array(bytes)[...])
        self = try reader.value(depth: limits.depth)
        guard reader.remaining == 0 else { throw .trailingBytes(reader.remaining) }
    }

    /// Reads one value from the start of `bytes` and tells how many bytes it took.
    ///
    /// - Throws: ``ClarityCodecFault``.
    public static func decodePrefix(
        of bytes: some Collection<UInt8>, limits: DecodingLimits = .default
    ) throws(ClarityCodecFault) -> (value: ClarityValue, length: Int) {
        let head = Array(bytes.prefix(limits.bytes))
        var reader = ClarityValueReader(bytes: head[...])
        let value = try reader.value(depth: limits.depth)
        return (value, head.count - reader.remaining)
    }
}
