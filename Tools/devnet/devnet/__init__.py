# SPDX-License-Identifier: Apache-2.0
"""Farthing's local EVM chain, on the Ethereum executable specification."""
