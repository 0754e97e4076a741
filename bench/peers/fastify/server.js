// Products on fastify and SQLite, as a developer would write them by hand. The inserts of all requests that arrive in
// one turn of the event loop share a commit. There is no history, search, version or second index.
//
//     node server.js PORT DATABASE SECRET        tokens are HS256 with SECRET
import { randomBytes } from 'node:crypto';
import Database from 'better-sqlite3';
import { createVerifier } from 'fast-jwt';
import Fastify from 'fastify';

const [port, file, secret] = process.argv.slice(2);

const database = new Database(file);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.exec(`CREATE TABLE IF NOT EXISTS products
  (id TEXT PRIMARY KEY, name TEXT, description TEXT, price REAL, stock INTEGER)`);
const select = database.prepare('SELECT id, name, description, price, stock FROM products WHERE id = ?');
const insert = database.prepare('INSERT INTO products VALUES (@id, @name, @description, @price, @stock)');
const insertAll = database.transaction((products) => products.forEach((product) => insert.run(product)));

let waiting = [];

function commitWaiting() {
  const group = waiting;
  waiting = [];
  try {
    insertAll(group.map(({ product }) => product));
    group.forEach(({ resolve }) => resolve());
  } catch (error) {
    group.forEach(({ reject }) => reject(error));
  }
}

/** Resolves when the product is on disk. */
function commit(product) {
  return new Promise((resolve, reject) => {
    if (waiting.push({ product, resolve, reject }) === 1) setImmediate(commitWaiting);
  });
}

const fields = {
  name: { type: 'string', minLength: 1, maxLength: 200 },
  description: { type: 'string', maxLength: 4000 },
  price: { type: 'number', minimum: 0 },
  stock: { type: 'integer', minimum: 0 },
};
const required = ['name', 'price', 'stock'];
const newProduct = { type: 'object', required, additionalProperties: false, properties: fields };
const product = { type: 'object', properties: { id: { type: 'string' }, ...fields } };

const verify = createVerifier({ key: secret, algorithms: ['HS256'], cache: true });
const app = Fastify({ logger: false });

app.addHook('onRequest', async (request, reply) => {
  try {
    verify((request.headers.authorization ?? '').replace(/^Bearer /, ''));
  } catch {
    return reply.code(401).send({ error: 'not signed in' });
  }
});

app.post('/products', { schema: { body: newProduct, response: { 201: product } } }, async (request, reply) => {
  const made = { id: randomBytes(12).toString('hex'), description: '', ...request.body };
  await commit(made);
  return reply.code(201).send(made);
});

app.get('/products/:id', { schema: { response: { 200: product } } }, async (request, reply) => {
  return select.get(request.params.id) ?? reply.code(404).send({ error: 'not found' });
});

await app.listen({ host: '127.0.0.1', port: Number(port) });
