// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The permutation Keccak-f[1600], unrolled: 25 lanes in local variables, two rounds a turn of the loop.
///
/// Written out rather than looped, because a voucher costs two permutations and nothing else of this
/// size: looping over an array of lanes is four times slower. The first round of a turn reads the
/// lanes `a…` and writes `e…`, the second reads `e…` and writes `a…`, so no lane is ever moved.
///
/// - Source: FIPS 202, section 3.2 (θ, ρ, π, χ, ι) and the Keccak reference, section 1.2.
extension Keccak256 {
    static func permute(_ state: UnsafeMutablePointer<UInt64>) {
        var a00 = state[0]
        var a10 = state[1]
        var a20 = state[2]
        var a30 = state[3]
        var a40 = state[4]
        var a01 = state[5]
        var a11 = state[6]
        var a21 = state[7]
        var a31 = state[8]
        var a41 = state[9]
        var a02 = state[10]
        var a12 = state[11]
        var a22 = state[12]
        var a32 = state[13]
        var a42 = state[14]
        var a03 = state[15]
        var a13 = state[16]
        var a23 = state[17]
        var a33 = state[18]
        var a43 = state[19]
        var a04 = state[20]
        var a14 = state[21]
        var a24 = state[22]
        var a34 = state[23]
        var a44 = state[24]
        roundConstants.withUnsafeBufferPointer { constants in
            var round = 0
            while round < 24 {
                let ec0 = a00 ^ a01 ^ a02 ^ a03 ^ a04
                let ec1 = a10 ^ a11 ^ a12 ^ a13 ^ a14
                let ec2 = a20 ^ a21 ^ a22 ^ a23 ^ a24
                let ec3 = a30 ^ a31 ^ a32 ^ a33 ^ a34
                let ec4 = a40 ^ a41 ^ a42 ^ a43 ^ a44
                let ed0 = ec4 ^ rotated(ec1, 1)
                let ed1 = ec0 ^ rotated(ec2, 1)
                let ed2 = ec1 ^ rotated(ec3, 1)
                let ed3 = ec2 ^ rotated(ec4, 1)
                let ed4 = ec3 ^ rotated(ec0, 1)
                let eb00 = a00 ^ ed0
                let eb10 = rotated(a11 ^ ed1, 44)
                let eb20 = rotated(a22 ^ ed2, 43)
                let eb30 = rotated(a33 ^ ed3, 21)
                let eb40 = rotated(a44 ^ ed4, 14)
                let e00 = eb00 ^ (~eb10 & eb20) ^ constants[round]
                let e10 = eb10 ^ (~eb20 & eb30)
                let e20 = eb20 ^ (~eb30 & eb40)
                let e30 = eb30 ^ (~eb40 & eb00)
                let e40 = eb40 ^ (~eb00 & eb10)
                let eb01 = rotated(a30 ^ ed3, 28)
                let eb11 = rotated(a41 ^ ed4, 20)
                let eb21 = rotated(a02 ^ ed0, 3)
                let eb31 = rotated(a13 ^ ed1, 45)
                let eb41 = rotated(a24 ^ ed2, 61)
                let e01 = eb01 ^ (~eb11 & eb21)
                let e11 = eb11 ^ (~eb21 & eb31)
                let e21 = eb21 ^ (~eb31 & eb41)
                let e31 = eb31 ^ (~eb41 & eb01)
                let e41 = eb41 ^ (~eb01 & eb11)
                let eb02 = rotated(a10 ^ ed1, 1)
                let eb12 = rotated(a21 ^ ed2, 6)
                let eb22 = rotated(a32 ^ ed3, 25)
                let eb32 = rotated(a43 ^ ed4, 8)
                let eb42 = rotated(a04 ^ ed0, 18)
                let e02 = eb02 ^ (~eb12 & eb22)
                let e12 = eb12 ^ (~eb22 & eb32)
                let e22 = eb22 ^ (~eb32 & eb42)
                let e32 = eb32 ^ (~eb42 & eb02)
                let e42 = eb42 ^ (~eb02 & eb12)
                let eb03 = rotated(a40 ^ ed4, 27)
                let eb13 = rotated(a01 ^ ed0, 36)
                let eb23 = rotated(a12 ^ ed1, 10)
                let eb33 = rotated(a23 ^ ed2, 15)
                let eb43 = rotated(a34 ^ ed3, 56)
                let e03 = eb03 ^ (~eb13 & eb23)
                let e13 = eb13 ^ (~eb23 & eb33)
                let e23 = eb23 ^ (~eb33 & eb43)
                let e33 = eb33 ^ (~eb43 & eb03)
                let e43 = eb43 ^ (~eb03 & eb13)
                let eb04 = rotated(a20 ^ ed2, 62)
                let eb14 = rotated(a31 ^ ed3, 55)
                let eb24 = rotated(a42 ^ ed4, 39)
                let eb34 = rotated(a03 ^ ed0, 41)
                let eb44 = rotated(a14 ^ ed1, 2)
                let e04 = eb04 ^ (~eb14 & eb24)
                let e14 = eb14 ^ (~eb24 & eb34)
                let e24 = eb24 ^ (~eb34 & eb44)
                let e34 = eb34 ^ (~eb44 & eb04)
                let e44 = eb44 ^ (~eb04 & eb14)

                let ac0 = e00 ^ e01 ^ e02 ^ e03 ^ e04
                let ac1 = e10 ^ e11 ^ e12 ^ e13 ^ e14
                let ac2 = e20 ^ e21 ^ e22 ^ e23 ^ e24
                let ac3 = e30 ^ e31 ^ e32 ^ e33 ^ e34
                let ac4 = e40 ^ e41 ^ e42 ^ e43 ^ e44
                let ad0 = ac4 ^ rotated(ac1, 1)
                let ad1 = ac0 ^ rotated(ac2, 1)
                let ad2 = ac1 ^ rotated(ac3, 1)
                let ad3 = ac2 ^ rotated(ac4, 1)
                let ad4 = ac3 ^ rotated(ac0, 1)
                let ab00 = e00 ^ ad0
                let ab10 = rotated(e11 ^ ad1, 44)
                let ab20 = rotated(e22 ^ ad2, 43)
                let ab30 = rotated(e33 ^ ad3, 21)
                let ab40 = rotated(e44 ^ ad4, 14)
                a00 = ab00 ^ (~ab10 & ab20) ^ constants[round + 1]
                a10 = ab10 ^ (~ab20 & ab30)
                a20 = ab20 ^ (~ab30 & ab40)
                a30 = ab30 ^ (~ab40 & ab00)
                a40 = ab40 ^ (~ab00 & ab10)
                let ab01 = rotated(e30 ^ ad3, 28)
                let ab11 = rotated(e41 ^ ad4, 20)
                let ab21 = rotated(e02 ^ ad0, 3)
                let ab31 = rotated(e13 ^ ad1, 45)
                let ab41 = rotated(e24 ^ ad2, 61)
                a01 = ab01 ^ (~ab11 & ab21)
                a11 = ab11 ^ (~ab21 & ab31)
                a21 = ab21 ^ (~ab31 & ab41)
                a31 = ab31 ^ (~ab41 & ab01)
                a41 = ab41 ^ (~ab01 & ab11)
                let ab02 = rotated(e10 ^ ad1, 1)
                let ab12 = rotated(e21 ^ ad2, 6)
                let ab22 = rotated(e32 ^ ad3, 25)
                let ab32 = rotated(e43 ^ ad4, 8)
                let ab42 = rotated(e04 ^ ad0, 18)
                a02 = ab02 ^ (~ab12 & ab22)
                a12 = ab12 ^ (~ab22 & ab32)
                a22 = ab22 ^ (~ab32 & ab42)
                a32 = ab32 ^ (~ab42 & ab02)
                a42 = ab42 ^ (~ab02 & ab12)
                let ab03 = rotated(e40 ^ ad4, 27)
                let ab13 = rotated(e01 ^ ad0, 36)
                let ab23 = rotated(e12 ^ ad1, 10)
                let ab33 = rotated(e23 ^ ad2, 15)
                let ab43 = rotated(e34 ^ ad3, 56)
                a03 = ab03 ^ (~ab13 & ab23)
                a13 = ab13 ^ (~ab23 & ab33)
                a23 = ab23 ^ (~ab33 & ab43)
                a33 = ab33 ^ (~ab43 & ab03)
                a43 = ab43 ^ (~ab03 & ab13)
                let ab04 = rotated(e20 ^ ad2, 62)
                let ab14 = rotated(e31 ^ ad3, 55)
                let ab24 = rotated(e42 ^ ad4, 39)
                let ab34 = rotated(e03 ^ ad0, 41)
                let ab44 = rotated(e14 ^ ad1, 2)
                a04 = ab04 ^ (~ab14 & ab24)
                a14 = ab14 ^ (~ab24 & ab34)
                a24 = ab24 ^ (~ab34 & ab44)
                a34 = ab34 ^ (~ab44 & ab04)
                a44 = ab44 ^ (~ab04 & ab14)
                round += 2
            }
        }
        state[0] = a00
        state[1] = a10
        state[2] = a20
        state[3] = a30
        state[4] = a40
        state[5] = a01
        state[6] = a11
        state[7] = a21
        state[8] = a31
        state[9] = a41
        state[10] = a02
        state[11] = a12
        state[12] = a22
        state[13] = a32
        state[14] = a42
        state[15] = a03
        state[16] = a13
        state[17] = a23
        state[18] = a33
        state[19] = a43
        state[20] = a04
        state[21] = a14
        state[22] = a24
        state[23] = a34
        state[24] = a44
    }

    @inline(__always)
    private static func rotated(_ lane: UInt64, _ by: UInt64) -> UInt64 { lane &<< by | lane &>> (64 - by) }
}

private let roundConstants: [UInt64] = [
    0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808A,
    0x8000_0000_8000_8000, 0x0000_0000_0000_808B, 0x0000_0000_8000_0001,
    0x8000_0000_8000_8081, 0x8000_0000_0000_8009, 0x0000_0000_0000_008A,
    0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000A,
    0x0000_0000_8000_808B, 0x8000_0000_0000_008B, 0x8000_0000_0000_8089,
    0x8000_0000_0000_8003, 0x8000_0000_0000_8002, 0x8000_0000_0000_0080,
    0x0000_0000_0000_800A, 0x8000_0000_8000_000A, 0x8000_0000_8000_8081,
    0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
]
