// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Something that one of the crowd may try on the ledger, whether it is allowed or not.
///
/// Each has one outcome, so a walk in which every deed was done has seen every operation taken, and every refusal.
enum Deed: Hashable {
    case people(PeopleDeed)
    case voucher(VoucherDeed)
    case proof(ProofDeed)
    case twoWay(TwoWayDeed)
    case chain(ChainDeed)
    case merkle(MerkleDeed)
    case lottery(LotteryDeed)
    case lot(LotDeed)

    static let all: [Deed] =
        PeopleDeed.allCases.map(Deed.people) + VoucherDeed.allCases.map(Deed.voucher)
        + ProofDeed.allCases.map(Deed.proof) + TwoWayDeed.allCases.map(Deed.twoWay)
        + ChainDeed.allCases.map(Deed.chain) + MerkleDeed.allCases.map(Deed.merkle)
        + LotteryDeed.allCases.map(Deed.lottery) + LotDeed.allCases.map(Deed.lot)

    /// Those after which the ledger, or what somebody has signed, is not as it was.
    ///
    /// What a lot needs more often than once stands here twice, or few would come to a draw.
    static let moving: [Deed] =
        [.transfer, .mint, .wait, .rush, .setClock, .reopen].map(Deed.people)
        + [.deposit, .pay, .claim, .settle, .refund, .initiate, .finalize].map(Deed.voucher)
        + [.open, .topUp, .pay, .withdraw, .closeTogether, .request, .dispute, .settle].map(Deed.proof)
        + [.open, .join, .cancel, .topUp, .pay, .resize, .closeTogether, .start, .challenge, .finalize]
        .map(Deed.twoWay)
        + [.open, .pay, .redeem, .close, .reclaim].map(Deed.chain) + [.open, .pay, .redeem, .reclaim].map(Deed.merkle)
        + [.open, .topUp, .seat, .redeem, .reclaim].map(Deed.lottery)
        + [.open, .enter, .enter, .close, .reveal, .reveal, .draw, .share, .shareUnrevealed].map(Deed.lot)
}
