// Needs nothing but Node 18. Usage: node client.mjs URL NAME [sign-up]
//
// Asks for the password and the code, or takes INTEGRITY_PASSWORD and makes the code of INTEGRITY_TOTP_SECRET. `sign-up`, once,
// opens the account and shows that secret, for an authenticator.
import { createHmac } from 'node:crypto';
import { createInterface } from 'node:readline/promises';

const [url, username, signUp] = process.argv.slice(2);
if (!username) end('Usage: node client.mjs URL NAME [sign-up]');

function end(message) {
  console.error(message);
  process.exit(1);
}

async function send(method, path, body, token) {
  const headers = { Accept: 'application/json', ...(body && { 'Content-Type': 'application/json' }),
                    ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) })
    .catch(failure => end(`${url} does not answer: ${failure.cause?.code ?? failure.message}`));
  if (answer.ok) return answer.json();
  const { detail, errors = [] } = await answer.json();
  end([detail, ...errors.map(each => `${each.pointer ?? each.parameter} ${each.detail}`)].join('\n  '));
}

async function ask(what) {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const said = await terminal.question(`${what}: `);
  terminal.close();
  return said;
}

function totp(secret) {  // RFC 6238
  const bits = [...secret].map(c => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const digest = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map(b => parseInt(b, 2)))).update(step).digest();
  return String((digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

// Money is counted in whole ten-thousandths: exact. A double holds each price (15 digits), but not the sum of two.
const units = price => BigInt(Math.round(price * 1e4));
const decimal = units => `${units / 10000n}.${String(units % 10000n).padStart(4, '0').replace(/0{1,2}$/, '')}`;

const password = process.env.INTEGRITY_PASSWORD ?? await ask('Password');
const first = await send('POST', signUp === 'sign-up' ? '/signup' : '/login', { username, password });
let secret = process.env.INTEGRITY_TOTP_SECRET;
if (first.next === 'enrol') {
  ({ secret } = await send('GET', first.qr, undefined, first.challenge));
  console.log(`Secret for your authenticator: ${secret}`);
}
const code = secret ? totp(secret) : await ask('Code');
const second = await send('POST', '/verify-2fa', { challenge: first.challenge, code });
for (const each of second.recovery_codes ?? []) console.log(`Recovery code: ${each}`);
const token = second.access_token;  // for ten minutes; refresh_token, beside it, gets the next one
await send('POST', '/products', { name: 'Lamp', price: decimal(1299000n), stock: 5 }, token);
const products = await send('GET', '/products', undefined, token);
for (const each of products) console.log(each.name, decimal(units(each.price)), each.currency, each.stock);
console.log('In all:', decimal(products.reduce((sum, each) => sum + units(each.price) * BigInt(each.stock), 0n)));
