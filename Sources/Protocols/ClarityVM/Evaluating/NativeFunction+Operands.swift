// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension NativeFunction {
    /// How many parts may stand behind the word, names and types included.
    ///
    /// The checker sees to it in contracts; it is looked at again for functions that `map` and `fold` apply, and for
    /// expressions that nobody checked.
    var operandCounts: ClosedRange<Int> {
        switch self {
        case .add, .subtract, .multiply, .divide, .isEqual, .bitAnd, .bitOr, .bitXor, .and, .or, .begin, .asContract:
            1...Int.max
        case .list, .tuple: 0...Int.max
        case .letIn, .map, .contractCall, .asContractWith: 2...Int.max
        case .restrictAssets: 3...Int.max
        case .toInt, .toUInt, .sqrti, .log2, .not, .bitNot, .len, .hash160, .sha256, .sha512, .sha512Trunc256,
            .keccak256, .print, .contractOf, .principalOf, .err, .ok, .some, .unwrapPanic, .unwrapErrPanic, .tryOr,
            .isOk, .isNone, .isErr, .isSome, .stxGetBalance, .stxAccount, .buffToIntLE, .buffToUIntLE, .buffToIntBE,
            .buffToUIntBE, .isStandard, .principalDestruct, .stringToInt, .stringToUInt, .intToASCII, .intToUTF8,
            .toConsensusBuff, .contractHash, .toASCII, .varGet, .ftGetSupply, .withSTX, .withStacking:
            1...1
        case .modulo, .power, .xor, .greaterOrEqual, .lessOrEqual, .less, .greater, .bitShiftLeft, .bitShiftRight,
            .append, .concat, .asMaxLen, .elementAt, .elementAtMaybe, .indexOf, .indexOfMaybe, .varSet, .mapGet,
            .mapDelete, .get, .merge, .secp256k1Recover, .defaultTo, .asserts, .unwrap, .unwrapErr, .filter,
            .ftGetBalance, .nftGetOwner, .stxBurn, .fromConsensusBuff, .atBlock, .getBlockInfo, .getBurnBlockInfo,
            .getStacksBlockInfo, .getTenureInfo:
            2...2
        case .ifElse, .fold, .mapSet, .mapInsert, .secp256k1Verify, .secp256r1Verify, .slice, .replaceAt, .stxTransfer,
            .ftMint, .ftBurn, .nftMint, .nftBurn, .withFT, .withNFT:
            3...3
        case .principalConstruct: 2...3
        case .stxTransferMemo, .ftTransfer, .nftTransfer: 4...4
        case .match: 4...5
        case .withAllAssetsUnsafe: 0...0
        }
    }

    /// - Throws: The fault of a word with too many or too few operands.
    func check(operands count: Int) throws(Interruption) {
        guard operandCounts.contains(count) else { throw .fault(miscounted(count)) }
    }

    /// What is wrong with so many operands.
    func miscounted(_ count: Int) -> RuntimeFault.Reason {
        .incorrectArgumentCount(expected: operandCounts.lowerBound, found: count)
    }
}
