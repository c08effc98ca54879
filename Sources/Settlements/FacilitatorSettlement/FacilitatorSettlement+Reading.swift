// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingPrimitives
import FarthingX402

extension FacilitatorSettlement {
    /// The channel as it was last told; `nil` when it was not told since this object was made.
    public func snapshot(of channel: ChannelID) async throws(SettlementError) -> ChannelSnapshot? { mirror[channel] }

    /// Asks how a channel stands.
    ///
    /// A facilitator tells no more of a channel than a voucher proves. When the channel holds less than the voucher,
    /// it does not tell how much less, and what was claimed before counts as all that is left.
    ///
    /// - Throws: `SettlementError/refused(code:message:)` when the facilitator does not take the voucher.
    public func snapshot(
        of channel: ChannelID, shown voucher: SignedCeiling
    ) async throws(SettlementError) -> ChannelSnapshot? {
        switch try await read(channel, shown: voucher) {
        case .stands(let snapshot): return snapshot
        case .absent: return nil
        case .short(let snapshot): return snapshot
        }
    }

    /// What a facilitator says when it is shown a voucher.
    enum Reading {
        case stands(ChannelSnapshot)
        /// Nothing is in the channel, or nothing ever was.
        case absent
        /// There is less in it than the voucher allows: what was claimed is all that can be relied on.
        case short(ChannelSnapshot)
    }

    func read(_ channel: ChannelID, shown voucher: SignedCeiling) async throws(SettlementError) -> Reading {
        let moment = mirror.moment()
        let response = try await verify(
            FacilitatorRequest(payload: voucher.showing(of: channel), requirements: requirements(for: voucher.terms)))
        guard response.isValid else {
            let code = response.invalidReason ?? .unexpectedVerifyError
            switch code {
            case .channelNotFound: return .absent
            case .exceedsBalance:
                let claimed = mirror[channel]?.totalClaimed ?? .zero
                let nonce = mirror[channel]?.refundNonce ?? 0
                return .short(
                    ChannelSnapshot(balance: claimed, totalClaimed: claimed, refundNonce: nonce, block: moment))
            default: throw error(code, response.invalidMessage)
            }
        }
        guard let snapshot = ChannelSnapshot(json: response.extra, of: channel, at: moment) else {
            throw unavailable("it does not tell how channel \(channel) stands")
        }
        mirror.take(snapshot, of: channel)
        return .stands(snapshot)
    }
}
