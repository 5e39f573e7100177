// The measure of the benchmark: node:https that parses each body and gives the answer of its path with the UID that came.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { asArray, asObject } from '../../src/identity/json.ts';

const [keyPath = '', certPath = '', answersPath = ''] = process.argv.slice(2);
const document: unknown = JSON.parse(readFileSync(answersPath, 'utf8'));
/** The answer of the path `/0`, of `/1`, and so on. */
const answers = (asArray(document) ?? []).map((answer) => asObject(answer));

const server = createServer({ key: readFileSync(keyPath), cert: readFileSync(certPath) }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const review = asObject(JSON.parse(Buffer.concat(chunks).toString()));
    const uid = asObject(review?.['request'])?.['uid'];
    const answer = answers[Number(request.url?.slice(1))];
    const body = JSON.stringify({ ...answer, response: { ...asObject(answer?.['response']), uid } });
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) process.stdout.write(`${String(address.port)}\n`);
});
