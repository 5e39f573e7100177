// An application: resolves its credentials by the SDK's default provider chain, once more for each line it reads. It keeps
// one provider for its life, as a client of the SDK does, so that a renewal is the SDK's own doing.
import { createInterface } from 'node:readline';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';

const provide = fromNodeProviderChain();

async function resolve(): Promise<void> {
  try {
    const { accessKeyId } = await provide();
    process.stdout.write(`${accessKeyId}\n`);
  } catch (error) {
    process.stdout.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

await resolve();
createInterface({ input: process.stdin }).on('line', () => void resolve());
