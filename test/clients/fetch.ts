// Uses the types that openapi-typescript generates, and openapi-fetch. Arguments: URL, access token, prices.
import createClient from 'openapi-fetch';
import type { paths } from './schema';

const [url, token, ...prices] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });
for (const text of prices) {
  for (const price of [Number(text), text]) {
    const made = await client.POST('/products', { body: { name: 'Lamp', price, stock: 9007199254740991 } });
    if (!made.data) throw new Error(made.error.detail);
    const read = await client.GET('/products/{pid}', { params: { path: { pid: made.data.id } } });
    if (!read.data) throw new Error('not there');
    console.log(`${read.data.price} ${read.data.stock}`);
  }
}
