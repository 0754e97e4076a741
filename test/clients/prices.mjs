// Validates the prices on standard input, one on each line, with ajv against the schemas in two files. Prints what fails.
import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';

const ajv = new Ajv({ strict: false });
const schemas = process.argv.slice(2).map(file => ajv.compile(JSON.parse(readFileSync(file, 'utf8'))));
let read = 0;
for (const line of readFileSync(0, 'utf8').trim().split('\n')) {
  const price = JSON.parse(line);
  if (!schemas.every(accepts => accepts(price))) console.log(`refused ${line}`);
  if (JSON.stringify(price) !== JSON.stringify(Number(line))) console.log(`changed ${line}`);
  ++read;
}
console.log(`read ${read}`);
