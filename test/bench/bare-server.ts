// The measure of the benchmark: node:https that parses each body and gives every caller the same answer.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { asObject } from '../../src/identity/json.ts';

const [keyPath = '', certPath = '', answerPath = ''] = process.argv.slice(2);
const answer = asObject(JSON.parse(readFileSync(answerPath, 'utf8')));

const server = createServer({ key: readFileSync(keyPath), cert: readFileSync(certPath) }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const review = asObject(JSON.parse(Buffer.concat(chunks).toString()));
    const uid = asObject(review?.['request'])?.['uid'];
    const body = JSON.stringify({ ...answer, response: { ...asObject(answer?.['response']), uid } });
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) process.stdout.write(`${String(address.port)}\n`);
});
process.once('SIGTERM', () => {
  server.closeAllConnections();
  server.close();
});
