# SPDX-License-Identifier: Apache-2.0
"""What recent blocks charged, as wallets ask before they choose a fee."""
from .block import effective_price
from .views import quantity

SUGGESTED_TIP = 10**9
MOST_BLOCKS = 1_024


def history(view, count, newest, percentiles):
    """The answer to `eth_feeHistory`."""
    last = newest.number
    first = max(0, last - min(count, MOST_BLOCKS) + 1)
    blocks = view.chain.blocks[first:last + 1] if count else []
    following = view.chain.base_fee() if last == len(view.chain.blocks) - 1 else view.chain.blocks[last + 1].base_fee
    shown = {
        "oldestBlock": quantity(first if count else 0),
        "baseFeePerGas": [quantity(block.base_fee) for block in blocks] + ([quantity(following)] if count else []),
        "gasUsedRatio": [block.gas_used / block.gas_limit for block in blocks],
        "baseFeePerBlobGas": ["0x1"] * (len(blocks) + 1 if count else 0), "blobGasUsedRatio": [0.0] * len(blocks)}
    if percentiles:
        shown["reward"] = [[quantity(tip) for tip in rewards(block, percentiles)] for block in blocks]
    return shown


def rewards(block, percentiles):
    """The tips at percentiles of a block's gas, zeros for an empty block."""
    tips = sorted((effective_price(pooled.transaction, block.base_fee) - block.base_fee, receipt.gas_used)
                  for pooled, receipt in zip(block.transactions, block.receipts))
    if not tips:
        return [0] * len(percentiles)
    found, index, used = [], 0, tips[0][1]
    for percentile in percentiles:
        threshold = block.gas_used * percentile / 100
        while used < threshold and index < len(tips) - 1:
            index += 1
            used += tips[index][1]
        found.append(tips[index][0])
    return found
