// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks

extension SimnetBlock {
    /// The block as a node tells its observers.
    ///
    /// What a chain without miners and signers does not have is there, and empty.
    ///
    /// - Source: stacks-core, event observer, `POST /new_block`.
    func json(branch: Int, abi: (ContractIdentifier) -> JSON?) -> JSON {
        var events: [JSON] = []
        for mined in transactions {
            for event in mined.outcome.events {
                events.append(event.json(index: events.count, transaction: mined.id.hex))
            }
        }
        let cost: JSON = [
            "read_count": 0, "read_length": 0, "runtime": 0, "write_count": 0, "write_length": 0,
        ]
        let parentBurn = burnHeight > 0 ? burnHeight - 1 : 0
        return [
            "block_hash": .string(hash.hex), "block_height": .integer(height), "block_time": .integer(time),
            "burn_block_hash": .string(Self.burnHash(height: burnHeight, branch: branch).hex),
            "burn_block_height": .integer(burnHeight), "burn_block_time": .integer(time),
            "index_block_hash": .string(indexHash.hex), "parent_block_hash": .string(parentHash.hex),
            "parent_index_block_hash": .string(parentIndexHash.hex), "miner_txid": .string(Hash32.zero.hex),
            "parent_burn_block_hash": .string(Self.burnHash(height: parentBurn, branch: branch).hex),
            "parent_burn_block_height": .integer(parentBurn), "parent_burn_block_timestamp": .integer(time),
            "parent_microblock": .string(Hash32.zero.hex), "parent_microblock_sequence": 0,
            "matured_miner_rewards": [], "events": .array(events),
            "transactions": .array(
                transactions.enumerated().map { index, mined in mined.json(index: index, cost: cost, abi: abi) }),
            "anchored_cost": cost, "confirmed_microblocks_cost": cost, "pox_v1_unlock_height": 0,
            "pox_v2_unlock_height": 0, "pox_v3_unlock_height": 0, "signer_bitvec": "000000000000", "reward_set": .null,
            "cycle_number": .null, "tenure_height": .integer(tenure),
            "consensus_hash": .string(Hex.encode(Self.burnHash(height: burnHeight, branch: branch).bytes.prefix(20))),
            "signer_signature_hash": .string(hash.hex),
            "miner_signature": .string("0x" + String(repeating: "0", count: 130)), "signer_signature": [],
        ]
    }
}

extension SimnetBlock.Mined {
    fileprivate func json(index: Int, cost: JSON, abi: (ContractIdentifier) -> JSON?) -> JSON {
        var interface: JSON = .null
        if case .deploy(let deployment) = transaction.payload,
            let contract = ContractIdentifier(issuer: transaction.origin, name: deployment.name)
        {
            interface = abi(contract) ?? .null
        }
        return [
            "txid": .string(id.hex), "tx_index": .integer(index), "status": .string(outcome.status),
            "raw_result": .string(Hex.encode(outcome.result.encoded)),
            "raw_tx": .string(Hex.encode(transaction.encoded)), "contract_interface": interface,
            "contract_abi": interface, "burnchain_op": .null, "execution_cost": cost,
            "vm_error": outcome.fault.map { .string($0) } ?? .null, "microblock_sequence": .null,
            "microblock_hash": .null, "microblock_parent_hash": .null,
        ]
    }
}
