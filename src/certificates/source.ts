// What every source of the serving pair gives the server.

/** A certificate chain and its key, in PEM. */
export type ServingPair = { readonly cert: string; readonly key: string };

/** A serving pair that is kept up to date. */
export type CertificateSource = {
  /** The pair to serve now. */
  readonly pair: () => ServingPair;
  /** When the first certificate of that pair ends; undefined before there is one that anybody could verify. */
  readonly notAfter: () => Date | undefined;
  /** The same of the authority that signed it; absent where that is nobody's business here. */
  readonly authorityNotAfter?: () => Date | undefined;
  /** Tells `use` of each later pair, one that can serve; there is one follower. */
  readonly follow: (use: (pair: ServingPair) => void) => void;
  /** Returns undefined when callers can verify what is served, else why not, in one line. */
  readonly notReady: () => string | undefined;
  /** Ends whatever keeps the pair up to date. */
  readonly close: () => Promise<void>;
};
