// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// The functions that the language brings along.
///
/// Parser, checker and evaluator all read this one table. The name in a contract is the raw value; which words there
/// are depends on the contract's edition of the language.
///
/// - Source: SIP-002, SIP-015, SIP-021, SIP-033; the Clarity reference.
public enum NativeFunction: String, Hashable, CaseIterable, Sendable {
    // Since Clarity 1
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case greaterOrEqual = ">="
    case lessOrEqual = "<="
    case less = "<"
    case greater = ">"
    case toInt = "to-int"
    case toUInt = "to-uint"
    case modulo = "mod"
    case power = "pow"
    case sqrti
    case log2
    case xor
    case and
    case or
    case not
    case isEqual = "is-eq"
    case ifElse = "if"
    case letIn = "let"
    case map
    case fold
    case append
    case concat
    case asMaxLen = "as-max-len?"
    case len
    case elementAt = "element-at"
    case indexOf = "index-of"
    case list
    case varGet = "var-get"
    case varSet = "var-set"
    case mapGet = "map-get?"
    case mapSet = "map-set"
    case mapInsert = "map-insert"
    case mapDelete = "map-delete"
    case tuple
    case get
    case merge
    case begin
    case hash160
    case sha256
    case sha512
    case sha512Trunc256 = "sha512/256"
    case keccak256
    case secp256k1Recover = "secp256k1-recover?"
    case secp256k1Verify = "secp256k1-verify"
    case print
    case contractCall = "contract-call?"
    case asContract = "as-contract"
    case contractOf = "contract-of"
    case principalOf = "principal-of?"
    case atBlock = "at-block"
    case getBlockInfo = "get-block-info?"
    case err
    case ok
    case some
    case defaultTo = "default-to"
    case asserts = "asserts!"
    case unwrap = "unwrap!"
    case unwrapErr = "unwrap-err!"
    case unwrapPanic = "unwrap-panic"
    case unwrapErrPanic = "unwrap-err-panic"
    case match
    // The word of Clarity, which returns early; it stands in a string.
    case tryOr = "try!"
    case isOk = "is-ok"
    case isNone = "is-none"
    case isErr = "is-err"
    case isSome = "is-some"
    case filter
    case ftGetBalance = "ft-get-balance"
    case nftGetOwner = "nft-get-owner?"
    case ftTransfer = "ft-transfer?"
    case nftTransfer = "nft-transfer?"
    case nftMint = "nft-mint?"
    case ftMint = "ft-mint?"
    case ftGetSupply = "ft-get-supply"
    case ftBurn = "ft-burn?"
    case nftBurn = "nft-burn?"
    case stxGetBalance = "stx-get-balance"
    case stxTransfer = "stx-transfer?"
    case stxBurn = "stx-burn?"
    // Since Clarity 2
    case elementAtMaybe = "element-at?"
    case indexOfMaybe = "index-of?"
    case buffToIntLE = "buff-to-int-le"
    case buffToUIntLE = "buff-to-uint-le"
    case buffToIntBE = "buff-to-int-be"
    case buffToUIntBE = "buff-to-uint-be"
    case isStandard = "is-standard"
    case principalDestruct = "principal-destruct?"
    case principalConstruct = "principal-construct?"
    case stringToInt = "string-to-int?"
    case stringToUInt = "string-to-uint?"
    case intToASCII = "int-to-ascii"
    case intToUTF8 = "int-to-utf8"
    case getBurnBlockInfo = "get-burn-block-info?"
    case stxTransferMemo = "stx-transfer-memo?"
    case stxAccount = "stx-account"
    case bitAnd = "bit-and"
    case bitOr = "bit-or"
    case bitXor = "bit-xor"
    case bitNot = "bit-not"
    case bitShiftLeft = "bit-shift-left"
    case bitShiftRight = "bit-shift-right"
    case slice = "slice?"
    case toConsensusBuff = "to-consensus-buff?"
    case fromConsensusBuff = "from-consensus-buff?"
    case replaceAt = "replace-at?"
    // Since Clarity 3
    case getStacksBlockInfo = "get-stacks-block-info?"
    case getTenureInfo = "get-tenure-info?"
    // Since Clarity 4
    case contractHash = "contract-hash?"
    case toASCII = "to-ascii?"
    case restrictAssets = "restrict-assets?"
    case asContractWith = "as-contract?"
    case withSTX = "with-stx"
    case withFT = "with-ft"
    case withNFT = "with-nft"
    case withStacking = "with-stacking"
    case withAllAssetsUnsafe = "with-all-assets-unsafe"
    case secp256r1Verify = "secp256r1-verify"

    /// The editions that know the word.
    public var versions: ClosedRange<ClarityVersion> {
        switch self {
        case .getBlockInfo: .clarity1 ... .clarity2
        case .asContract: .clarity1 ... .clarity3
        case .elementAtMaybe, .indexOfMaybe, .buffToIntLE, .buffToUIntLE, .buffToIntBE,
            .buffToUIntBE, .isStandard, .principalDestruct, .principalConstruct, .stringToInt,
            .stringToUInt, .intToASCII, .intToUTF8, .getBurnBlockInfo, .stxTransferMemo,
            .stxAccount, .bitAnd, .bitOr, .bitXor, .bitNot, .bitShiftLeft, .bitShiftRight, .slice,
            .toConsensusBuff, .fromConsensusBuff, .replaceAt:
            .clarity2 ... .clarity4
        case .getStacksBlockInfo, .getTenureInfo: .clarity3 ... .clarity4
        case .contractHash, .toASCII, .restrictAssets, .asContractWith, .withSTX, .withFT, .withNFT,
            .withStacking, .withAllAssetsUnsafe, .secp256r1Verify:
            .clarity4 ... .clarity4
        default: .clarity1 ... .clarity4
        }
    }

    /// The function that `name` means in a contract of the edition `version`, or `nil` when it means none.
    public init?(_ name: ClarityName, in version: ClarityVersion) {
        guard let word = Self(rawValue: name.text), word.versions.contains(version) else { return nil }
        self = word
    }

    /// Whether the word is an allowance, which stands only in the list of allowances of another word.
    public var isAllowance: Bool {
        switch self {
        case .withSTX, .withFT, .withNFT, .withStacking, .withAllAssetsUnsafe: true
        default: false
        }
    }
}
