// An application: resolves its credentials by the SDK's default provider chain, once more for each line it reads.
import { createInterface } from 'node:readline';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';

async function resolve(): Promise<void> {
  try {
    const { accessKeyId } = await fromNodeProviderChain()();
    process.stdout.write(`${accessKeyId}\n`);
  } catch (error) {
    process.stdout.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

await resolve();
createInterface({ input: process.stdin }).on('line', () => void resolve());
