// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.
