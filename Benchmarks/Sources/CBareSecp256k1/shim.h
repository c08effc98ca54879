// SPDX-License-Identifier: Apache-2.0
// The system's libsecp256k1, as the anchors call it: from C, with nothing of ours in between.
#include <secp256k1.h>
#include <secp256k1_recovery.h>
