// Uses the client that openapi-generator generates for TypeScript (fetch). Arguments: URL, access token, prices.
import { Configuration, ProductsApi } from './generated/index';

const [url, accessToken, ...prices] = process.argv.slice(2);
const products = new ProductsApi(new Configuration({ basePath: url, accessToken }));
for (const text of prices) {
  for (const price of [Number(text), text]) {
    const productCreation = { name: 'Lamp', price, stock: 9007199254740991 };
    const made = await products.createProduct({ productCreation });
    const read = await products.getProduct({ pid: made.id });
    console.log(`${read.price} ${read.stock}`);
  }
}
