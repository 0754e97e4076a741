"""Uses the client that openapi-python-client generates. Arguments: URL, access token, prices."""

import sys

from integrity import AuthenticatedClient
from integrity.api.products import create_product, get_product
from integrity.models import ProductCreation

client = AuthenticatedClient(sys.argv[1], sys.argv[2], raise_on_unexpected_status=True)
for text in sys.argv[3:]:
    for price in (float(text), text):
        body = ProductCreation("Lamp", price, 9007199254740991)
        made = create_product.sync(client=client, body=body)
        read = get_product.sync(made.id, client=client)
        print(repr(read.price), read.stock)
