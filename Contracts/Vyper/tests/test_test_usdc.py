# SPDX-License-Identifier: Apache-2.0
"""The token of the tests does what USDC does, as far as contracts here rely on it."""
import pytest

from harness import Account, compact, deploy, domain, malleated, refused, typed

PERMIT = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
WORDS = "(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
BYTES_FORM = "address,address,uint256,uint256,uint256,bytes32,bytes"
WORD_FORM = "address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32"
NONCE = b"\x07" * 32


@pytest.fixture
def token(chain, accounts):
    token = deploy(chain, "TestUSDC", "USDC", "USDC", "2", 6)
    token.separator = domain("USDC", "2", chain.id, token.address)
    token.send(accounts["payer"], "mint", accounts["payer"], 1_000)
    return token


def split(signature):
    return signature[64], signature[:32], signature[32:64]


def test_names_and_domain(token):
    assert [token.call(name) for name in ("name", "symbol", "version", "decimals")] == ["USDC", "USDC", "2", 6]
    assert token.call("DOMAIN_SEPARATOR") == token.separator


def test_transfers_and_allowances(token, accounts):
    payer, payee, relay = (accounts[name] for name in ("payer", "payee", "relay"))
    token.send(payer, "transfer", payee, 100)
    token.send(payer, "approve", relay, 50)
    token.send(relay, "transferFrom", payer, payee, 20)
    assert token.call("allowance", payer, relay) == 30
    assert (token.call("balanceOf", payer), token.call("balanceOf", payee)) == (880, 120)
    with refused("Error", "ERC20: transfer amount exceeds allowance"):
        token.send(relay, "transferFrom", payer, payee, 31)
    with refused("Error", "ERC20: transfer amount exceeds balance"):
        token.send(payer, "transfer", payee, 881)
    token.send(payer, "approve", relay, 2**256 - 1)
    token.send(relay, "transferFrom", payer, payee, 20)
    assert token.call("allowance", payer, relay) == 2**256 - 1


@pytest.mark.parametrize("form", ["bytes", "words"])
def test_permits(token, chain, accounts, form):
    payer, relay = accounts["payer"], accounts["relay"]
    signature = payer.sign(typed(token.separator, PERMIT, payer, relay, 5, 0, chain.timestamp + 99))
    parts = [signature] if form == "bytes" else split(signature)
    with refused("Error", "EIP2612: invalid signature"):
        token.send(relay, "permit", payer, relay, 6, chain.timestamp + 99, *parts)
    chain_time = chain.timestamp
    deadline = chain_time - 12 + 99  # a refusal took a block
    token.send(relay, "permit", payer, relay, 5, deadline, *parts)
    assert (token.call("allowance", payer, relay), token.call("nonces", payer)) == (5, 1)
    with refused("Error", "FiatTokenV2: permit is expired"):
        token.send(relay, "permit", payer, relay, 5, 7, *parts)


@pytest.mark.parametrize("kind", ["TransferWithAuthorization", "ReceiveWithAuthorization"])
@pytest.mark.parametrize("form", [BYTES_FORM, WORD_FORM])
def test_authorizations(token, chain, accounts, kind, form):
    payer, payee, relay = (accounts[name] for name in ("payer", "payee", "relay"))
    function = f"{kind[0].lower()}{kind[1:]}({form})"
    sender = payee if kind.startswith("Receive") else relay

    def attempt(signer=payer, amount=5, after=0, before=2**40, bend=lambda signature: signature, by=sender):
        signature = bend(signer.sign(typed(token.separator, kind + WORDS, payer, payee, 5, after, before, NONCE)))
        parts = [signature] if form == BYTES_FORM else split(signature)
        return token.send(by, function, payer, payee, amount, after, before, NONCE, *parts)

    with refused("Error", "FiatTokenV2: invalid signature"):
        attempt(signer=relay)
    with refused("Error", "FiatTokenV2: invalid signature"):
        attempt(amount=6)
    with refused("Error", "FiatTokenV2: invalid signature"):
        attempt(bend=malleated)
    with refused("Error", "FiatTokenV2: authorization is not yet valid"):
        attempt(after=2**39)
    with refused("Error", "FiatTokenV2: authorization is expired"):
        attempt(before=5)
    if sender is payee:
        with refused("Error", "FiatTokenV2: caller must be the payee"):
            attempt(by=relay)
    assert [name for name, _ in token.logged(attempt())] == ["AuthorizationUsed", "Transfer"]
    assert token.call("balanceOf", payee) == 5 and token.call("authorizationState", payer, NONCE)
    with refused("Error", "FiatTokenV2: authorization is used or canceled"):
        attempt()


def test_a_cancelled_authorization_is_used_up(token, accounts):
    payer, relay = accounts["payer"], accounts["relay"]
    signature = payer.sign(typed(
        token.separator, "CancelAuthorization(address authorizer,bytes32 nonce)", payer, NONCE))
    with refused("Error", "FiatTokenV2: invalid signature"):
        token.send(relay, "cancelAuthorization", payer, NONCE, malleated(signature))
    token.send(relay, "cancelAuthorization", payer, NONCE, *split(signature))
    assert token.call("authorizationState", payer, NONCE)


def test_an_unknown_function_is_refused(token, accounts):
    outcome = token.chain.send(accounts["relay"].address, token.address, b"\x12\x34\x56\x78" + bytes(288))
    assert not outcome.succeeded


def test_the_two_words_of_a_signature(accounts):
    signature = Account("somebody").sign(b"\x01" * 32)
    r, vs = compact(signature)
    assert r == signature[:32] and vs >> 255 == signature[64] - 27
