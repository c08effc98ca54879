# SPDX-License-Identifier: Apache-2.0
"""The table of methods: each is a function of node, view and parameters, with a reader for each parameter."""
from . import admission, bounded_json
from .errors import BadParameters

CLIENT = "farthing-devnet/1.0/executable-specification-2.20.0"
METHODS = {}


def answers(*names_and_readers):
    """Registers a function under the names that come first, with the readers that come after them."""
    names = [one for one in names_and_readers if isinstance(one, str)]
    readers = tuple(one for one in names_and_readers if not isinstance(one, str))

    def register(function):
        for name in names:
            METHODS[name] = function, readers
        return function

    return register


def read_transaction(chain, raw):
    return admission.read(chain.spec, raw, chain.chain_id, chain.arrivals)


def typed_data(value):
    """EIP-712 data as an object, or as the JSON text of one."""
    if isinstance(value, str):
        try:
            value = bounded_json.parse(value.encode())
        except ValueError:
            raise BadParameters("typed data is not JSON") from None
    if not isinstance(value, dict):
        raise BadParameters("typed data is not an object")
    return value
