// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingGun

extension GunStream: PeerByteStream {}

extension PeerSession {
    /// By which peers agree on what a stream over GUN carries; it stands in the souls.
    public static let gunName = "farthing-pay-1"
}
