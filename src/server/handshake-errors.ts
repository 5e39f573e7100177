// Names why TLS handshakes fail, in words of our own: what OpenSSL says depends on what strangers send.

/** Why a handshake failed. `certificate_refused`: the caller does not trust what is served. */
export const handshakeErrorReasons = [
  'certificate_refused',
  'closed',
  'incompatible',
  'not_tls',
  'other',
  'timeout',
] as const;

/** One of {@link handshakeErrorReasons}. */
export type HandshakeErrorReason = (typeof handshakeErrorReasons)[number];

/** Node's code of a handshake that was not over in time. */
export const handshakeTimeoutCode = 'ERR_TLS_HANDSHAKE_TIMEOUT';

const patterns: readonly (readonly [HandshakeErrorReason, RegExp])[] = [
  ['timeout', /^ERR_TLS_HANDSHAKE_TIMEOUT$/],
  ['closed', /^(?:ECONNRESET|EPIPE)$/],
  ['certificate_refused', /ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA)$/],
  [
    'incompatible',
    /UNSUPPORTED_PROTOCOL|NO_SHARED_CIPHER|NO_SHARED_GROUP|VERSION_TOO_LOW|NO_SUITABLE_|PROTOCOL_VERSION$/,
  ],
  ['not_tls', /HTTP_REQUEST|HTTPS_PROXY_REQUEST|WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE/],
];

/** Returns the reason that a code of Node or OpenSSL stands for. */
export function handshakeErrorReason(code: string): HandshakeErrorReason {
  return patterns.find(([, pattern]) => pattern.test(code))?.[0] ?? 'other';
}
