// The limits that every connection is under.

/** Time limits, as Node's HTTP server takes them. */
export const connectionLimits = {
  /** The API server keeps idle connections for 90 s (client-go transport); who closes first loses calls. */
  keepAliveTimeout: 95_000,
  /**
   * Counts from the opening of a connection, and Go's client opens some ahead of need: not shorter than the 30 s that
   * the API server waits at most. controller-runtime has the same (its answer to slowloris).
   */
  headersTimeout: 32_000,
  /** The API server waits 30 s at most for a webhook; the reserve is for a slow way. */
  requestTimeout: 35_000,
  /** How often the two limits above are looked at; the default of 30 s would make them three times as long. */
  connectionsCheckingInterval: 1_000,
};

/** The API server gives up a handshake after 10 s. */
export const handshakeTimeoutMs = 5_000;

/** Connections of a port whose owner does not say. */
export const usualMaxConnections = 2_000;

/** Connections of the metrics port: a few scrapers, kubelets and port-forwards. */
export const maxMetricsConnections = 100;
