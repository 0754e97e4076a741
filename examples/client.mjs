// Needs nothing but Node 18. Usage: node client.mjs http://127.0.0.1:8080
import { createHmac } from 'node:crypto';

async function send(method, path, body, token) {
  const headers = { Accept: 'application/json', ...(body && { 'Content-Type': 'application/json' }),
                    ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(process.argv[2] + path, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error((await answer.json()).detail);
  return answer.json();
}

function totp(secret) {  // RFC 6238
  const bits = [...secret].map(c => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const digest = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map(b => parseInt(b, 2)))).update(step).digest();
  return String((digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

const username = `node-${process.pid}`;
const { challenge } = await send('POST', '/signup', { username, password: 'correct horse battery' });
const { secret } = await send('GET', `/generate-2fa/${username}`, undefined, challenge);
const { access_token: token } = await send('POST', '/verify-2fa', { challenge, code: totp(secret) });
console.log(await send('POST', '/products', { name: 'Lamp', price: '129.90', stock: 5 }, token));
console.log(await send('GET', '/products', undefined, token));
