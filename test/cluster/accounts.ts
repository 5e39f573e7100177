/** The service accounts that the tests of the webhook create pods of. */
import { cluster } from './hooks.ts';

/** The role that annotated accounts name. */
export const roleArn = 'arn:aws:iam::111122223333:role/app';

const prefix = 'eks.amazonaws.com';

/** Creates `with-role`, `without-role` and `with-slip`, whose token expiration is no number. */
export async function createAccounts(namespace: string): Promise<void> {
  await createAccount(namespace, 'with-role', { 'role-arn': roleArn });
  await createAccount(namespace, 'without-role', {});
  await createAccount(namespace, 'with-slip', { 'role-arn': roleArn, 'token-expiration': '1 day' });
}

/** Creates an account with annotations, whose names are without their prefix. */
export async function createAccount(namespace: string, name: string, values: Record<string, string>): Promise<void> {
  const annotations = Object.fromEntries(Object.entries(values).map(([key, value]) => [`${prefix}/${key}`, value]));
  await cluster().create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name, annotations } });
}
