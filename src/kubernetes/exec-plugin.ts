// What client-go does around a kubeconfig's exec plugin and client-node does not.

import { resolve } from 'node:path';
import { isRecord } from './kubeconfig-document.ts';

/**
 * Returns a user's `exec` for client-node: a command with a slash is relative to the kubeconfig's folder (clientcmd
 * loader.go), and the plugin is told which version to speak and that nobody sits here (client-go exec.go). Cluster
 * information (provideClusterInfo) is not given.
 */
export function prepareExecPlugin(exec: unknown, folder: string): unknown {
  if (!isRecord(exec)) return exec;
  const { command, env, apiVersion } = exec;
  const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } };
  const variables: unknown[] = Array.isArray(env) ? env : [];
  return {
    ...exec,
    command: typeof command === 'string' && command.includes('/') ? resolve(folder, command) : command,
    env: [...variables, { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }],
  };
}

/**
 * Returns why client-node got no credential, without telling one: JSON.parse quotes the plugin's output, so a
 * SyntaxError's message is left out, and a message made of its stderr loses every word long enough to be a token.
 */
export function credentialFault(error: unknown): string {
  if (error instanceof SyntaxError || error instanceof TypeError) {
    return "an exec plugin's output that is no ExecCredential in JSON";
  }
  const text = error instanceof Error ? error.message : '';
  const words = text.replaceAll(/[\w.~+=-]{40,}/g, '[removed]').replaceAll(/\s+/g, ' ');
  return words.trim().slice(0, 500) || 'an exec plugin that failed without a word';
}
